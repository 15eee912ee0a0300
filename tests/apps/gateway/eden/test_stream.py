"""`text/chat/stream`: lines of JSON as they come, fallbacks in the middle, and callers that go away."""

from __future__ import annotations

import json
import socket
import time
from typing import Any

import httpx
import pytest

from tests.apps.gateway.conftest import ask
from tests.apps.gateway.eden.conftest import Upstreams
from tests.core.server import DONE, USAGE, Script, chunk, streamed, whole

PATH = "/v2/text/chat/stream"
BODY: dict[str, Any] = {"providers": ["openai/gpt-4o-mini"], "text": "Hi"}
ERROR = {"error": {"message": "because", "type": "invalid_request_error", "code": None}}


def speaking(*words: str) -> Script:
    return streamed(*(chunk(content=word) for word in words), chunk(finish="stop"), USAGE, DONE)


def cut(*words: str) -> Script:
    return streamed(*(chunk(content=word) for word in words), finished=False)


def lines(answer: httpx.Response) -> list[dict[str, Any]]:
    assert answer.headers["content-type"].startswith("text/plain")
    return [json.loads(line) for line in answer.text.splitlines()]


def test_each_line_is_one_object_with_three_members(address: str, upstreams: Upstreams) -> None:
    upstreams["openai"].answer(speaking("Hel", "lo\n", "there"))
    found = lines(ask(address, BODY, PATH))
    assert [row["text"] for row in found] == ["Hel", "lo\n", "there"]
    assert all(row == {"text": row["text"], "blocked": False, "provider": "openai/gpt-4o-mini"} for row in found)
    assert "" not in ask(address, BODY, PATH).text.rstrip("\n").split("\n"), "a reader of lines meets no empty one"


def test_lines_come_as_they_are_said(address: str, upstreams: Upstreams) -> None:
    upstreams["openai"].answer(streamed(chunk(content="first"), 0.6, chunk(content="second"), USAGE, DONE))
    began = time.monotonic()
    with httpx.stream("POST", address + PATH, json=BODY) as answer:
        assert json.loads(next(answer.iter_lines()))["text"] == "first"
        assert time.monotonic() - began < 0.5


def test_only_one_provider_is_taken(address: str, upstreams: Upstreams) -> None:
    answer = ask(address, {**BODY, "providers": ["openai", "mistral"]}, PATH)
    assert answer.status_code == 400
    assert [*answer.json()["error"]["message"]] == ["providers"]


def test_an_error_before_the_first_line_is_an_answer_of_its_own(address: str, upstreams: Upstreams) -> None:
    upstreams["openai"].answer(whole(ERROR, 429))
    answer = ask(address, BODY, PATH)
    assert answer.status_code == 429
    assert answer.json()["error"] == {
        "type": "ProviderLimitationError", "message": "OpenAI has returned an error: because",
    }  # fmt: skip


def test_a_fallback_before_the_first_line_is_silent(address: str, upstreams: Upstreams) -> None:
    upstreams["openai"].answer(whole(ERROR, 500))
    upstreams["mistral"].answer(speaking("Hello"))
    found = lines(ask(address, {**BODY, "fallback_providers": ["mistral"]}, PATH))
    assert found == [{"text": "Hello", "blocked": False, "provider": "mistral"}]


def test_continue_goes_on_where_the_first_one_stopped(address: str, upstreams: Upstreams) -> None:
    upstreams["openai"].answer(cut("One two "))
    upstreams["mistral"].answer(speaking("three ", "four"))
    found = lines(ask(address, {**BODY, "fallback_providers": ["mistral"]}, PATH))
    assert "".join(row["text"] for row in found) == "One two three four"
    assert [row["provider"] for row in found] == ["openai/gpt-4o-mini", "mistral", "mistral"]
    assert "One two" in json.dumps(upstreams.body("mistral")["messages"][-2:])


