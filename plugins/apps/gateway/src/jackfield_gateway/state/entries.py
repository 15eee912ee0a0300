"""An entry of the history and the row that it becomes: what came from outside is cleaned, cut and bounded here.

Names and counts come from callers and providers, who may send anything; a row that the database refuses would be lost.
"""

from __future__ import annotations

import hashlib
import hmac
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from .money import MOST

__all__ = ["Content", "Entry", "clean", "row_of"]

#: What is kept of questions and answers: nothing, a keyed hash that tells equal ones, or all.
Content = Literal["off", "hashed", "full"]

#: A longer name is nobody's, and more tokens than these were never spent.
_LENGTH = 500
_TOKENS = 10**12
_MILLISECONDS = 2**31 - 1


@dataclass(slots=True, kw_only=True)
class Entry:
    """One request, as it ended. Times are microseconds since 1970, `cost` is nano-units of `currency`; None is unknown.

    `asked` and `answered` are what was said; the history decides what it keeps of them, unless `content` does.
    """

    id: str
    started: int
    status: int
    route: str
    key_id: str | None = None
    project_id: str | None = None
    user: str | None = None
    user_agent: str | None = None
    provider: str | None = None
    model: str | None = None
    attempts: Sequence[Mapping[str, Any]] | None = None
    input_tokens: int | None = None
    output_tokens: int | None = None
    cached_tokens: int | None = None
    reasoning_tokens: int | None = None
    cost: int | None = None
    currency: str | None = None
    first_delta_ms: int | None = None
    total_ms: int | None = None
    sandboxed: bool = False
    error_class: str | None = None
    content: Content | None = None
    asked: str | None = field(default=None, repr=False)
    answered: str | None = field(default=None, repr=False)


def row_of(entry: Entry, content: Content, hash_key: bytes) -> dict[str, Any]:
    """Return the row of an entry; `content` is kept of it where it does not say so itself."""
    content = entry.content or content
    return {
        "id": entry.id,
        "started": entry.started,
        "status": entry.status,
        "user_agent": _text(entry.user_agent),
        "key_id": entry.key_id,
        "project_id": entry.project_id,
        "user": _text(entry.user),
        "route": _text(entry.route),
        "provider": _text(entry.provider),
        "model": _text(entry.model),
        "attempts": _attempts(entry.attempts),
        "input_tokens": _count(entry.input_tokens),
        "output_tokens": _count(entry.output_tokens),
        "cached_tokens": _count(entry.cached_tokens),
        "reasoning_tokens": _count(entry.reasoning_tokens),
        "cost": _count(entry.cost, MOST),
        "currency": _text(entry.currency),
        "first_delta_ms": _count(entry.first_delta_ms, _MILLISECONDS),
        "total_ms": _count(entry.total_ms, _MILLISECONDS),
        "sandboxed": entry.sandboxed,
        "error_class": _text(entry.error_class),
        "content": content,
        "asked": _kept(entry.asked, content, hash_key),
        "answered": _kept(entry.answered, content, hash_key),
    }


def _attempts(rows: Sequence[Mapping[str, Any]] | None) -> Any:
    """Return attempts as a column takes them; nearly all of them are clean, which is seen faster than made."""
    if rows is None or all([_is_clean(value) for row in rows for value in row.values()]):
        return rows
    return clean(rows)


def _is_clean(value: Any) -> bool:
    kind = type(value)
    if kind is str:
        return bool(value.isascii() and "\0" not in value)
    return value is None or kind is int or kind is bool or (kind is float and math.isfinite(value))


def _kept(said: str | None, content: Content, hash_key: bytes) -> str | None:
    if said is None or content == "off":
        return None
    if content == "full":
        return _clean(said)
    return hmac.new(hash_key, said.encode("utf-8", "surrogatepass"), hashlib.sha256).hexdigest()


def _clean(value: str) -> str:
    """Leave out what PostgreSQL's text cannot hold."""
    return value.replace("\0", "").encode("utf-8", "replace").decode()


def _text(value: str | None) -> str | None:
    return None if value is None else _clean(value[:_LENGTH])


def _count(value: int | None, most: int = _TOKENS) -> int | None:
    """A count that a provider states may be anything."""
    return None if value is None else min(max(value, 0), most)


def clean(value: Any) -> Any:
    """Clean what is within a JSON value, and write what has no form in JSON as text."""
    if isinstance(value, str):
        return _clean(value)
    if isinstance(value, Mapping):
        return {_clean(str(name)): clean(item) for name, item in value.items()}
    if isinstance(value, Sequence):
        return [clean(item) for item in value]
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value if value is None or isinstance(value, (bool, int, float)) else _clean(str(value))
