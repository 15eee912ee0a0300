"""`/api/v1/chat/completions`: defaults, padding, references, the shape of a stream, errors and their headers."""

from __future__ import annotations

import json
from typing import Any

import httpx
import pytest

from jackfield import Boards
from jackfield_gateway import GatewayApp
from tests.apps.gateway.conftest import ask, served
from tests.apps.gateway.eden.conftest import Upstreams
from tests.core.server import DONE, USAGE, chunk, completion, streamed, whole

PATH = "/api/v1/chat/completions"
HI = [{"role": "user", "content": "Hi"}]
BODY: dict[str, Any] = {"model": "mistral/large-at-most-1000", "messages": HI}
USER = {"role": "user", "content": "."}
FUNCTION = {"type": "function", "function": {"name": "weather", "parameters": {"type": "object", "properties": {}}}}


def test_an_answer_has_every_member_of_the_api(address: str, upstreams: Upstreams) -> None:
    answer = ask(address, BODY, PATH, **{"x-request-id": "req-1", "x-user-id": "u", "x-project-id": "p"})
    assert answer.headers["x-request-id"] == "req-1"
    found = answer.json()
    assert found["id"] == "req-1"
    assert found["model"] == "mistral/large-at-most-1000"
    assert found["object"] == "chat.completion"
    assert found["references"] is None
    assert found["choices"] == [
        {
            "index": 0,
            "message": {
                "role": "assistant", "content": "Hello", "reasoning_content": None, "refusal": None,
                "tool_calls": None, "function_call": None, "audio": None,
            },
            "delta": None,
            "logprobs": None,
            "finish_reason": "stop",
        }
    ]  # fmt: skip
    assert found["usage"] == {
        "prompt_tokens": 3, "completion_tokens": 2, "total_tokens": 5, "tool_usage_details": None,
    }  # fmt: skip


def test_the_defaults_of_the_route_are_sent(address: str, upstreams: Upstreams) -> None:
    ask(address, BODY, PATH)
    sent = upstreams.body("mistral")
    assert (sent["temperature"], sent["top_p"], sent["max_tokens"]) == (0.2, 0.6, 1000)
    assert (sent["presence_penalty"], sent["frequency_penalty"]) == (0.0, 0.0)
    ask(address, {**BODY, "max_tokens": 7, "max_completion_tokens": 9, "temperature": 1.5, "n": 1}, PATH)
    assert upstreams.body("mistral")["max_tokens"] == 9
    assert upstreams.body("mistral")["temperature"] == 1.5


def test_what_a_model_does_not_take_is_ignored_and_told(address: str, upstreams: Upstreams) -> None:
    body = {"model": "openai/o4-mini", "messages": HI, "stop": ["END"], "logit_bias": {"5": 1}}
    answer = ask(address, body, PATH)
    assert answer.status_code == 200, answer.text
    assert not {"stop", "temperature", "top_p", "logit_bias"} & upstreams.body().keys()
    told = f"{answer.headers.get('x-jackfield-adjusted')}, {answer.headers.get('x-jackfield-ignored')}"
    assert "stop" in told
    assert "logit_bias" in told
    assert "temperature" not in told


@pytest.mark.parametrize(
    ("given", "sent"),
    [
        ([{"role": "system", "content": ""}], [{"role": "system", "content": "."}, USER]),
        ([{"role": "assistant", "content": "a"}],
         [{"role": "system", "content": "."}, USER, {"role": "assistant", "content": "a"}]),
        ([{"role": "system", "content": "s"}, {"role": "assistant", "content": "a"}],
         [{"role": "system", "content": "s"}, USER, {"role": "assistant", "content": "a"}]),
        ([{"role": "user", "content": None}], [{"role": "user", "content": ""}]),
        ([{"role": "user", "content": "x", "name": "Ann Lee"}], [{"role": "user", "content": "x", "name": "Ann_Lee"}]),
    ],
)  # fmt: skip
def test_a_conversation_is_made_whole(address: str, upstreams: Upstreams, given: Any, sent: Any) -> None:
    assert ask(address, {"model": "openai/gpt-4o-mini", "messages": given}, PATH).status_code == 200
    assert upstreams.body()["messages"] == sent


