"""The seam between two streams: nothing is said twice, nothing is lost, and parts stay in their order."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from jackfield import Delta, Finished, PartEnded, PartStarted, Restarted, Started, Text, TextDelta
from jackfield.seam import Seam, repeated

RESTARTED = Restarted("beta", "it broke", "continue")


def stream(text: str, sizes: list[int], ends: bool) -> list[list[Delta]]:
    """Write the deltas of a text in pieces."""
    found: list[list[Delta]] = [[Started("id"), PartStarted(0, 0, Text(text=""))]]
    while text:
        size = sizes.pop() if sizes else len(text)
        found.append([TextDelta(0, 0, text[:size])])
        text = text[size:]
    return [*found, [PartEnded(0, 0), Finished(0, "stop")]] if ends else found


def sewn(first: str, second: str, sizes: list[int]) -> list[Delta]:
    """Sew two streams together."""
    seam = Seam()
    out = [delta for batch in stream(first, [*sizes], False) for delta in seam.take(batch)]
    out += seam.restart(RESTARTED, True) if seam.has_spoken else []
    out += [delta for batch in stream(second, [*sizes], True) for delta in seam.take(batch)]
    return out + seam.end()


def text_of(deltas: list[Delta]) -> str:
    return "".join(delta.text for delta in deltas if isinstance(delta, TextDelta))


words = st.lists(st.sampled_from(["one", "two", "cat", "dog", "sat", "on", "naïve", "数字"]), min_size=1, max_size=12)
sizes = st.lists(st.integers(1, 9), max_size=12)


@given(said=words, rest=words, back=st.integers(0, 12), sizes=sizes)
def test_what_is_repeated_is_said_once(said: list[str], rest: list[str], back: int, sizes: list[int]) -> None:
    first = " ".join(said)
    overlap = first[len(first) - min(back, len(first)) * 3 :] if back else ""
    second = overlap + " ".join(["", *rest])
    found = text_of(sewn(first, second, sizes))
    assert found.startswith(first)
    assert found.endswith(rest[-1])
    assert found == first + second[repeated(first, second) :]
    if len(overlap.strip()) >= 6:
        assert len(found) <= len(first) + len(second) - len(overlap.strip())


@given(first=st.text(min_size=1, max_size=60), second=st.text(max_size=60), sizes=sizes)
def test_nothing_is_lost_that_is_not_repeated(first: str, second: str, sizes: list[int]) -> None:
    found = text_of(sewn(first, second, sizes))
    expected = second[repeated(first, second) :]
    assert found == first + (expected.lstrip() if first[-1].isspace() else expected)


@given(first=words, second=words, sizes=sizes)
def test_parts_start_and_end_in_their_order(first: list[str], second: list[str], sizes: list[int]) -> None:
    opened: list[int] = []
    ended: list[int] = []
    for delta in sewn(" ".join(first), " ".join(second), sizes):
        if isinstance(delta, PartStarted):
            opened.append(delta.part)
        elif isinstance(delta, PartEnded):
            ended.append(delta.part)
    assert opened == ended == [0, 1]


def test_a_short_overlap_is_chance_and_a_long_one_is_not() -> None:
    assert repeated("ha ha", "ha ha ha") == 0
    assert repeated("The cat sat on the ", "sat on the mat") == len("sat on the")
    assert repeated("The cat sat", " The cat sat on") == len(" The cat sat")
    assert repeated("", "anything") == 0
