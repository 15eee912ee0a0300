"""`text/chat` and `multimodal/chat`: what providers receive, and what callers get."""

from __future__ import annotations

import base64
from typing import Any

import pytest

from tests.apps.gateway.conftest import ask
from tests.apps.gateway.eden.conftest import Upstreams
from tests.core.server import Script, completion, whole

TEXT = "/v2/text/chat"
MULTIMODAL = "/v2/multimodal/chat"
ERROR = {"error": {"message": "because", "type": "invalid_request_error", "code": None}}
CALL = {"id": "call_1", "type": "function", "function": {"name": "weather", "arguments": '{"city":"Paris"}'}}
TOOL = {"name": "weather", "description": "Tell it", "parameters": {"type": "object", "properties": {"city": {}}}}


def calling() -> dict[str, Any]:
    """Write an answer that asks for a call."""
    body = completion("")
    body["choices"] = [
        {
            "index": 0,
            "message": {"role": "assistant", "content": None, "tool_calls": [CALL]},
            "finish_reason": "tool_calls",
        }
    ]
    return body


def late(seconds: float) -> Script:
    """Answer after a while."""
    data = whole(completion("Hello"))[0]
    assert isinstance(data, bytes)
    return [data[:9], seconds, data[9:]]


def said(*items: Any, role: str = "user") -> list[dict[str, Any]]:
    """Write a message of typed items; a string is a text."""
    rows = [{"type": "text", "content": {"text": item}} if isinstance(item, str) else item for item in items]
    return [{"role": role, "content": rows}]


# -- what providers receive ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("path", "body", "most"),
    [
        (TEXT, {"text": "Hi"}, 4096),
        (MULTIMODAL, {"messages": said("Hi")}, 2048),
    ],
)
def test_the_defaults_of_a_route_are_sent(
    address: str, upstreams: Upstreams, path: str, body: dict[str, Any], most: int
) -> None:
    ask(address, {"providers": ["openai/gpt-4o-mini"], **body}, path)
    sent = upstreams.body()
    assert sent["temperature"] == 0.0
    assert sent.get("max_tokens", sent.get("max_completion_tokens")) == most
    assert not {"tool_choice", "tools", "stop", "top_p", "reasoning_effort"} & sent.keys()


def test_a_default_that_a_model_does_not_take_is_left_out_without_a_word(address: str, upstreams: Upstreams) -> None:
    answer = ask(address, {"providers": ["openai/o4-mini"], "text": "Hi"}, TEXT)
    assert answer.json()["openai/o4-mini"]["status"] == "success"
    assert "temperature" not in upstreams.body()
    assert "x-jackfield-adjusted" not in answer.headers


def test_what_the_caller_wrote_and_a_model_does_not_take_is_told(address: str, upstreams: Upstreams) -> None:
    answer = ask(address, {"providers": ["openai/o4-mini"], "text": "Hi", "temperature": 0.5}, TEXT)
    assert "temperature" not in upstreams.body()
    assert answer.headers["x-jackfield-adjusted"] == "temperature"


def test_a_default_is_never_more_than_a_model_can_say(address: str, upstreams: Upstreams) -> None:
    ask(address, {"providers": ["mistral/large-at-most-1000"], "text": "Hi"}, TEXT)
    assert upstreams.body("mistral")["max_tokens"] == 1000
    ask(address, {"providers": ["mistral/large-at-most-1000"], "text": "Hi", "max_tokens": 4096}, TEXT)
    assert upstreams.body("mistral")["max_tokens"] == 4096, "what the caller wrote is the caller's"


def test_a_models_name_is_found_in_the_order_of_the_request(address: str, upstreams: Upstreams) -> None:
    cases: list[tuple[dict[str, Any], str]] = [
        ({"providers": ["openai/gpt-4.1"], "settings": {"openai": "gpt-4o"}}, "gpt-4.1"),
        ({"providers": ["openai"], "settings": {"openai": "gpt-4.1-mini"}, "openai": "gpt-4.1"}, "gpt-4.1-mini"),
        ({"providers": ["openai"], "settings": '{"openai": "gpt-4.1-nano"}'}, "gpt-4.1-nano"),
        ({"providers": ["openai"], "openai": "gpt-4.1"}, "gpt-4.1"),
        ({"providers": ["openai"]}, "gpt-4o"),
        ({"providers": ["deepseek"]}, "deepseek-chat"),
    ]
    for more, model in cases:
        ask(address, {"text": "Hi", **more}, TEXT)
        name = "deepseek" if "deepseek" in more["providers"] else "openai"
        assert upstreams.body(name)["model"] == model, more


