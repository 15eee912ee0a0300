"""Level 2: answers are read, whole and streamed, cut anywhere, and never taken for more than they are."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, get_args

import pytest

from jackfield import (
    ChatRequest,
    ChatResponse,
    Exchange,
    FinishReason,
    JackfieldError,
    ProviderError,
    StreamInterrupted,
    ToolCall,
)
from jackfield.assembly import Assembler, unroll

from ._answers import made, route_of
from ._reading import Answer, Reading, broken_order, cut, described, read, said
from ._recorded import Recorded, cassettes
from ._report import Findings, shown, unlike
from ._subject import declares, once
from ._translation import Translation

_SIZES = (1, 2, 3, 7, 64)
#: Streams are cut in two at every byte below this.
_EVERY = 1024
#: Places at which a stream is ended early, spread over its length, besides every one of its last bytes.
_ENDS, _LAST = 40, 80


class Answers(Translation):
    """What comes back: from cassettes, and as the dialect's own serving side writes the kit's answers."""

    @classmethod
    def recordings(cls) -> Iterator[Recorded]:
        """Yield recorded exchanges: those of the cassettes. Override it to read another form."""
        if cls.cassettes is not None:
            yield from cassettes(cls.cassettes)

    def _recorded(self) -> list[tuple[Exchange, Answer]]:
        """Return the recorded chats that this board reads, each with an exchange that asks the same."""
        return _opened_recordings(type(self))

    def _good(self, stream: bool | None = None) -> list[tuple[Exchange, Answer]]:
        """Return every good answer, recorded and made; skips the test where there is none."""
        rows = [
            (exchange, answer)
            for exchange, answer in [*self._recorded(), *_made(type(self))]
            if answer.status < 400 and stream in (None, answer.stream)
        ]
        if not rows:
            kind = "streams" if stream else "answers"
            pytest.skip(f"no {kind}: give cassettes, or a dialect with a serving side")
        return rows

    def test_answers_are_read(self) -> None:
        """Every good answer becomes a response with a choice; deltas of a stream come in their order."""
        findings = Findings("test_answers_are_read")
        for exchange, answer in self._good():
            found = read(exchange, answer)
            hook = "stream_decoder" if answer.stream else "normalize_response"
            if isinstance(found.error, JackfieldError) and answer.stream and found.response is not None:
                continue  # an error in a stream that began well
            if found.error is not None or found.response is None:
                findings.add(hook, answer.name, found.outcome)
                continue
            findings.unless(found.response.choices, hook, answer.name, "has no choice")
            for row in broken_order(found.deltas):
                findings.add(hook, answer.name, row)
        findings.check()

    def test_finish_reasons_are_known(self) -> None:
        """A finish reason is a word of ours, the provider's own is kept, and calls end as tool calls."""
        findings = Findings("test_finish_reasons_are_known")
        for exchange, answer in self._good():
            if (found := read(exchange, answer)).response is None or found.error is not None:
                continue
            for choice in found.response.choices:
                reason, raw = choice.finish_reason, choice.raw_finish_reason
                hook = "stream_decoder" if answer.stream else "normalize_response"
                findings.unless(reason in get_args(FinishReason), hook, answer.name, f"{reason!r} is no finish reason")
                if reason == "unknown" and raw:  # a provider that gives no reason leaves it unknown
                    findings.add(hook, answer.name, f"the finish reason {raw!r} is unknown")
                if choice.message.tool_calls and reason == "stop":
                    findings.add(hook, answer.name, "calls tools, and finishes as 'stop'; that is 'tool_calls'")
        findings.check()

    def test_calls_can_be_answered(self) -> None:
        """Every call has a name, arguments that are JSON where the answer is whole, and an id of its own."""
        findings = Findings("test_calls_can_be_answered")
        seen = 0
        for exchange, answer in self._good():
            if (found := read(exchange, answer)).response is None or found.error is not None:
                continue
            for choice in found.response.choices:
                calls = [part for part in choice.message.parts if isinstance(part, ToolCall)]
                seen += len(calls)
                ids = [call.id for call in calls]
                if len(calls) > 1 or ids != [None]:  # the single call of old formats has none
                    findings.unless(all(ids), "normalize", answer.name, f"a call has no id: {ids}")
                    findings.unless(
                        len(set(ids)) == len(ids), "normalize", answer.name, f"two calls share an id: {ids}"
                    )
                for call in calls:
                    findings.unless(call.name, "normalize", answer.name, "a call has no name")
                    if choice.finish_reason == "tool_calls" and call.kind == "function" and not _is_json(call):
                        findings.add("normalize", answer.name, f"arguments are no JSON text: {shown(call.arguments)}")
        if not seen:
            pytest.skip("no answer calls a tool")
        findings.check()

    def test_usage_adds_up(self) -> None:
        """Input includes what was cached, output what was thought; parts are never more than the whole."""
        findings = Findings("test_usage_adds_up")
        seen = 0
        for exchange, answer in self._good():
            response = read(exchange, answer).response
            if response is None or (usage := response.usage) is None:
                continue
            seen += 1
            counts = usage.counts
            for name, count in counts.items():
                parent = name.partition(".")[0]
                findings.unless(count >= 0, "usage_items", answer.name, f"{name} is {count}")
                if "." in name and parent in counts:
                    less = count <= counts[parent]
                    findings.unless(
                        less, "usage_items", answer.name, f"{name} {count} is more than {parent} {counts[parent]}"
                    )
            for parent in ("input", "output"):
                items = sum(item.count for item in usage.items if parent in item.tags and item.unit == "token")
                total = counts.get(parent, 0)
                findings.unless(
                    items == total, "usage_items", answer.name, f"items of {parent} sum to {items}, not {total}"
                )
        if not seen:
            pytest.skip("no answer states its usage")
        findings.check()

    def test_answers_say_what_was_said(self) -> None:
        """An answer that the dialect's serving side wrote is read with every text, call and finish reason."""
        findings = Findings("test_answers_say_what_was_said")
        rows = _sources(type(self))
        if not rows:
            pytest.skip(f"{self.spoken()} has no serving side; cassettes show what is read")
        for exchange, answer, response in rows:
            found = read(exchange, answer)
            hook = "stream_decoder" if answer.stream else "normalize_response"
            if found.response is None:
                findings.add(hook, answer.name, found.outcome)
                continue
            for row in unlike(_spoken(found.response), _spoken(response)):
                findings.add(hook, answer.name, row)
        findings.check()

    def test_stream_equals_whole(self) -> None:
        """The same answer, streamed and whole, is the same: texts, calls with their ids, reasons, states, usage.

        Pairs are the kit's own answers, and cassettes NAME.yaml and NAME-stream.yaml.
        """
        findings = Findings("test_stream_equals_whole")
        pairs = _pairs(type(self))
        if not pairs:
            pytest.skip("no answer is there both whole and streamed: give NAME.yaml and NAME-stream.yaml")
        for name, whole, stream in pairs:
            one, other = read(*whole), read(*stream)
            if one.response is None or other.response is None:
                findings.add("stream_decoder", name, f"whole {one.outcome}, streamed {other.outcome}")
                continue
            for row in unlike(described(other.response), described(one.response)):
                findings.add("stream_decoder", name, row)
        findings.check()

    def test_streams_may_be_cut_anywhere(self) -> None:
        """A stream in pieces of 1, 2, 3, 7 and 64 bytes, and cut in two at every byte, is the same stream."""
        findings = Findings("test_streams_may_be_cut_anywhere")
        rows = self._good(stream=True)
        for exchange, answer in rows:
            whole = read(exchange, answer)
            for size in _SIZES:
                found = read(exchange, answer, cut(answer.body, size))
                if row := _other(found, whole):
                    findings.add("stream_decoder", f"{answer.name} in pieces of {size}", row)
                    break
        exchange, answer = max(rows, key=lambda row: (len(row[1].body) < 4 * _EVERY, len(row[1].body)))
        whole = read(exchange, answer)
        for place in range(1, min(len(answer.body), _EVERY)):
            found = read(exchange, answer, (answer.body[:place], answer.body[place:]))
            if row := _other(found, whole):
                findings.add("stream_decoder", f"{answer.name} cut at byte {place}", row)
                break
        findings.check()

    def test_cut_streams_are_errors(self) -> None:
        """A stream that ends early is `StreamInterrupted` with what had come, never a shorter answer."""
        findings = Findings("test_cut_streams_are_errors")
        for exchange, answer in self._good(stream=True):
            whole = read(exchange, answer)
            if whole.error is not None or whole.response is None:
                continue
            size = len(answer.body)
            places = {*range(1, size, max(1, size // _ENDS)), *range(max(1, size - _LAST), size)}
            for place in sorted(places):
                found = read(exchange, answer, (answer.body[:place],))
                where = f"{answer.name} ended at byte {place} of {size}"
                if found.error is None and found.response is not None:
                    # what was said is whole without its usage, which is then unknown; it may not be another one
                    if found.response.usage is None:
                        found.response.usage = whole.response.usage
                    for row in unlike(described(found.response), described(whole.response))[:1]:
                        findings.add("stream_decoder", where, f"passes as an answer, and {row}")
                elif not isinstance(
                    found.error, StreamInterrupted if found.deltas else ProviderError | StreamInterrupted
                ):
                    findings.add("stream_decoder", where, f"is {found.outcome}; raise StreamInterrupted")
                elif found.deltas and found.response is None:
                    findings.add("stream_decoder", where, "what had come is lost")
        findings.check()

    def test_answers_assemble_from_deltas(self) -> None:
        """An answer unrolled into deltas and assembled again is the same answer."""
        findings = Findings("test_answers_assemble_from_deltas")
        for exchange, answer in self._good():
            if (response := read(exchange, answer).response) is None:
                continue
            assembler = Assembler()
            assembler.extend(list(unroll(response)))
            for row in unlike(said(assembler.response()), said(response)):
                findings.add("stream_decoder", answer.name, row)
        findings.check()


def _is_json(call: ToolCall) -> bool:
    try:
        call.parsed_arguments()
    except ValueError:
        return False
    return True


def _other(found: Reading, whole: Reading) -> str:
    """Say how a reading differs from another of the same bytes; empty where it does not."""
    if type(found.error) is not type(whole.error):
        return f"{found.outcome}, not {whole.outcome}"
    if found.deltas != whole.deltas:
        return "its deltas differ"
    return ""


def _spoken(response: ChatResponse) -> list[dict[str, Any]]:
    """Write what is said; ids of calls are a format's own where it has none."""
    rows = said(response)
    for row in rows:
        row["calls"] = [(name, arguments) for _, name, arguments, _ in row["calls"]]
    return rows


@once
def _sources(subject: type[Answers]) -> list[tuple[Exchange, Answer, ChatResponse]]:
    """Write the kit's answers by the dialect alone, and open an exchange of the provider for each."""
    if not subject.answers_as_dialect:
        return []
    speaker = subject.boards().dialect(subject.spoken())
    models = subject.models()
    model = next((model for model in models if declares(model, "tools")), models[0])
    rows = []
    for stream in (False, True):
        for request, response, answer in made(speaker, model.id, stream):
            bare = request.model_copy(update={"tools": None, "response_format": None})
            exchange = subject.opened_or_none(request) or subject.opened_or_none(bare)
            if exchange is not None:
                rows.append((exchange, answer, response))
    return rows


def _made(subject: type[Answers]) -> list[tuple[Exchange, Answer]]:
    return [(exchange, answer) for exchange, answer, _ in _sources(subject)]


@once
def _opened_recordings(subject: type[Answers]) -> list[tuple[Exchange, Answer]]:
    board = subject.board()
    rows = []
    for recorded in subject.recordings():
        request = ChatRequest(model=subject.model_for().id, messages="kit", stream=recorded.answer.stream or None)
        try:
            found = board.parse_request(recorded.request, route_of(board, recorded.request, recorded.answer.stream))
            if isinstance(found, ChatRequest):
                request = found.model_copy(update={"stream": recorded.answer.stream or None})
        except JackfieldError:
            pass
        if (exchange := subject.opened_or_none(request)) is not None:
            rows.append((exchange, recorded.answer))
    return rows


def _pairs(subject: type[Answers]) -> list[tuple[str, tuple[Exchange, Answer], tuple[Exchange, Answer]]]:
    """Return answers that are there both whole and streamed."""
    rows = [*_opened_recordings(subject), *_made(subject)]
    named = {(answer.name, answer.stream): (exchange, answer) for exchange, answer in rows if answer.status < 400}
    pairs = []
    for (name, stream), whole in named.items():
        if stream:
            continue
        stem, bracket, number = name.partition("[")
        streamed = named.get((name, True)) or named.get((f"{stem}-stream{bracket}{number}", True))
        if streamed is not None:
            pairs.append((name, whole, streamed))
    return pairs
