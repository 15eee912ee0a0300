"""A conversation that moves between endpoints: state goes home or nowhere, and what stays behind is recorded."""

from __future__ import annotations

from typing import Any

import pytest

from jackfield import (
    Bytes,
    ChatRequest,
    Data,
    HostedTool,
    Media,
    Message,
    Native,
    Part,
    ProviderState,
    Text,
    Thinking,
    ToolCall,
    ToolResult,
)
from jackfield.crossing import is_plain, localize

HOME = ProviderState({"signature": "s"}, dialect="acme-chat", origin="here")
PARSED = ProviderState({"signature": "s"}, dialect="acme-chat")
AWAY = ProviderState({"signature": "s"}, dialect="acme-chat", origin="elsewhere")
OTHER = ProviderState({"signature": "s"}, dialect="other-chat")


def moved(*parts: Part, role: Any = "assistant", **more: Any) -> tuple[ChatRequest, list[str]]:
    """Move one message to the endpoint `here`; return the request and what was recorded."""
    request = ChatRequest(messages=(Message(role=role, parts=parts),), **more)
    assert not is_plain(request)
    moved, adjustments = localize(request, "acme-chat", "here")
    return moved, [f"{row.parameter} {row.action}" for row in adjustments]


@pytest.mark.parametrize("state", [HOME, PARSED])
def test_state_goes_home_as_it_came(state: ProviderState) -> None:
    parts = (
        Thinking(text="why", provider_state=state),
        ToolCall(id="a", name="search", kind="web_search", executed_by="provider", provider_state=state),
        ToolResult(call_id="a", parts=(Data(value=[1]),), provider_state=state),
        Text(text="so", provider_state=state),
    )
    request, recorded = moved(*parts)
    assert request.messages[0].parts == parts
    assert recorded == []


@pytest.mark.parametrize("state", [AWAY, OTHER, None])
def test_what_means_nothing_without_its_state_stays_behind_and_is_recorded(state: ProviderState | None) -> None:
    request, recorded = moved(
        Thinking(text="why", provider_state=state),
        ToolCall(id="a", name="search", kind="web_search", executed_by="provider", provider_state=state),
        ToolResult(call_id="a", parts=(Data(value=[1]),), provider_state=state),
        Text(text="so", provider_state=state),
        ToolCall(id="b", name="add", arguments="{}", provider_state=state),
    )
    assert request.messages[0].parts == (Text(text="so"), ToolCall(id="b", name="add", arguments="{}"))
    assert recorded == ["thinking dropped", "tool_call dropped"]


def test_a_turn_of_which_nothing_is_left_goes_too() -> None:
    request, recorded = moved(Thinking(text="why", provider_state=OTHER))
    assert request.messages == ()
    assert recorded == ["thinking dropped"]


def test_options_of_media_and_of_hosted_tools_are_words_of_their_dialect() -> None:
    media = Media(kind="image", source=Bytes(data=b"x"), options={"fps": 1}, provider_state=OTHER)
    search = HostedTool(kind="web_search", options={"max_uses": 2}, dialect="other-chat")
    request, recorded = moved(media, role="user", tools=(search,))
    assert request.messages[0].parts == (Media(kind="image", source=Bytes(data=b"x")),)
    assert request.tools == (HostedTool(kind="web_search"),)
    assert recorded == ["media.options dropped", "tools options dropped"]


def test_options_without_a_dialect_are_the_callers_own() -> None:
    media = Media(kind="image", source=Bytes(data=b"x"), options={"fps": 1})
    search = HostedTool(kind="web_search", options={"max_uses": 2})
    request, recorded = moved(media, role="user", tools=(search,))
    assert request.messages[0].parts == (media,)
    assert request.tools == (search,)
    assert recorded == []


def test_a_foreign_block_without_words_vanishes_only_where_it_says_so() -> None:
    silent = Native(dialect="other-chat", body={"type": "marker"}, text="")
    request, recorded = moved(silent, Text(text="so"))
    assert request.messages[0].parts == (Text(text="so"),)
    assert recorded == ["native replaced by its text"]