@pytest.mark.parametrize("written", [["openai", "mistral"], "openai,mistral", "openai, mistral", ["openai,mistral"]])
def test_providers_are_a_list_or_a_string(address: str, upstreams: Upstreams, written: Any) -> None:
    answer = ask(address, {"providers": written, "text": "Hi", "fallback_providers": ""}, TEXT)
    assert [*answer.json()] == ["openai", "mistral"]


@pytest.mark.parametrize("slash", ["", "/"])
def test_a_slash_at_the_end_makes_no_difference(address: str, upstreams: Upstreams, slash: str) -> None:
    assert ask(address, {"providers": "openai", "text": "Hi"}, TEXT + slash).status_code == 200


def test_a_conversation_goes_along_whole(address: str, upstreams: Upstreams) -> None:
    history = [
        {"role": "user", "message": "Weather?"},
        {"role": "assistant", "message": "", "tool_calls": [{"id": "c1", "name": "weather", "arguments": "{}"}]},
        {"role": "tool", "message": "sunny"},
        {"role": "assistant", "message": "Sunny."},
    ]
    body = {"providers": "openai", "chatbot_global_action": "Be brief", "previous_history": history, "text": "And?"}
    ask(address, {**body, "available_tools": [TOOL], "tool_choice": "required", "reasoning_effort": "low"}, TEXT)
    sent = upstreams.body()
    assert [turn["role"] for turn in sent["messages"]] == ["system", "user", "assistant", "tool", "assistant", "user"]
    assert sent["messages"][2]["tool_calls"][0]["id"] == sent["messages"][3]["tool_call_id"] == "c1"
    assert sent["tools"][0]["function"] == TOOL
    assert sent["tool_choice"] == "required"


def test_media_go_along_as_they_are(address: str, upstreams: Upstreams) -> None:
    pixel = base64.b64encode(b"\x89PNG\r\n").decode()
    items = [{"type": "media_base64", "content": {"media_base64": pixel, "media_type": "image/png"}}]
    answer = ask(
        address,
        {"providers": "openai", "messages": said("Look", *items), "chatbot_global_action": "Be brief", "top_p": 0.5,
         "stop_sequences": ["END"]},
        MULTIMODAL,
    )  # fmt: skip
    sent = upstreams.body()
    assert sent["messages"][1]["content"][1]["image_url"]["url"] == f"data:image/png;base64,{pixel}"
    assert (sent["stop"], sent["top_p"]) == (["END"], 0.5)
    entry = answer.json()["openai"]
    nothing = dict.fromkeys(("media_url", "media_base64", "text", "media_type"))
    assert entry["messages"] == [
        {
            "role": "user",
            "content": [
                {"type": "text", "content": {**nothing, "text": "Look"}},
                {"type": "media_base64", "content": {**nothing, "media_base64": pixel, "media_type": "image/png"}},
            ],
        },
        {"role": "assistant", "content": [{"type": "text", "content": {**nothing, "text": "Hello"}}]},
    ]


# -- what callers get ------------------------------------------------------------------------------------------------


def test_an_entry_of_a_success(address: str, upstreams: Upstreams) -> None:
    answer = ask(address, {"providers": "openai/gpt-4o-mini", "text": "Hi"}, TEXT)
    assert answer.json() == {
        "openai/gpt-4o-mini": {
            "generated_text": "Hello",
            "message": [
                {"role": "user", "message": "Hi", "tools": None, "tool_calls": None},
                {"role": "assistant", "message": "Hello", "tools": None, "tool_calls": []},
            ],
            "status": "success",
            "cost": 1.65e-06,  # 3 at 0.15 and 2 at 0.60 US dollars per million
        }
    }


def test_calls_stand_in_the_assistants_message(address: str, upstreams: Upstreams) -> None:
    upstreams["openai"].answer(whole(calling()))
    answer = ask(address, {"providers": "openai", "text": "Weather?", "available_tools": [TOOL]}, TEXT)
    entry = answer.json()["openai"]
    assert entry["generated_text"] == ""
    assert entry["message"][0]["tools"] == [TOOL]
    assert entry["message"][1]["tool_calls"] == [{"id": "call_1", "name": "weather", "arguments": '{"city":"Paris"}'}]


