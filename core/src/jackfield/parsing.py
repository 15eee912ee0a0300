"""What a caller wrote, as requests: every mistake becomes one line that names the place and the remedy."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import Any, TypeVar

from pydantic import ValidationError

from .boards import Boards
from .conversation import ChatRequest
from .errors import InvalidInput
from .messages import Message
from .operations import Request
from .wire import HTTPRequest

Q = TypeVar("Q", bound=Request)


def whole_request(
    request: ChatRequest, messages: Any, system: str | None, parameters: Mapping[str, Any], stream: bool
) -> ChatRequest:
    """Return a request that was given whole, for a stream or not.

    Raises:
        InvalidInput: something was given beside it.
    """
    if messages is not None or parameters or system is not None:
        raise InvalidInput("a whole request takes no messages or parameters beside it; change the request")
    return request if bool(request.stream) is stream else request.model_copy(update={"stream": stream or None})


def chat_request(
    model: str, messages: Any, system: str | None, parameters: Mapping[str, Any], stream: bool
) -> ChatRequest:
    """Make a request of what was given to `chat` or `stream`; a whole answer is asked for by saying nothing.

    Raises:
        InvalidInput: a message or a parameter is wrong.
    """
    if messages is None:
        raise InvalidInput("messages are missing; give a string or a list of messages")
    values: dict[str, Any] = {"model": model, "messages": messages, **parameters}
    if stream:
        values["stream"] = True
    if system is not None:
        try:
            first = Message(role="system", parts=system)
        except ValidationError:
            raise InvalidInput(f"system: a string is needed, not {system!r:.60}", param="system") from None
        if isinstance(messages, str):
            messages = (Message(role="user", parts=messages),)
        elif not isinstance(messages, Iterable) or isinstance(messages, bytes | Mapping):
            raise InvalidInput(f"messages: a string or a list of messages is needed, not {messages!r:.60}")
        values["messages"] = (first, *messages)
    return validated(ChatRequest, values)


def validated(kind: type[Q], values: Mapping[str, Any]) -> Q:
    """Validate values as a request.

    Raises:
        InvalidInput: a value is wrong; the message says which, and what would be right.
    """
    try:
        return kind.model_validate(values)
    except ValidationError as error:
        raise InvalidInput(explain(error, kind), param=_place(error.errors()[0]["loc"])) from None


def explain(error: ValidationError, kind: type[Request]) -> str:
    """Say in one line what is wrong with a request: every place, and the nearest name of what does not exist."""
    lines = []
    for row in error.errors(include_url=False)[:5]:
        place = _place(row["loc"])
        if row["type"] == "extra_forbidden":
            names = list(kind.model_fields) if len(row["loc"]) == 1 else []
            near = difflib.get_close_matches(str(row["loc"][-1]), names, n=1)
            lines.append(f"{place} is not known" + (f"; did you mean {near[0]}?" if near else ""))
        elif row["type"] in ("union_tag_invalid", "union_tag_not_found"):
            kinds = row.get("ctx", {}).get("expected_tags", "")
            lines.append(
                f"{place} needs a type" + (f" that is one of {kinds}" if kinds else "; give type='text', 'media' ...")
            )
        else:
            message = row["msg"][:1].lower() + row["msg"][1:]
            lines.append(f"{place}: {message}")
    return "; ".join(dict.fromkeys(lines))


def _place(location: tuple[int | str, ...]) -> str:
    """Write a place as `messages[2].parts[0].text`; names of union branches are left out."""
    text, before = "", ""
    for step in map(str, location):
        if step.isdecimal():
            text += f"[{step}]"
        elif not (before.isdecimal() and step in _BRANCHES) and "(" not in step and "-" not in step:
            text += f".{step}" if text else step
        before = step
    return text or "the request"


_BRANCHES = frozenset(
    {"text", "media", "thinking", "tool_call", "tool_result", "data", "refusal", "native", "tool", "hosted"}
)


@lru_cache(maxsize=1)
def _boards() -> Boards:
    return Boards()


def parse(dialect: str, body: Any, *, boards: Boards | None = None) -> Request:
    """Parse a whole foreign body (a JSON value or its bytes) as the request that it is.

    Raises:
        UnknownDialect: no installed plugin speaks it.
        InvalidInput: the body is wrong; the message names the field.
    """
    board = (boards or _boards()).dialect(dialect)
    route = {"operation": "chat"}
    return board.parse_request(HTTPRequest("POST", "", {}, body), route)
