"""Strings of a JSON Schema: by pattern, by format, or words, within their lengths."""

from __future__ import annotations

import string as letters
from collections.abc import Callable, Mapping
from random import Random
from typing import Any
from uuid import UUID

from ._flatten import Unsatisfiable
from ._pattern import UnsupportedPattern, matching
from ._text import word

_TRIES = 200
_LONGEST = 100_000


def _name(rng: Random) -> str:
    return "".join(rng.choices(letters.ascii_lowercase, k=rng.randint(3, 9)))


def _date(rng: Random) -> str:
    return f"{rng.randint(1970, 2035)}-{rng.randint(1, 12):02}-{rng.randint(1, 28):02}"


def _time(rng: Random) -> str:
    return f"{rng.randint(0, 23):02}:{rng.randint(0, 59):02}:{rng.randint(0, 59):02}Z"


def _numbers(rng: Random) -> str:
    return ".".join(str(rng.randint(1, 254)) for _ in range(4))


def _six(rng: Random) -> str:
    return ":".join(f"{rng.randint(1, 0xFFFF):x}" for _ in range(8))


FORMATS: Mapping[str, Callable[[Random], str]] = {
    "date": _date,
    "time": _time,
    "date-time": lambda rng: f"{_date(rng)}T{_time(rng)}",
    "duration": lambda rng: f"P{rng.randint(1, 9)}DT{rng.randint(1, 23)}H",
    "email": lambda rng: f"{_name(rng)}@example.com",
    "idn-email": lambda rng: f"{_name(rng)}@example.com",
    "hostname": lambda rng: f"{_name(rng)}.example.com",
    "idn-hostname": lambda rng: f"{_name(rng)}.example.com",
    "ipv4": _numbers,
    "ipv6": _six,
    "uri": lambda rng: f"https://example.com/{_name(rng)}",
    "uri-reference": lambda rng: f"/{_name(rng)}",
    "iri": lambda rng: f"https://example.com/{_name(rng)}",
    "iri-reference": lambda rng: f"/{_name(rng)}",
    "uuid": lambda rng: str(UUID(int=rng.getrandbits(128), version=4)),
    "json-pointer": lambda rng: f"/{_name(rng)}",
    "relative-json-pointer": lambda rng: f"0/{_name(rng)}",
    "regex": lambda rng: f"^{_name(rng)}$",
    "binary": _name,
    "byte": lambda rng: _name(rng)[:1] * 4,
    "enum": _name,
    "password": _name,
    "phone": lambda rng: f"+1555{rng.randint(1000000, 9999999)}",
    "url": lambda rng: f"https://example.com/{_name(rng)}",
}


def string(flat: Mapping[str, Any], rng: Random) -> str:
    """Make a string of a flat schema.

    Raises:
        Unsatisfiable: pattern or format do not fit the lengths.
    """
    least, most = flat.get("minLength", 0), flat.get("maxLength")
    if least > _LONGEST or (most is not None and least > most):
        raise Unsatisfiable(f"no string of {least} to {most} characters is made")
    make = FORMATS.get(flat.get("format", ""))
    if (pattern := flat.get("pattern")) is not None:
        try:
            return _first(lambda: matching(str(pattern), rng), least, most)
        except UnsupportedPattern:
            make = None
    if make is not None:
        return _first(lambda: make(rng), least, most)
    wanted = max(least, rng.randint(1, 24))
    wanted = wanted if most is None else min(wanted, most)
    written = " ".join(word(rng) for _ in range(rng.randint(1, 4)))
    while len(written) < wanted:
        written += " " + word(rng)
    return written[:wanted] if most is not None or least else written


def _first(make: Callable[[], str], least: int, most: int | None) -> str:
    for _ in range(_TRIES):
        if least <= len(made := make()) and (most is None or len(made) <= most):
            return made
    raise Unsatisfiable(f"pattern or format do not fit {least} to {most} characters")