def test_some_providers_may_fail_and_all_may(address: str, upstreams: Upstreams) -> None:
    upstreams["mistral"].answer(whole(ERROR, 400))
    body: dict[str, Any] = {"providers": ["openai", "mistral", "deepseek"], "text": "Hi"}
    answer = ask(address, body, TEXT)
    assert answer.status_code == 200
    found = answer.json()
    assert [row["status"] for row in found.values()] == ["success", "fail", "success"]
    assert found["mistral"] == {
        "error": {"message": "Mistral has returned an error: because", "type": "ProviderInvalidInputError"},
        "status": "fail",
        "provider": "mistral",
        "provider_status_code": 400,
        "cost": 0.0,
    }
    for server in upstreams.values():
        server.answer(whole(ERROR, 429))
    rows = ask(address, {**body, "response_as_dict": False}, TEXT).json()
    assert [(row["provider"], row["error"]["type"], row["provider_status_code"]) for row in rows] == [
        (name, "ProviderLimitationError", 429) for name in body["providers"]
    ]


def test_providers_are_asked_side_by_side(address: str, upstreams: Upstreams) -> None:
    for server in upstreams.values():
        server.answer(late(0.4))
    answer = ask(address, {"providers": ["openai", "mistral", "deepseek"], "text": "Hi"}, TEXT)
    assert answer.elapsed.total_seconds() < 0.9
    assert len(answer.json()) == 3


def test_a_list_has_the_order_of_the_request(address: str, upstreams: Upstreams) -> None:
    upstreams["openai"].answer(late(0.2))
    body = {"providers": ["openai/gpt-4o", "mistral"], "text": "Hi", "response_as_dict": False}
    assert [row["provider"] for row in ask(address, body, TEXT).json()] == ["openai/gpt-4o", "mistral"]


def test_the_original_response_is_there_only_when_asked_for(address: str, upstreams: Upstreams) -> None:
    body = {"providers": "mistral", "text": "Hi"}
    assert "original_response" not in ask(address, body, TEXT).json()["mistral"]
    found = ask(address, {**body, "show_original_response": True}, TEXT).json()["mistral"]["original_response"]
    assert found["object"] == "chat.completion"
    assert found["usage"] == {"prompt_tokens": 3, "completion_tokens": 2, "total_tokens": 5}
    assert found["choices"][0]["message"]["content"] == "Hello"


@pytest.mark.parametrize(("status", "failed"), [(500, True), (429, True), (400, False)])
def test_fallbacks_are_asked_in_turn_and_every_failure_is_listed(
    address: str, upstreams: Upstreams, status: int, failed: bool
) -> None:
    upstreams["openai"].answer(whole(ERROR, status))
    upstreams["mistral"].answer(whole(ERROR, 503))
    body = {"providers": "openai", "fallback_providers": ["mistral", "deepseek/deepseek-chat"], "text": "Hi"}
    found = ask(address, body, TEXT).json()
    if failed:
        assert [*found] == ["openai", "mistral", "deepseek/deepseek-chat"]
        assert [row["status"] for row in found.values()] == ["fail", "fail", "success"]
        assert found["openai"]["provider_status_code"] == status
    else:  # what one provider cannot read no other can
        assert [*found] == ["openai"]
        assert found["openai"]["error"]["type"] == "ProviderInvalidInputError"


def test_when_every_fallback_fails_all_are_listed(address: str, upstreams: Upstreams) -> None:
    for server in upstreams.values():
        server.answer(whole(ERROR, 500))
    body = {"providers": "openai", "fallback_providers": "mistral,deepseek", "text": "Hi", "response_as_dict": False}
    answer = ask(address, body, TEXT)
    assert answer.status_code == 200
    rows = answer.json()
    assert [(row["provider"], row["status"], row["cost"]) for row in rows] == [
        ("openai", "fail", 0.0), ("mistral", "fail", 0.0), ("deepseek", "fail", 0.0),
    ]  # fmt: skip


def test_the_first_provider_alone_has_an_entry_where_it_answers(address: str, upstreams: Upstreams) -> None:
    assert [*ask(address, {"providers": "openai", "fallback_providers": ["mistral"], "text": "Hi"}, TEXT).json()] == [
        "openai"
    ]
    assert not upstreams["mistral"].requests
