"""What the script says: words of many scripts, and tokens of about four characters, which are what usage counts."""

from __future__ import annotations

from functools import cache
from importlib.resources import files
from random import Random

CHARACTERS_PER_TOKEN = 4
MOST_WORDS = 400


@cache
def vocabulary() -> tuple[tuple[str, ...], ...]:
    """Return the lines of words.txt, each the words of one script."""
    lines = files(__package__).joinpath("words.txt").read_text(encoding="utf-8").splitlines()
    return tuple(tuple(line.partition(":")[2].split()) for line in lines if line)


def text(rng: Random, most: int = MOST_WORDS) -> str:
    """Write 1 to `most` words, short texts as often as long ones, in one to four scripts."""
    count = max(1, round(most ** rng.random()))
    scripts = [vocabulary()[0], *rng.sample(vocabulary(), rng.randint(0, 3))]
    sentences: list[str] = []
    while count > 0:
        length = min(count, rng.randint(3, 14))
        sentences.append(" ".join(rng.choices(rng.choice(scripts), k=length)) + rng.choice(".!?…"))
        count -= length
    return "".join(sentence + rng.choice((" ", " ", " ", "\n", "\n\n")) for sentence in sentences).rstrip()


def word(rng: Random) -> str:
    """Give one word of any script."""
    return rng.choice(rng.choice(vocabulary()))


def tokens(written: str) -> list[str]:
    """Cut a text into its tokens; joined they are the text."""
    return [written[at : at + CHARACTERS_PER_TOKEN] for at in range(0, len(written), CHARACTERS_PER_TOKEN)]


def count(written: str) -> int:
    """Count the tokens of a text."""
    return -(-len(written) // CHARACTERS_PER_TOKEN)


def cut(written: str, most: int) -> str:
    """Keep at most so many tokens of a text."""
    return written[: most * CHARACTERS_PER_TOKEN]


def pieces(written: str, rng: Random) -> list[str]:
    """Cut a text into pieces of varied size; a piece never ends inside of a code point."""
    found: list[str] = []
    at = 0
    while at < len(written):
        size = rng.choice((1, rng.randint(2, 6), rng.randint(5, 25), rng.randint(20, 90)))
        found.append(written[at : at + size])
        at += size
    return found
