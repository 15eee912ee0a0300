"""Translate: our requests to the wire."""

from __future__ import annotations

import base64
from collections.abc import Iterator, Sequence
from typing import Any

from jackfield import (
    Bytes,
    ChatRequest,
    Endpoint,
    HTTPRequest,
    Media,
    Message,
    ModelsRequest,
    Native,
    Part,
    Refusal,
    Request,
    Text,
    Thinking,
    TokenCountRequest,
    ToolCall,
    ToolResult,
    UnsupportedFeature,
    hookimpl,
)

from ._calls import asked_item, ran_item
from ._content import given, plain, said
from ._parameters import write_parameters
from ._results import Calls, without_sound

#: Members of a count (openai 3.51.0, types/responses/input_token_count_params.py).
COUNTED = frozenset(
    {"conversation", "input", "instructions", "model", "parallel_tool_calls", "previous_response_id", "reasoning",
     "text", "tool_choice", "tools", "truncation"}
)  # fmt: skip
_PIECES = (Text, Refusal)


@hookimpl
def translate_request(request: Request, endpoint: Endpoint) -> HTTPRequest | None:
    """Translate a chat, the question how long one is, or which models there are."""
    if isinstance(request, ChatRequest):
        return HTTPRequest("POST", f"{endpoint.base_url}/responses", {}, responses_body(request))
    if isinstance(request, TokenCountRequest):
        return HTTPRequest("POST", f"{endpoint.base_url}/responses/input_tokens", {}, input_body(request))
    if isinstance(request, ModelsRequest):
        return HTTPRequest("GET", f"{endpoint.base_url}/models")
    return None


def input_body(request: TokenCountRequest) -> dict[str, Any]:
    """Return the wire body of a count: what of a chat is its input, and what bears on how long that is."""
    body = responses_body(request.asked)
    return {name: value for name, value in body.items() if name in COUNTED}


def responses_body(request: ChatRequest) -> dict[str, Any]:
    """Return the wire body of a chat. A system turn that a caller gave as `instructions` becomes that again."""
    body: dict[str, Any] = {"model": request.model} if request.model else {}
    items: list[dict[str, Any]] = []
    calls = Calls()
    for number, message in enumerate(request.messages):
        state, parts = message.provider_state, message.parts
        if state is None and len(parts) == 1 and message.role != "tool" and _is_bare(part := parts[0]):
            items.append({"role": message.role, "content": part.text})  # type: ignore[union-attr]  # as most turns are
            continue
        members = state.data if state is not None and isinstance(state.data, dict) else {}
        if members.get("instructions"):
            body["instructions"] = message.text
        elif members.get("items"):
            items += [dict(part.body) for part in message.parts if isinstance(part, Native)]
        else:
            items += _message(message, number, members, calls)
    body["input"] = items
    write_parameters(request, body)
    return body


def _is_bare(part: Part) -> bool:
    return type(part) is Text and part.provider_state is None and part.cache is None and not part.citations


def _message(message: Message, number: int, members: dict[str, Any], calls: Calls) -> Iterator[dict[str, Any]]:
    if message.role == "assistant":
        yield from _assistant(message.parts, number, calls)
        return
    role = "user" if message.role == "tool" else message.role
    content: list[dict[str, Any]] = []
    heard: list[dict[str, Any]] = []
    for index, part in enumerate(message.parts):
        where = f"messages[{number}].parts[{index}]"
        if isinstance(part, ToolResult):
            if content:
                yield {"role": role, "content": plain(content), **members}
                content = []
            result, sound = without_sound(part)
            heard += [given(piece, where) for piece in sound]
            yield calls.result_item(result, where)
        else:
            content.append(given(part, where))
    if content or not message.parts:
        yield {"role": role, "content": plain(content), **members}
    if heard:
        yield {"role": "user", "content": heard}


