"""Limits of members: what a format has no word for is left out of messages, parts, tools, parameters, and recorded."""

from __future__ import annotations

from typing import Any

import pytest

from jackfield import Bytes, Cache, CacheOptions, ChatRequest, Media, Message, Text, Tool, ToolCall, ToolResult
from jackfield.catalog import ModelInfo, read_provider
from jackfield.fitting import fit_request
from jackfield.members import fit_messages


def model(limits: dict[str, Any], **more: Any) -> ModelInfo:
    table = {"provider": {"dialect": "acme-chat"}, "limits": limits, "models": [{"id": "m", **more}]}
    return read_provider("acme", None, table).model("m")


def fitted(request: ChatRequest, limits: dict[str, Any], **more: Any) -> tuple[ChatRequest, list[str]]:
    request, left = fit_messages(request, model(limits, **more))
    found = fit_request(request, model(limits, **more))
    assert isinstance(found.request, ChatRequest)
    return found.request, sorted(f"{row.parameter} {row.action}" for row in (*left, *found.adjustments))


TURNS = (
    Message(role="user", name="Ann", parts=(Text(text="hi", cache=Cache(ttl="1h")),)),
    Message(role="user", parts=(Media(kind="image", source=Bytes(data=b"x"), detail="low"),)),
    Message(role="assistant", parts=(ToolCall(id="call:1", name="add", arguments="{}"),)),
    Message(role="tool", parts=(ToolResult(call_id="call:1", parts=(Text(text="no"),), is_error=True),)),
)


def test_members_that_are_not_taken_are_left_out_and_recorded() -> None:
    asked = ChatRequest(
        messages=TURNS,
        tools=(Tool(name="add", strict=True, cache=Cache()),),
        cache=CacheOptions(key="k", ttl="1h"),
        reasoning={"effort": "low", "summary": "auto"},
    )
    names = (
        "message.name", "part.cache", "media.detail", "tool_result.is_error", "tool.strict", "tool.cache", "cache.ttl",
        "reasoning.summary",
    )  # fmt: skip
    request, recorded = fitted(asked, dict.fromkeys(names, False))
    assert recorded == sorted(f"{name} dropped" for name in names)
    assert request.messages[0] == Message(role="user", parts=(Text(text="hi"),))
    assert request.messages[1].parts == (Media(kind="image", source=Bytes(data=b"x")),)
    assert request.messages[3].parts[0].is_error is False  # type: ignore[union-attr]
    assert request.tools == (Tool(name="add"),)
    assert request.cache == CacheOptions(key="k")
    assert request.reasoning is not None
    assert request.reasoning.effort == "low"
    assert request.reasoning.summary is None


def test_what_is_not_said_is_not_recorded() -> None:
    asked = ChatRequest(messages="hi", tools=(Tool(name="add"),))
    request, recorded = fitted(asked, {"message.name": False, "part.cache": False, "tool.strict": False})
    assert request is asked
    assert recorded == []


def test_a_special_catalog_gives_back_what_a_general_one_took() -> None:
    table = {"provider": {"dialect": "acme-chat"}, "models": [{"id": "m", "limits": {"message.name": True}}]}
    found = read_provider("acme", None, table).model("m", {"limits": {"message.name": False}})
    assert fit_request(ChatRequest(messages=TURNS), found).adjustments == ()


def test_what_the_format_cannot_say_is_lifted_by_true_and_by_nothing_else() -> None:
    dialect = {"limits": {"stop": False, "top_k": False}}
    table = {
        "provider": {"dialect": "acme-chat"},
        "limits": {"stop": {"max_items": 4}, "top_k": True},
        "models": [{"id": "m", "limits": {"top_k": {"range": [1, 40]}}}],
    }
    limits = read_provider("acme", None, table).model("m", dialect).limits
    assert not limits["stop"].taken
    assert limits["top_k"].range == (1, 40)


def test_ids_of_calls_are_rewritten_the_same_for_call_and_result() -> None:
    limits = {"call_id": {"pattern": "[A-Za-z0-9]+", "length": [9, 9]}}
    request, recorded = fitted(ChatRequest(messages=TURNS), limits)
    call, result = request.messages[2].parts[0], request.messages[3].parts[0]
    assert call.id == result.call_id  # type: ignore[union-attr]
    assert len(call.id or "") == 9  # type: ignore[union-attr]
    assert recorded == ["call_id rewritten"]
    again, _ = fitted(ChatRequest(messages=TURNS), limits)
    assert again.messages == request.messages
    kept, recorded = fitted(ChatRequest(messages=TURNS), {"call_id": {"pattern": "[a-z0-9:]+"}})
    assert kept.messages == TURNS
    assert recorded == []


