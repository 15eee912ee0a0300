"""Translate: our requests to the wire. Turns of one role are one message there, the results of tools first in it."""

from __future__ import annotations

from typing import Any

from jackfield import (
    ChatRequest,
    Endpoint,
    HTTPRequest,
    Message,
    ModelsRequest,
    Request,
    Text,
    ToolResult,
    hookimpl,
)

from ._parameters import write_parameters
from ._write_blocks import assistant_block, content_block, is_bare, tool_result

VERSION = "2023-06-01"


@hookimpl
def translate_request(request: Request, endpoint: Endpoint) -> HTTPRequest | None:
    """Translate a chat, or the question which models there are."""
    headers = {"anthropic-version": endpoint.settings.get("anthropic_version") or VERSION}
    if isinstance(request, ChatRequest):
        return HTTPRequest("POST", f"{endpoint.base_url}/v1/messages", headers, chat_body(request))
    if isinstance(request, ModelsRequest):
        return HTTPRequest("GET", f"{endpoint.base_url}/v1/models?limit=1000", headers)
    return None


def chat_body(request: ChatRequest) -> dict[str, Any]:
    """Return the wire body of a chat."""
    body: dict[str, Any] = {"model": request.model} if request.model else {}
    system: list[Any] = []
    turns: list[_Turn] = []
    for number, message in enumerate(request.messages):
        role = message.role
        if role == "system" or role == "developer":
            if not _is_inline(message):
                system += [
                    content_block(part, f"messages[{number}].parts[{index}]")
                    for index, part in enumerate(message.parts)
                    if not _is_empty(part)
                ]
                continue
            role = "system"
        elif role == "tool":
            role = "user"
        if not turns or turns[-1].role != role:
            turns.append(_Turn(role))
        turns[-1].add(message, number)
    if system:
        body["system"] = _plain(system)
    body["messages"] = [turn.wire() for turn in turns if turn.results or turn.blocks or turn.role != "assistant"]
    write_parameters(request, body)
    return body


class _Turn:
    """Messages of one role that follow each other."""

    __slots__ = ("blocks", "results", "role")

    def __init__(self, role: str) -> None:
        self.role = role
        self.results: list[Any] = []
        self.blocks: list[Any] = []

    def add(self, message: Message, number: int) -> None:
        """Take one message."""
        parts, blocks = message.parts, self.blocks
        is_said = self.role == "assistant"
        for index, part in enumerate(parts):
            if type(part) is Text and part.text and is_bare(part):
                blocks.append({"type": "text", "text": part.text})
                continue
            # the API refuses blocks of empty text; where a turn has nothing else, it says so itself
            if _is_empty(part):
                continue
            where = f"messages[{number}].parts[{index}]"
            if is_said:
                blocks.append(assistant_block(part, where))
            elif type(part) is ToolResult:
                self.results.append(tool_result(part, where))
            else:
                blocks.append(content_block(part, where))

    def wire(self) -> dict[str, Any]:
        """Return the message."""
        return {"role": self.role, "content": _plain(self.results + self.blocks)}


def _is_empty(part: Any) -> bool:
    return type(part) is Text and not part.text and is_bare(part)


def _is_inline(message: Message) -> bool:
    """Tell whether a system message stands among the turns: newer models take it there, and it came so."""
    state = message.provider_state
    return state is not None and isinstance(state.data, dict) and bool(state.data.get("inline"))


def _plain(content: list[Any]) -> Any:
    """Write a content of one plain text as that text."""
    if not content:
        return ""
    if len(content) == 1 and content[0].keys() == {"type", "text"}:
        return content[0]["text"]
    return content