def _assistant(parts: Sequence[Part], number: int, calls: Calls) -> Iterator[dict[str, Any]]:
    """Write an assistant's turn: parts of one group become one item again."""
    results = {part.call_id: part for part in parts if isinstance(part, ToolResult)}
    index = 0
    while index < len(parts):
        part, where = parts[index], f"messages[{number}].parts[{index}]"
        end = index + 1
        if isinstance(part, Thinking):
            while end < len(parts) and isinstance(other := parts[end], Thinking) and _same_group(part, other):
                end += 1
            yield reasoning_item(parts[index:end])
        elif isinstance(part, _PIECES) or (isinstance(part, Native) and part.group is not None):
            while end < len(parts) and _is_piece(other := parts[end]) and other.group == part.group:
                end += 1
            yield message_item(parts[index:end])
        elif isinstance(part, ToolCall):
            yield _call(part, where, results, calls)
        elif isinstance(part, Native):
            yield dict(part.body)
        elif isinstance(part, Media):
            yield _drawn(part, where)
        elif not isinstance(part, ToolResult):
            raise UnsupportedFeature(
                f"{where}: an assistant's message takes no {part.type}; take it out", param="messages"
            )
        index = end


def _same_group(part: Part, other: Part) -> bool:
    return part.group is not None and part.group == other.group


def _is_piece(part: Part) -> bool:
    return isinstance(part, _PIECES) or (isinstance(part, Native) and part.group is not None)


def _own(part: Part) -> dict[str, Any]:
    """Return the members of an item that its last part carries."""
    state = part.provider_state
    return dict(state.data) if state is not None and isinstance(state.data, dict) else {}


def reasoning_item(parts: Sequence[Part]) -> dict[str, Any]:
    """Write the parts of one reasoning item."""
    texts = [part for part in parts if isinstance(part, Thinking)]
    content = [{"type": "reasoning_text", "text": part.text} for part in texts if part.kind == "trace"]
    return {
        "type": "reasoning",
        "summary": [{"type": "summary_text", "text": part.text} for part in texts if part.kind == "summary"],
        **({"content": content} if content else {}),
        **_own(parts[-1]),
    }


def message_item(parts: Sequence[Part]) -> dict[str, Any]:
    """Write the parts of one message item, of which empty texts say nothing.

    Without anything of its own it is the short form.
    """
    own = _own(parts[-1])
    parts = [part for part in parts if _says_anything(part)] or [Text(text="")]
    if not own and len(parts) == 1 and isinstance(part := parts[0], Text):
        return {"role": "assistant", "content": part.text}
    content = [said(part) for part in parts]
    return {**({"type": "message"} if own else {}), "role": "assistant", "content": content, **own}


def _says_anything(part: Part) -> bool:
    return isinstance(part, Native) or bool(getattr(part, "text", "") or getattr(part, "citations", ()))


def _call(part: ToolCall, where: str, results: dict[str | None, ToolResult], calls: Calls) -> dict[str, Any]:
    """Write a call, whoever runs it, as the item that it was or would be."""
    call = calls.named(part)
    try:
        item = (
            asked_item(call, _own(part))
            if part.executed_by == "caller"
            else ran_item(call, _own(part), results.get(part.id))
        )
    except ValueError:
        raise UnsupportedFeature(
            f"{where}: the arguments of {part.name} are no JSON; mend them or take the call out", param="messages"
        ) from None
    if item is None:
        raise UnsupportedFeature(f"{where}: the format has no {part.kind} call; take it out", param="messages")
    calls.written(item)
    return item


def _drawn(part: Media, where: str) -> dict[str, Any]:
    own = _own(part)
    if own.pop("item", None) == "image_generation_call" and isinstance(part.source, Bytes):
        return {"type": "image_generation_call", "result": base64.b64encode(part.source.data).decode(), **own}
    if part.transcript:
        return {"role": "assistant", "content": part.transcript}
    raise UnsupportedFeature(
        f"{where}: an assistant's message takes no {part.kind} here; give it in a user's message", param="messages"
    )
