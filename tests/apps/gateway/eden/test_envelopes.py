"""Envelopes and bounds: what is wrong is named by its parameter and place, and nothing secret is told."""

from __future__ import annotations

import json
from typing import Any

import httpx
import pytest

from tests.apps.gateway.conftest import ask
from tests.apps.gateway.eden.conftest import Upstreams
from tests.apps.gateway.eden.test_chats import ERROR, MULTIMODAL, TEXT, said
from tests.core.server import whole


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (b"{no json", "JSON parse error"),
        (b"[]", "Expected a dictionary, but got list"),
        (b'{"providers": ["openai"], "text": "Hi", "temperature": NaN}', "JSON parse error"),
    ],
)
def test_a_body_that_is_no_object_is_refused(address: str, body: bytes, message: str) -> None:
    answer = httpx.post(address + TEXT, content=body, headers={"content-type": "application/json"})
    assert answer.status_code == 400
    assert message in answer.json()["error"]["message"]["non_field_errors"][0]


def test_the_envelopes_of_the_family(address: str) -> None:
    form = httpx.post(address + TEXT, data={"text": "Hi"})
    assert (form.status_code, form.json()["error"]["type"]) == (415, "unsupported_media_type")
    wrong = httpx.get(address + TEXT)
    assert (wrong.status_code, wrong.json()["error"]["type"]) == (405, "method_not_allowed")
    nowhere = httpx.get(f"{address}/v2/text/nothing")
    assert (nowhere.status_code, nowhere.json()) == (404, {"details": "Not Found"})


@pytest.mark.parametrize(
    ("messages", "sentence"),
    [
        ([], "This list may not be empty."),
        ([{"content": []}], "[0].role: This field is required."),
        ([{"role": "robot", "content": "x"}], '[0].role: "robot" is not a valid choice.'),
        ([{"role": "user", "content": [{"type": "text", "content": {}}]}],
         "[0].content[0].content.text: This field is required."),
        ([{"role": "user", "content": [{"type": "text", "content": {"text": "a", "media_url": "b"}}]}],
         "[0].content[0]: If text is provided, media_url should not be provided"),
        ([{"role": "user", "content": [{"type": "media_base64", "content": {"media_base64": "!"}}]}],
         "[0].content[0].content.media_base64: no base64."),
        ([{"role": "user", "content": [{"type": "video", "content": {}}]}],
         '[0].content[0].type: "video" is not a valid choice.'),
    ],
)  # fmt: skip
def test_a_wrong_message_is_named_by_its_place(address: str, messages: Any, sentence: str) -> None:
    answer = ask(address, {"providers": "openai", "messages": messages}, MULTIMODAL)
    assert answer.status_code == 400
    assert answer.json()["error"]["message"] == {"messages": [sentence]}


@pytest.mark.parametrize(
    "path", [TEXT, "/v2/text/chat/stream", "/v2/llm/chat", "/v1/chat/completions", "/api/v1/chat/completions"]
)
def test_a_key_that_a_provider_repeats_is_hidden(address: str, upstreams: Upstreams, path: str) -> None:
    upstreams["openai"].answer(whole({"error": {"message": "Incorrect API key provided: sk-openai", "code": "x"}}, 401))
    text = {"providers": "openai", "text": "Hi", "show_original_response": True}
    chat = {"model": "openai/gpt-4o", "messages": [{"role": "user", "content": "Hi"}]}
    answer = ask(address, text if "/text/" in path else chat, path)
    assert "Incorrect API key provided: ***" in answer.text
    assert "sk-openai" not in answer.text


def test_the_same_model_is_asked_once_also_as_a_fallback(address: str, upstreams: Upstreams) -> None:
    for server in upstreams.values():
        server.answer(whole(ERROR, 500))
    body = {"providers": "openai", "fallback_providers": ["openai/gpt-4o", "mistral"], "text": "Hi"}
    found = ask(address, body, TEXT).json()
    assert [*found] == ["openai", "mistral"]
    assert found["mistral"]["error"]["message"].startswith("Mistral")


@pytest.mark.parametrize("form", [{"name": 5}, {"strict": "perhaps"}, {"schema": 5}])
def test_a_wrong_response_format_is_refused(address: str, form: Any) -> None:
    given = {"type": "json_schema", "json_schema": {"schema": {"type": "object"}, **form}}
    answer = ask(address, {"providers": "openai", "messages": said("Hi"), "response_format": given}, MULTIMODAL)
    assert [*answer.json()["error"]["message"]] == ["response_format"]


def test_a_request_is_bounded(address: str, upstreams: Upstreams) -> None:
    many = [f"openai/m{number}" for number in range(21)]
    assert [*ask(address, {"providers": many, "text": "Hi"}, TEXT).json()["error"]["message"]] == ["providers"]
    item = {"type": "media_url", "content": {"media_url": "http://127.0.0.1:9/a.png", "media_type": "image/png"}}
    answer = ask(address, {"providers": "openai", "messages": said(*[item] * 11)}, MULTIMODAL)
    assert answer.json()["error"]["message"] == {"messages": ["at most 10 media are fetched for one request."]}
    wrong = ask(address, {"providers": "openai", "text": "Hi", "tool_results": [1] * 20_000}, TEXT)
    assert len(wrong.content) < 20_000
    assert not upstreams["openai"].requests


def test_the_keys_of_providers_stay_where_they_belong(address: str, upstreams: Upstreams) -> None:
    body = {"providers": ["openai", "mistral"], "text": "Hi", "base_url": "http://127.0.0.1:9", "api_key": "x"}
    answer = ask(address, {**body, "settings": {"openai": "gpt-4o", "base_url": "http://127.0.0.1:9"}}, TEXT)
    assert answer.json()["openai"]["status"] == "success"
    for name in ("openai", "mistral"):
        sent = upstreams[name].requests[0]
        assert sent["headers"]["authorization"] == f"Bearer sk-{name}"
        assert "base_url" not in json.loads(sent["body"])