def test_rerun_begins_again_and_says_so(address: str, upstreams: Upstreams) -> None:
    upstreams["openai"].answer(cut("One two "))
    upstreams["mistral"].answer(speaking("Three ", "four"))
    found = lines(ask(address, {**BODY, "fallback_providers": ["mistral"], "fallback_type": "rerun"}, PATH))
    restarted = next(index for index, row in enumerate(found) if row.get("restarted"))
    assert "".join(row["text"] for row in found[restarted:]) == "Three four"
    assert upstreams.body("mistral")["messages"] == upstreams.body("openai")["messages"]


def test_a_stream_that_breaks_off_is_no_whole_answer(address: str, upstreams: Upstreams) -> None:
    upstreams["openai"].answer(cut("One two "))
    found: list[dict[str, Any]] = []
    with httpx.stream("POST", address + PATH, json=BODY) as answer:
        rows = answer.iter_lines()
        found += [json.loads(next(rows)), json.loads(next(rows))]
        with pytest.raises(httpx.RemoteProtocolError):
            next(rows)
    assert found[0]["text"] == "One two "
    assert found[-1]["text"] == ""
    assert "broke off" in found[-1]["error"]["message"]


def test_calls_of_tools_stand_in_a_last_line(address: str, upstreams: Upstreams) -> None:
    call = {"index": 0, "id": "c1", "type": "function", "function": {"name": "weather", "arguments": '{"a":'}}
    rest = {"index": 0, "function": {"arguments": "1}"}}
    upstreams["openai"].answer(
        streamed(chunk(tool_calls=[call]), chunk(tool_calls=[rest]), chunk(finish="tool_calls"), USAGE, DONE)
    )
    found = lines(ask(address, {**BODY, "available_tools": [{"name": "weather"}]}, PATH))
    assert found[-1]["tool_calls"] == [{"id": "c1", "name": "weather", "arguments": '{"a":1}'}]


def test_what_was_blocked_is_marked(address: str, upstreams: Upstreams) -> None:
    upstreams["openai"].answer(streamed(chunk(content="No"), chunk(finish="content_filter"), USAGE, DONE))
    found = lines(ask(address, BODY, PATH))
    assert [row["blocked"] for row in found] == [False, True]


@pytest.mark.parametrize("index", range(7))
@pytest.mark.parametrize("path", [PATH, "/v2/llm/chat", "/v1/chat/completions", "/api/v1/chat/completions"])
def test_a_caller_that_goes_away_at_any_event_closes_the_providers_connection_within_a_second(
    address: str, upstreams: Upstreams, index: int, path: str
) -> None:
    pieces: list[bytes | float | None] = [chunk(content=f"word{number} ") for number in range(6)]
    pieces.insert(index, 8.0)  # the provider has said so much, and goes on only after a while
    upstreams["openai"].closed_early.clear()
    upstreams["openai"].answer(streamed(*pieces, USAGE, DONE))
    body = BODY if path == PATH else {
        "model": "openai/gpt-4o-mini", "messages": [{"role": "user", "content": "Hi"}], "stream": True,
    }  # fmt: skip
    data = json.dumps(body).encode()
    host, _, port = address.removeprefix("http://").partition(":")
    head = f"POST {path} HTTP/1.1\r\nhost: {host}:{port}\r\ncontent-type: application/json\r\n"
    with socket.create_connection((host, int(port)), timeout=5) as caller:
        caller.sendall(f"{head}content-length: {len(data)}\r\n\r\n".encode() + data)
        heard = b""
        while index and f"word{index - 1} ".encode() not in heard:
            heard += caller.recv(65536)
        until = time.monotonic() + 5
        while not upstreams["openai"].requests and time.monotonic() < until:
            time.sleep(0.005)
    gone = time.monotonic()
    assert upstreams["openai"].closed_early.wait(1), "the provider goes on talking to nobody"
    assert time.monotonic() - gone < 1