def test_references_come_first_in_a_stream_and_every_choice_has_both_forms(address: str, upstreams: Upstreams) -> None:
    upstreams["mistral"].answer(streamed(chunk(content="Hel"), chunk(content="lo"), chunk(finish="stop"), USAGE, DONE))
    answer = ask(address, {**BODY, "stream": True, "rag_params": {"table_id": "papers", "k": 2}}, PATH)
    assert answer.headers["x-accel-buffering"] == "no"
    events = [line.removeprefix("data: ") for line in answer.text.splitlines() if line]
    assert events.pop() == "[DONE]"
    first, *rows = [json.loads(event) for event in events]
    assert first == {
        "object": "chat.references",
        "chunks": [
            {
                "text": "Blue light scatters.", "title": "Sky", "page": None, "file_name": "", "file_path": "",
                "document_id": "", "chunk_id": "c1", "context": {}, "metadata": {},
            }
        ],
        "search_query": "sky",
        "finish_reason": None,
    }  # fmt: skip
    for row in rows:
        assert row["id"] == answer.headers["x-request-id"]
        for choice in row["choices"]:
            assert choice["message"].items() >= choice["delta"].items()
            assert choice["message"]["role"] == "assistant"
    assert "".join(row["choices"][0]["delta"].get("content", "") for row in rows if row["choices"]) == "Hello"
    assert rows[-1]["usage"]["total_tokens"] == 5
    assert upstreams.body("mistral")["messages"][-1]["content"] == "Blue light scatters. Hi"


def test_references_stand_in_a_whole_answer_also_where_nothing_was_found(address: str, upstreams: Upstreams) -> None:
    found = ask(address, {**BODY, "rag_params": {"table_id": "empty"}}, PATH).json()["references"]
    assert (found["object"], found["chunks"]) == ("chat.references", [])


def test_a_stream_that_breaks_off_has_no_end(address: str, upstreams: Upstreams) -> None:
    upstreams["mistral"].answer(streamed(chunk(content="Hel"), finished=False))
    with httpx.stream("POST", address + PATH, json={**BODY, "stream": True}) as answer:
        assert answer.status_code == 200
        pieces = answer.iter_lines()
        heard = next(pieces)
        with pytest.raises(httpx.RemoteProtocolError):
            heard += "".join(pieces)
    assert "Hel" in heard
    assert "[DONE]" not in heard


def test_hosted_tools_are_for_openai_alone(address: str, upstreams: Upstreams) -> None:
    tools = [FUNCTION, {"type": "web_search"}, {"type": "code_interpreter", "container": {"type": "auto"}}]
    assert ask(address, {**BODY, "tools": tools}, PATH).status_code == 200
    assert upstreams.body("mistral")["tools"] == [FUNCTION]
    ask(address, {**BODY, "tools": tools[1:]}, PATH)
    assert "tools" not in upstreams.body("mistral")


# -- errors ----------------------------------------------------------------------------------------------------------

ENVELOPE = {"object", "error", "message", "detail", "request_id", "exception", "request_headers"}


@pytest.mark.parametrize(
    ("more", "place"),
    [
        ({"messages": []}, "messages"),
        ({"messages": [{"role": "robot", "content": "x"}]}, "messages"),
        ({"temperature": 0}, "temperature"),
        ({"top_p": 0.0001}, "top_p"),
        ({"max_tokens": 0}, "max_tokens"),
        ({"n": 0}, "n"),
        ({"tools": []}, "tools"),
        ({"tools": [{"type": "magic"}]}, "tools"),
        ({"rag_params": {"table_id": "t", "k": 1025}}, "rag_params"),
        ({"stream": "perhaps"}, "stream"),
    ],
)
def test_a_wrong_body_is_told_line_by_line(address: str, upstreams: Upstreams, more: Any, place: str) -> None:
    answer = ask(address, {**BODY, **more}, PATH)
    assert answer.status_code == 422
    found = answer.json()
    assert found.keys() == ENVELOPE | {"body"}
    assert found["error"] == "validation_error"
    assert found["message"].startswith("Your request contains errors:\n1. body." + place)
    assert found["detail"][0]["loc"][:2] == ["body", place]
    assert not any(server.requests for server in upstreams.values())


@pytest.mark.parametrize(
    ("status", "body", "error", "rendered"),
    [
        (401, {}, "external_authentication_failed", 401),
        (403, {}, "forbidden", 403),
        (402, {}, "insufficient_credits", 403),
        (404, {}, "resource_not_found", 404),
        (400, {"error": {"message": "bad"}}, "bad_input", 422),
        (400, {"error": {"message": "too long", "code": "context_length_exceeded"}}, "context_overflow", 422),
        (429, {}, "rate_limit_exceeded", 429),
        (503, {}, "busy", 503),
        (500, {}, "unexpected_error", 500),
    ],
)
@pytest.mark.parametrize("stream", [False, True])
def test_a_providers_failure_has_a_word_of_the_api(
    address: str, upstreams: Upstreams, status: int, body: Any, error: str, rendered: int, stream: bool
) -> None:
    upstreams["openai"].answer(whole(body, status))
    answer = ask(address, {"model": "openai/gpt-4o-mini", "messages": HI, "stream": stream}, PATH)
    assert answer.status_code == rendered
    found = answer.json()
    assert found.keys() == ENVELOPE
    assert found["error"] == error
    assert found["request_id"] == answer.headers["x-request-id"]
    assert ("retry-after" in answer.headers) is (rendered in (429, 503))


