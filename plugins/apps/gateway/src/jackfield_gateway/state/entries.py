"""An entry of the history and the row that it becomes: what came from outside is cleaned, cut and bounded here.

Names and counts come from callers and providers, who may send anything; a row that the database refuses would be lost.
"""

from __future__ import annotations

import contextlib
import hashlib
import hmac
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, TypeAlias

from pydantic_core import to_json

from .money import MOST

__all__ = ["Content", "Entry", "Row", "clean", "row_of", "written"]

#: A row of the table of requests, as the driver takes it.
Row: TypeAlias = tuple[Any, ...]

#: What is kept of questions and answers: nothing, a keyed hash that tells equal ones, or all.
Content = Literal["off", "hashed", "full"]

#: A longer name is nobody's, and more tokens than these were never spent.
_LENGTH = 500
_TOKENS = 10**12
_MILLISECONDS = 2**31 - 1
#: What JSON has a form for, as it is.
_NATIVE = frozenset({str, int, float, bool, type(None)})
#: As JSON writes it.
_NUL = "\\u0000"


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


def row_of(entry: Entry, content: Content, hash_key: bytes) -> Row:
    """Return the row of an entry; `content` holds where it has none."""
    return written(
        entry.id, entry.started, entry.status, entry.user_agent, entry.key_id, entry.project_id, entry.user,
        entry.route, entry.provider, entry.model, entry.attempts, entry.input_tokens, entry.output_tokens,
        entry.cached_tokens, entry.reasoning_tokens, entry.cost, entry.currency, entry.first_delta_ms, entry.total_ms,
        entry.sandboxed, entry.error_class, entry.content or content, entry.asked, entry.answered, hash_key,
    )  # fmt: skip


def written(
    id: str, started: int, status: int, agent: str | None, key_id: str | None, project_id: str | None,
    user: str | None, route: str, provider: str | None, model: str | None,
    attempts: Sequence[Mapping[str, Any]] | None, input_tokens: int | None, output_tokens: int | None,
    cached_tokens: int | None, reasoning_tokens: int | None, cost: int | None, currency: str | None,
    first_delta_ms: int | None, total_ms: int | None, sandboxed: bool, error: str | None, content: Content,
    asked: str | None, answered: str | None, hash_key: bytes, /,
) -> Row:  # fmt: skip
    """Return a row of these values, in the order of the table's columns."""
    # nearly all are short and plain, which is seen faster of all at once than of each
    said = f"{agent}{user}{route}{currency}{provider}{model}{error}"
    if not (len(said) <= _LENGTH and said.isascii() and "\0" not in said):
        agent, user, route, currency = _text(agent), _text(user), _text(route) or "", _text(currency)
        provider, model, error = _text(provider), _text(model), _text(error)
    return (
        id, started, status, agent, key_id, project_id, user, route, provider, model, _attempts(attempts),
        _count(input_tokens), _count(output_tokens), _count(cached_tokens), _count(reasoning_tokens),
        _count(cost, MOST), currency, _count(first_delta_ms, _MILLISECONDS), _count(total_ms, _MILLISECONDS),
        sandboxed, error, content, _kept(asked, content, hash_key), _kept(answered, content, hash_key),
    )  # fmt: skip


def _attempts(rows: Sequence[Mapping[str, Any]] | None) -> str | None:
    """Return attempts as JSON; nearly all of them are clean, which is seen faster than made."""
    if rows is None:
        return None
    text = _NUL
    if all([_NATIVE.issuperset(map(type, row.values())) for row in rows]):
        with contextlib.suppress(ValueError):  # half a character
            text = to_json(rows, inf_nan_mode="null").decode()
    return text if _NUL not in text else to_json(clean(rows)).decode()


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
    return value if value is None or 0 <= value <= most else min(max(value, 0), most)


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
