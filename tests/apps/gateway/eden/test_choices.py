"""What nothing public decides, decided: each test holds one row of docs/reference/seed-choices.md."""

from __future__ import annotations

import json
from typing import Any

import httpx
import pytest

from jackfield import Boards
from jackfield_gateway import GatewayApp
from tests.apps.gateway.conftest import ask, served
from tests.apps.gateway.eden.conftest import Upstreams
from tests.apps.gateway.eden.test_chats import CALL, ERROR, MULTIMODAL, TEXT, TOOL, calling, said
from tests.apps.gateway.eden.test_llm import BODY, FUNCTION, GENERATE, LLM
from tests.apps.gateway.eden.test_stream import PATH as STREAM
from tests.apps.gateway.eden.test_stream import cut, lines, speaking
from tests.core.server import DONE, USAGE, chunk, streamed, whole

HI: dict[str, Any] = {"providers": "openai", "text": "Hi"}


def test_choice_inline_model_wins(address: str, upstreams: Upstreams) -> None:
    ask(address, {**HI, "providers": "openai/gpt-4.1", "settings": {"openai": "gpt-4o"}, "openai": "o1"}, TEXT)
    assert upstreams.body()["model"] == "gpt-4.1"


def test_choice_duplicates_are_asked_once(address: str, upstreams: Upstreams) -> None:
    found = ask(address, {**HI, "providers": ["openai", "mistral", "openai"], "response_as_dict": False}, TEXT).json()
    assert [row["provider"] for row in found] == ["openai", "mistral"]
    assert len(upstreams["openai"].requests) == 1


def test_choice_unknown_provider_is_refused(address: str, upstreams: Upstreams) -> None:
    answer = ask(address, {**HI, "providers": ["openai", "nobody"]}, TEXT)
    assert answer.status_code == 400
    assert answer.json()["error"]["message"] == {"providers": ["Provider : 'nobody' unknown."]}
    assert not upstreams["openai"].requests


def test_choice_fallbacks_need_one_provider(address: str, upstreams: Upstreams) -> None:
    answer = ask(address, {**HI, "providers": ["openai", "mistral"], "fallback_providers": ["deepseek"]}, TEXT)
    assert [*answer.json()["error"]["message"]] == ["fallback_providers"]


def test_choice_content_is_not_routed_around(address: str, upstreams: Upstreams) -> None:
    refused = {"error": {"message": "no", "code": "content_policy_violation", "type": "invalid_request_error"}}
    upstreams["openai"].answer(whole(refused, 400))
    found = ask(address, {**HI, "fallback_providers": ["mistral"]}, TEXT).json()
    assert [*found] == ["openai"]
    assert found["openai"]["error"]["type"] == "ProviderInvalidPromptError"
    assert not upstreams["mistral"].requests


def test_choice_entries_name_their_provider_in_lists(address: str, upstreams: Upstreams) -> None:
    upstreams["mistral"].answer(whole(ERROR, 400))
    body = {**HI, "providers": ["openai", "mistral"]}
    found = ask(address, body, TEXT).json()
    assert "provider" not in found["openai"]
    assert found["mistral"]["provider"] == "mistral"
    rows = ask(address, {**body, "response_as_dict": False}, TEXT).json()
    assert [row["provider"] for row in rows] == ["openai", "mistral"]


def test_choice_original_response_is_a_completion(address: str, upstreams: Upstreams) -> None:
    found = ask(address, {**HI, "show_original_response": True}, TEXT).json()["openai"]["original_response"]
    assert found["object"] == "chat.completion"
    assert found["usage"]["total_tokens"] == 5
    assert found.keys() >= {"id", "created", "model", "choices", "provider_time", "edenai_time", "cost"}


def test_choice_attributes_as_list_hoists_members(address: str, upstreams: Upstreams) -> None:
    found = ask(address, {**HI, "attributes_as_list": True}, TEXT).json()["openai"]
    assert found["role"] == ["user", "assistant"]
    assert found["tool_calls"] == [None, []]
    assert "message" in found
    assert found["message"] == ["Hi", "Hello"]
    body = {"providers": "openai", "messages": said("Hi"), "attributes_as_list": True}
    found = ask(address, body, MULTIMODAL).json()["openai"]
    assert "messages" not in found
    assert found["role"] == ["user", "assistant"]
    assert [rows[0]["content"]["text"] for rows in found["content"]] == ["Hi", "Hello"]
    assert found["generated_text"] == "Hello"


