"""Translate: our requests to the wire. Turns of one role are one message there, the results of tools first in it."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

from jackfield import (
    ChatRequest,
    Endpoint,
    HTTPRequest,
    Message,
    Request,
    Text,
    TokenCountRequest,
    ToolResult,
    hookimpl,
)

from ._parameters import write_parameters
from ._write_blocks import blocks_of

#: Members of a conversation that is counted (botocore 1.44.5, ConverseTokensRequest).
COUNTED = frozenset({"additionalModelRequestFields", "messages", "system", "toolConfig"})


@hookimpl
def translate_request(request: Request, endpoint: Endpoint) -> HTTPRequest | None:
    """Translate a chat, or a count of one. The address names the model, encoded as a whole (ARNs), and the stream."""
    if isinstance(request, TokenCountRequest):
        counted = {name: value for name, value in chat_body(request.asked).items() if name in COUNTED}
        url = f"{endpoint.base_url}/model/{quote(request.model, safe='')}/count-tokens"
        return HTTPRequest("POST", url, {}, {"input": {"converse": counted}}, within=("input", "converse"))
    if not isinstance(request, ChatRequest):
        return None
    operation = "converse-stream" if request.stream else "converse"
    url = f"{endpoint.base_url}/model/{quote(request.model, safe='')}/{operation}"
    return HTTPRequest("POST", url, {}, chat_body(request))


def chat_body(request: ChatRequest) -> dict[str, Any]:
    """Return the wire body of a chat."""
    system = _Turn("system")
    turns: list[_Turn] = []
    for number, message in enumerate(request.messages):
        role = message.role
        if role == "system" or role == "developer":
            if not _is_inline(message):
                system.add(message, number)
                continue
            role = "system"
        elif role == "tool":
            role = "user"
        if turns and turns[-1].is_silent():
            turns.pop()
        if not turns or turns[-1].role != role:
            turns.append(_Turn(role))
        turns[-1].add(message, number)
    body: dict[str, Any] = {"messages": [turn.wire() for turn in turns if not turn.is_silent()]}
    if system.blocks:
        body["system"] = system.blocks
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
        is_said = self.role == "assistant"
        for index, part in enumerate(message.parts):
            if type(part) is Text and part.cache is None and part.provider_state is None and not part.citations:
                if part.text:  # the API refuses an empty one
                    self.blocks.append({"text": part.text})
                continue
            of_tool = type(part) is ToolResult and not is_said
            blocks = self.results if of_tool else self.blocks
            blocks += blocks_of(part, f"messages[{number}].parts[{index}]", said=is_said)

    def is_silent(self) -> bool:
        """Tell whether the assistant said nothing, which the API takes for an error."""
        return self.role == "assistant" and not self.blocks

    def wire(self) -> dict[str, Any]:
        """Return the message."""
        return {"role": self.role, "content": self.results + self.blocks}


def _is_inline(message: Message) -> bool:
    """Tell whether a system message stands among the turns: newer models take it there, and it came so."""
    state = message.provider_state
    return state is not None and isinstance(state.data, dict) and bool(state.data.get("inline"))