@pytest.mark.parametrize(("known", "sent"), [({}, 4096), ({"max_output": 8192}, 8192)])
def test_a_format_that_needs_max_tokens_gets_what_the_model_can_write(known: dict[str, int], sent: int) -> None:
    limits = {"max_tokens": {"fallback": 4096}}
    assert fitted(ChatRequest(messages="hi"), limits, **known) == (ChatRequest(messages="hi", max_tokens=sent), [])
    assert fitted(ChatRequest(messages="hi", max_tokens=5), limits, **known)[0].max_tokens == 5


@pytest.mark.parametrize(
    ("asked", "budget", "recorded"),
    [
        ({"effort": "low"}, 2048, ["reasoning replaced by a budget of 2048"]),
        ({"effort": "max"}, 24_000, ["reasoning replaced by a budget of 24000"]),
        ({"enabled": True}, 8192, ["reasoning replaced by a budget of 8192"]),
        ({"budget": 10}, 1024, ["reasoning replaced by a budget of 1024"]),
        ({"budget": 2000}, 2000, []),
        ({"enabled": False}, None, []),
        ({"budget": 0}, 0, []),
        ({"summary": "auto"}, None, []),
    ],
)
def test_a_model_that_takes_only_a_budget_gets_one(asked: Any, budget: int | None, recorded: list[str]) -> None:
    limits = {"reasoning": {"efforts": [], "range": [1024, 24_000]}}
    request, found = fitted(ChatRequest(messages="hi", reasoning=asked), limits)
    assert request.reasoning is not None
    assert request.reasoning.budget == budget
    assert found == recorded


def test_reasoning_that_cannot_be_off_gets_the_least_budget() -> None:
    limits = {"reasoning": {"efforts": [], "range": [128, 32_768], "off": False}}
    request, found = fitted(ChatRequest(messages="hi", reasoning={"enabled": False}), limits)
    assert request.reasoning is not None
    assert (request.reasoning.enabled, request.reasoning.budget) == (None, 128)
    assert found == ["reasoning replaced by a budget of 128"]


@pytest.mark.parametrize(
    ("asked", "most", "budget", "recorded"),
    [
        ({"budget": 5000}, 6000, 5000, []),
        ({"budget": 5000}, 5000, 4999, ["reasoning replaced by a budget of 4999"]),
        ({"effort": "high"}, 3000, 2999, ["reasoning replaced by a budget of 2999"]),
        ({"budget": 5000}, 1024, None, ["reasoning dropped"]),
    ],
)
def test_a_budget_stays_below_the_tokens_that_count_it_too(
    asked: Any, most: int, budget: int | None, recorded: list[str]
) -> None:
    limits = {"reasoning": {"efforts": [], "range": [1024, 24_000], "below": "max_tokens"}}
    request, found = fitted(ChatRequest(messages="hi", reasoning=asked, max_tokens=most), limits)
    assert (request.reasoning.budget if request.reasoning is not None else None) == budget
    assert found == recorded


@pytest.mark.parametrize("asked", [{"budget": 2000}, {"enabled": True}])
def test_sampling_that_goes_only_without_reasoning_goes_not_with_a_budget(asked: Any) -> None:
    limits = {
        "temperature": {"range": [0, 1], "when": {"reasoning": "none"}},
        "reasoning": {"efforts": [], "range": [1024, 24_000], "default": "none"},
    }
    request, found = fitted(ChatRequest(messages="hi", reasoning=asked, temperature=0.5), limits)
    assert request.temperature is None
    assert "temperature dropped" in found


def test_the_name_of_a_result_is_left_out_where_its_call_has_it() -> None:
    named = ToolResult(call_id="call:1", name="add", parts=(Text(text="no"),))
    asked = ChatRequest(messages=(*TURNS[:3], Message(role="tool", parts=(named,))))
    request, recorded = fitted(asked, {"tool_result.name": False})
    assert request.messages[3].parts == (named.model_copy(update={"name": None}),)
    assert recorded == [], "the call has the name too"
    without_id = Message(role="tool", parts=(ToolResult(name="add", parts=(Text(text="no"),)),))
    request, _ = fitted(ChatRequest(messages=(TURNS[0], without_id)), {"tool_result.name": False})
    assert request.messages[1] == without_id, "there the name is all that says what is answered"