def test_choice_show_base_64_hides_what_was_sent(address: str, upstreams: Upstreams) -> None:
    item = {"type": "media_base64", "content": {"media_base64": "AAAA", "media_type": "image/png"}}
    body = {"providers": "openai", "messages": said(item), "show_base_64": False}
    answer = ask(address, body, MULTIMODAL)
    assert answer.json()["openai"]["messages"][0]["content"][0]["content"]["media_base64"] is None
    assert "AAAA" in json.dumps(upstreams.body())


def test_choice_unknown_price_is_null(address: str, upstreams: Upstreams) -> None:
    found = ask(address, {**HI, "providers": "openai/brand-new"}, TEXT).json()["openai/brand-new"]
    assert (found["status"], found["cost"]) == ("success", None)


def test_choice_media_are_fetched_once(address: str, upstreams: Upstreams) -> None:
    def look(url: str) -> Any:
        item = {"type": "media_url", "content": {"media_url": url, "media_type": "image/png"}}
        return ask(address, {"providers": "openai", "messages": said(item)}, MULTIMODAL)

    assert look("http://[64:ff9b::7f00:1]/a.png").status_code == 400
    unreachable = look("http://127.0.0.1:9/a.png")
    assert unreachable.status_code == 200
    assert unreachable.json()["openai"]["status"] == "fail"


def test_choice_top_k_is_sent(address: str, upstreams: Upstreams) -> None:
    answer = ask(address, {"providers": "openai", "messages": said("Hi"), "top_k": 5}, MULTIMODAL)
    assert answer.json()["openai"]["status"] == "success"
    assert answer.headers["x-jackfield-adjusted"] == "top_k"


def test_choice_tools_stay_declared_with_results(address: str, upstreams: Upstreams) -> None:
    _ask_with_result(address)
    sent = upstreams.body()
    assert sent["tools"][0]["function"]["name"] == "weather"
    assert sent["tool_choice"] == "none"


def test_choice_question_stands_before_its_calls(address: str, upstreams: Upstreams) -> None:
    _ask_with_result(address)
    turns = upstreams.body()["messages"]
    assert [turn["role"] for turn in turns] == ["user", "assistant", "tool"]
    assert turns[0]["content"] == "Weather?"
    assert turns[2]["tool_call_id"] == "c1"


def _ask_with_result(address: str) -> None:
    call = {"id": "c1", "name": "weather", "arguments": "{}"}
    history = [{"role": "assistant", "message": "", "tool_calls": [call]}]
    body = {**HI, "text": "Weather?", "previous_history": history, "available_tools": [TOOL]}
    assert ask(address, {**body, "tool_results": [{"id": "c1", "result": "sunny"}]}, TEXT).status_code == 200
    wrong = ask(address, {**body, "tool_results": [{"id": "c2", "result": "sunny"}]}, TEXT)
    assert [*wrong.json()["error"]["message"]] == ["tool_results"]


def test_choice_stream_is_the_name_as_written(address: str, upstreams: Upstreams) -> None:
    upstreams["openai"].answer(cut("One "))
    upstreams["mistral"].answer(speaking("two"))
    body = {**HI, "providers": "openai/gpt-4o", "fallback_providers": ["mistral/mistral-large-latest"]}
    found = lines(ask(address, body, STREAM))
    assert [row["provider"] for row in found] == ["openai/gpt-4o", "mistral/mistral-large-latest"]


def test_choice_stream_error_breaks_off(address: str, upstreams: Upstreams) -> None:
    upstreams["openai"].answer(cut("One "))
    with httpx.stream("POST", address + STREAM, json=HI) as answer:
        rows = answer.iter_lines()
        assert json.loads(next(rows))["text"] == "One "
        last = json.loads(next(rows))
        with pytest.raises(httpx.RemoteProtocolError):
            next(rows)
    assert (last["text"], last["error"]["type"]) == ("", "ProviderInternalServerError")


