"""Strings that match a regular expression: literals, classes, groups, alternation, repetition and anchors.

What is beyond that (lookaround, back references, Unicode properties, word boundaries) is refused, never guessed.
"""

from __future__ import annotations

import re
import string
import warnings
from functools import lru_cache
from random import Random

_CLASSES = {"d": string.digits, "w": string.ascii_letters + string.digits + "_", "s": " "}
_PRINTABLE = string.ascii_letters + string.digits + " !#$%&()*+,-./:;<=>?@[]^_{|}~"
_ESCAPES = {"n": "\n", "t": "\t", "r": "\r", "f": "\f", "v": "\v", "0": "\0"}
_MORE = 3
_LONGEST = 4000


class UnsupportedPattern(ValueError):
    """The expression uses what this generator does not know."""


def matching(pattern: str, rng: Random) -> str:
    """Write a string that matches.

    Raises:
        UnsupportedPattern: the expression is beyond this generator.
    """
    writer = _Writer(pattern, rng)
    written = writer.alternatives()
    if writer.at < len(pattern):
        raise UnsupportedPattern(f"{pattern!r}: a parenthesis at {writer.at} closes nothing")
    if (expression := compiled(pattern)) is None:
        raise UnsupportedPattern(f"{pattern!r} is no regular expression of Python's")
    if not expression.search(written):
        raise UnsupportedPattern(f"{pattern!r}: an anchor in the middle cannot be met")
    return written


@lru_cache(maxsize=512)
def compiled(pattern: str) -> re.Pattern[str] | None:
    """Compile an expression; None where Python cannot. Its warnings are for authors of code, not of schemas."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", FutureWarning)
        try:
            return re.compile(pattern)
        except (re.error, OverflowError, RecursionError):
            return None


class _Writer:
    """Reads the expression from left to right and writes as it reads."""

    def __init__(self, pattern: str, rng: Random) -> None:
        self.pattern = pattern
        self.rng = rng
        self.at = 0

    def alternatives(self) -> str:
        branches = [self._sequence()]
        while self._peek() == "|":
            self.at += 1
            branches.append(self._sequence())
        return self.rng.choice(branches)

    def _peek(self) -> str:
        return self.pattern[self.at : self.at + 1]

    def _sequence(self) -> str:
        written = ""
        while (char := self._peek()) and char not in "|)":
            if char in "^$":
                self.at += 1
                continue
            start = self.at
            once = self._atom()
            end = self.at
            least, most = self._repetition()
            after = self.at
            for number in range(self.rng.randint(least, most)):
                if number:
                    self.at = start
                    once = self._atom()
                    if self.at != end:
                        raise UnsupportedPattern(f"{self.pattern!r} cannot be read twice")
                written += once
                if len(written) > _LONGEST:
                    raise UnsupportedPattern(f"{self.pattern!r} matches nothing short of {_LONGEST} characters")
            self.at = after
        return written

    def _atom(self) -> str:
        char = self._peek()
        self.at += 1
        if char == "(":
            if self._peek() == "?":
                if self.pattern[self.at : self.at + 2] != "?:":
                    raise UnsupportedPattern(f"{self.pattern!r}: only plain and (?:...) groups are known")
                self.at += 2
            inner = self.alternatives()
            if self._peek() != ")":
                raise UnsupportedPattern(f"{self.pattern!r}: a group is not closed")
            self.at += 1
            return inner
        if char == "[":
            return self.rng.choice(self._members())
        if char == "\\":
            return self.rng.choice(self._escape())
        if char == ".":
            return self.rng.choice(_PRINTABLE)
        if char in "*+?":
            raise UnsupportedPattern(f"{self.pattern!r}: nothing to repeat")
        return char

    def _escape(self) -> str:
        char = self._peek()
        self.at += 1
        if char in _CLASSES:
            return _CLASSES[char]
        if char.lower() in _CLASSES:
            return "".join(sign for sign in _PRINTABLE if sign not in _CLASSES[char.lower()])
        if char in _ESCAPES:
            return _ESCAPES[char]
        if not char or char.isalnum():
            raise UnsupportedPattern(f"{self.pattern!r}: \\{char} is not known")
        return char

    def _members(self) -> str:
        negated = self._peek() == "^"
        self.at += negated
        found = ""
        while (char := self._peek()) != "]" or not found:
            if not char:
                raise UnsupportedPattern(f"{self.pattern!r}: a class is not closed")
            self.at += 1
            signs = self._escape() if char == "\\" else char
            if len(signs) == 1 and self._peek() == "-" and self.pattern[self.at + 1 : self.at + 2] not in ("]", ""):
                self.at += 1
                last = self._peek()
                self.at += 1
                if last == "\\":
                    last = self._escape()
                signs = "".join(map(chr, range(ord(signs), min(ord(last[0]), ord(signs) + 500) + 1)))
            found += signs
        self.at += 1
        if negated:
            found = "".join(sign for sign in _PRINTABLE if sign not in found)
        if not found:
            raise UnsupportedPattern(f"{self.pattern!r}: a class has no member")
        return found

    def _repetition(self) -> tuple[int, int]:
        least, most = 1, 1
        if found := re.compile(r"\{(\d+)(,?)(\d*)\}").match(self.pattern, self.at):
            self.at = found.end()
            least = int(found[1])
            most = int(found[3]) if found[3] else least + _MORE if found[2] else least
            most = min(most, least + 8)
        elif (char := self._peek()) and char in "*+?":
            self.at += 1
            least, most = {"*": (0, _MORE), "+": (1, 1 + _MORE), "?": (0, 1)}[char]
        else:
            return least, most
        if self._peek() == "?":
            self.at += 1
        return least, most
