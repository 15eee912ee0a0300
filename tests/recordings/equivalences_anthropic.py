"""Where a translated request of the messages format may differ from the recorded one: four named equivalences.

Each brings a wire body to the form in which both writings are the same. `test_equivalences_anthropic` has an example
and a counter-example of each.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from tests.recordings.equivalences import null_is_absent

Body = dict[str, Any]


def one_text_is_a_string(body: Body) -> Body:
    """A system prompt, a message or a tool's result of one plain text block is the same as that text."""
    if "system" in body:
        body = {**body, "system": _text_of(body["system"])}
    messages = []
    for message in body.get("messages", ()):
        content = message["content"]
        if isinstance(content, list):
            content = [_result_of(block) for block in content]
        messages.append({**message, "content": _text_of(content)})
    return {**body, "messages": messages}


def _result_of(block: Any) -> Any:
    return {**block, "content": _text_of(block["content"])} if "tool_use_id" in block and "content" in block else block


def _text_of(content: Any) -> Any:
    if isinstance(content, list) and len(content) == 1 and content[0].keys() == {"type", "text"}:
        return content[0]["text"]
    return content


def no_error_is_absent(body: Body) -> Body:
    """A tool's result whose `is_error` is false says what one without it says."""

    def without(block: Any) -> Any:
        if isinstance(block, Mapping) and block.get("type") == "tool_result" and block.get("is_error") is False:
            return {name: value for name, value in block.items() if name != "is_error"}
        return block

    messages = [
        {**message, "content": [without(block) for block in message["content"]]}
        if isinstance(message["content"], list)
        else message
        for message in body.get("messages", ())
    ]
    return {**body, "messages": messages}


def turns_of_one_role_are_one(body: Body) -> Body:
    """Messages of one role that follow each other are one message; the API merges them, and so do we."""
    messages: list[Any] = []
    for message in body.get("messages", ()):
        if messages and messages[-1]["role"] == message["role"]:
            blocks = [*_blocks(messages[-1]["content"]), *_blocks(message["content"])]
            messages[-1] = {**message, "content": blocks}
        else:
            messages.append(message)
    return {**body, "messages": messages}


def _blocks(content: Any) -> list[Any]:
    return [{"type": "text", "text": content}] if isinstance(content, str) else content


ALL: tuple[Callable[[Any], Any], ...] = (
    null_is_absent,
    turns_of_one_role_are_one,
    one_text_is_a_string,
    no_error_is_absent,
)


def normal(body: Body) -> Body:
    """Bring a body to the form in which equivalent bodies are equal."""
    for equivalence in ALL:
        body = equivalence(body)
    return body