def test_choice_stream_error_before_is_a_status(address: str, upstreams: Upstreams) -> None:
    upstreams["openai"].answer(whole(ERROR, 401))
    answer = ask(address, HI, STREAM)
    assert answer.status_code == 401
    assert isinstance(answer.json()["error"]["message"], str)


def test_choice_rerun_is_marked(address: str, upstreams: Upstreams) -> None:
    upstreams["openai"].answer(cut("One "))
    upstreams["mistral"].answer(speaking("Two"))
    found = lines(ask(address, {**HI, "fallback_providers": ["mistral"], "fallback_type": "rerun"}, STREAM))
    assert [(row["text"], row.get("restarted", False)) for row in found] == [
        ("One ", False),
        ("", True),
        ("Two", False),
    ]


def test_choice_stream_calls_stand_in_a_last_line(address: str, upstreams: Upstreams) -> None:
    upstreams["openai"].answer(
        streamed(chunk(tool_calls=[{"index": 0, **CALL}]), chunk(finish="tool_calls"), USAGE, DONE)
    )
    found = lines(ask(address, {**HI, "available_tools": [TOOL]}, STREAM))
    assert found[-1]["text"] == ""
    assert found[-1]["tool_calls"][0]["name"] == "weather"


def test_choice_stream_blocked_is_content(address: str, upstreams: Upstreams) -> None:
    upstreams["openai"].answer(streamed(chunk(content="No"), chunk(finish="content_filter"), USAGE, DONE))
    assert [row["blocked"] for row in lines(ask(address, HI, STREAM))] == [False, True]
    upstreams["openai"].answer(streamed(chunk(content="No"), chunk(finish="length"), USAGE, DONE))
    assert [row["blocked"] for row in lines(ask(address, HI, STREAM))] == [False]


def test_choice_generate_is_a_completion(address: str, upstreams: Upstreams) -> None:
    one, other = ask(address, BODY, GENERATE).json(), ask(address, BODY, LLM).json()
    assert one.keys() == other.keys() >= {"id", "choices", "usage", "cost"}


def test_choice_generate_without_documents(upstreams: Upstreams) -> None:
    overrides = {"mistral": {"api_key": "sk", "base_url": upstreams["mistral"].url}}
    with served(GatewayApp(overrides, boards=Boards({}, environ={}))) as address:
        assert ask(address, BODY, GENERATE).status_code == 200
        for name, value in {"k": 3, "min_score": 0.1, "filter_documents": {}}.items():
            answer = ask(address, {**BODY, name: value}, GENERATE)
            assert answer.status_code == 501
            assert answer.json()["error"]["message"].startswith(f"{name}: ")


def test_choice_named_tool_is_a_word(address: str, upstreams: Upstreams) -> None:
    tools = [{"type": "function", "function": FUNCTION}]
    named = {"type": "function", "function": {"name": "weather"}}
    for choice in ("weather", named):
        assert ask(address, {**BODY, "model": "openai/gpt-4o", "tools": tools, "tool_choice": choice}, LLM).is_success
        assert upstreams.body()["tool_choice"] == named


def test_choice_json_object_with_schema(address: str, upstreams: Upstreams) -> None:
    schema = {"type": "object", "properties": {"a": {"type": "string"}}, "required": ["a"]}
    form = {"type": "json_object", "schema": schema}
    assert ask(address, {**BODY, "model": "openai/gpt-4o", "response_format": form}, LLM).is_success
    assert upstreams.body()["response_format"]["json_schema"]["schema"] == schema


def test_choice_nested_mistakes_are_places(address: str, upstreams: Upstreams) -> None:
    answer = ask(address, {**HI, "previous_history": [{"role": "user", "message": "a"}, {"message": "b"}]}, TEXT)
    assert answer.json()["error"]["message"] == {"previous_history": ["[1].role: This field is required."]}


def test_choice_credits_without_a_limit(address: str) -> None:
    assert httpx.get(f"{address}/v2/cost_management/credits/").json() == {"credits": None}


def test_a_call_that_ends_an_answer_has_no_text(address: str, upstreams: Upstreams) -> None:
    upstreams["openai"].answer(whole(calling()))
    found = ask(address, {"providers": "openai", "messages": said("Hi"), "available_tools": [TOOL]}, MULTIMODAL).json()
    assert found["openai"]["messages"][-1]["tool_calls"][0]["name"] == "weather"