def test_a_table_needs_a_name_and_somebody_who_has_it(address: str, upstreams: Upstreams) -> None:
    answer = ask(address, {**BODY, "rag_params": {"table_id": " "}}, PATH)
    assert (answer.status_code, answer.json()["error"]) == (422, "bad_input")
    assert answer.json()["message"] == "`rag_params.table_id` is required when `rag_params` is specified."
    nowhere = ask(address, {**BODY, "rag_params": {"table_id": "nowhere"}}, PATH)
    assert (nowhere.status_code, nowhere.json()["error"]) == (422, "bad_input")
    overrides = {"mistral": {"api_key": "sk", "base_url": upstreams["mistral"].url}}
    with served(GatewayApp(overrides, boards=Boards({}, environ={}))) as other:
        absent = ask(other, {**BODY, "rag_params": {"table_id": "t"}}, PATH)
    assert (absent.status_code, absent.json()["error"]) == (501, "not_implemented")
    assert "jackfield-rag" in absent.json()["message"]


def test_a_fault_of_the_gateway_has_an_envelope_and_says_nothing_of_it(address: str, capfd: Any) -> None:
    answer = ask(address, {**BODY, "rag_params": {"table_id": "broken"}}, PATH)
    assert (answer.status_code, answer.json()["error"]) == (500, "unexpected_error")
    assert "fell down" not in answer.text
    assert "the shelf fell down" in capfd.readouterr().err


def test_an_answer_has_one_id(address: str, upstreams: Upstreams) -> None:
    upstreams["mistral"].answer(whole(completion("Hello"), x_request_id="theirs"))
    answer = ask(address, BODY, PATH, **{"x-request-id": "mine"})
    assert answer.headers.get_list("x-request-id") == ["mine"]


def test_no_header_that_may_be_secret_is_shown(address: str, upstreams: Upstreams) -> None:
    headers = {"authorization": "Bearer jf-secret", "x-api-key": "jf-secret", "cookie": "jf-secret", "x-user-id": "u1"}
    answer = ask(address, {"messages": []}, PATH, **headers)
    assert "jf-secret" not in answer.text
    assert answer.json()["request_headers"]["x-user-id"] == "u1"


def test_a_wrong_key_is_unauthorized(upstreams: Upstreams) -> None:
    with served(GatewayApp({}, key="jf-right", boards=Boards({}, environ={}))) as address:
        for headers in ({}, {"authorization": "Bearer jf-wrong"}):
            answer = ask(address, BODY, PATH, **headers)
            assert (answer.status_code, answer.json()["error"]) == (401, "unauthorized")
            assert "jf-wrong" not in answer.text


def test_the_family_has_its_own_word_for_nowhere(address: str) -> None:
    nowhere = httpx.get(f"{address}/api/v1/nothing")
    assert (nowhere.status_code, nowhere.json()["error"]) == (404, "resource_not_found")
    wrong = httpx.get(address + PATH)
    assert (wrong.status_code, wrong.json()["error"]) == (405, "method_not_allowed")


# -- models ----------------------------------------------------------------------------------------------------------


def test_models_are_listed_with_what_they_can_do(address: str) -> None:
    found = httpx.get(f"{address}/api/v1/models", timeout=20).json()
    assert found["object"] == "models.info"
    row = next(row for row in found["data"] if row["id"] == "openai/gpt-4o")
    assert row["capabilities"] == ["chat", "tool", "image"]
    assert row["context_length"] == 128_000
    one = httpx.get(f"{address}/api/v1/models", params={"model": "openai/gpt-4o"}, timeout=20).json()["data"]
    assert [row["id"] for row in one] == ["openai/gpt-4o"]


def test_names_of_models_begin_with_the_one_that_is_preferred(address: str) -> None:
    found = httpx.get(f"{address}/api/v1/models/ids", params={"prefer": "openai/gpt-4o"}, timeout=20).json()
    assert found[0] == "openai/gpt-4o"
    assert found[1:] == sorted(found[1:])
    seeing = httpx.get(f"{address}/api/v1/models/ids", params={"capabilities": ["chat", "image"]}, timeout=20).json()
    assert 0 < len(seeing) < len(found)
    wrong = httpx.get(f"{address}/api/v1/models/ids", params={"capabilities": "magic"}, timeout=20)
    assert wrong.status_code == 422
