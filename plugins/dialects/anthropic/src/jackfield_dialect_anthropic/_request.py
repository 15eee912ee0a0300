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
    TokenCountRequest,
    ToolResult,
    hookimpl,
)

from ._parameters import write_parameters
from ._write_blocks import assistant_block, content_block, is_bare, plain_content, tool_result

#: Members of a count (anthropic 2.11.0, types/message_count_tokens_params.py and its beta).
COUNTED = frozenset(
    {"cache_control", "context_management", "mcp_servers", "messages", "model", "output_config", "output_format",
     "system", "thinking", "tool_choice", "tools"}
)  # fmt: skip
VERSION = "2023-06-01"


@hookimpl
def translate_request(request: Request, endpoint: Endpoint) -> HTTPRequest | None:
    """Translate a chat, the question how long one is, or which models there are."""
    headers = {"anthropic-version": endpoint.settings.get("anthropic_version") or VERSION}
    if isinstance(request, ChatRequest):
        return HTTPRequest("POST", f"{endpoint.base_url}/v1/messages", headers, chat_body(request))
    if isinstance(request, TokenCountRequest):
        body = {name: value for name, value in chat_body(request.asked).items() if name in COUNTED}
        return HTTPRequest("POST", f"{endpoint.base_url}/v1/messages/count_tokens", headers, body)
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
                    if not (type(part) is Text and not part.text)
                ]
                continue
            role = "system"
        elif role == "tool":
            role = "user"
        if turns and turns[-1].is_silent():
            turns.pop()
        if not turns or turns[-1].role != role:
            turns.append(_Turn(role))
        turns[-1].add(message, number)
    if system:
        body["system"] = plain_content(system)
    body["messages"] = [turn.wire() for turn in turns if not turn.is_silent()]
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
            if type(part) is Text and (not part.text or is_bare(part)):
                # the API refuses blocks of empty text; where a user's turn has nothing else, it says so itself
                if part.text:
                    blocks.append({"type": "text", "text": part.text})
                continue
            where = f"messages[{number}].parts[{index}]"
            if is_said:
                blocks.append(assistant_block(part, where))
            elif type(part) is ToolResult:
                self.results.append(tool_result(part, where))
            else:
                blocks.append(content_block(part, where))

    def is_silent(self) -> bool:
        """Tell whether the assistant said nothing, which the API takes for an error."""
        return self.role == "assistant" and not self.blocks

    def wire(self) -> dict[str, Any]:
        """Return the message."""
        return {"role": self.role, "content": plain_content(self.results + self.blocks)}


def _is_inline(message: Message) -> bool:
    """Tell whether a system message stands among the turns: newer models take it there, and it came so."""
    state = message.provider_state
    return state is not None and isinstance(state.data, dict) and bool(state.data.get("inline"))
