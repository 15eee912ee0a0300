"""Addresses in messages: fetched once, within bounds, from nowhere that only the gateway can reach."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from typing import Any

import pytest

from jackfield import Boards
from jackfield_gateway import GatewayApp
from tests.apps.gateway.conftest import ask, served
from tests.apps.gateway.eden.conftest import Upstreams
from tests.core.server import Server, running, whole

PATH = "/v2/multimodal/chat"


@pytest.fixture
def pictures() -> Iterator[Server]:
    with running() as server:
        server.answer(
            [b"HTTP/1.1 200 OK\r\ncontent-type: image/png\r\ncontent-length: 4\r\nconnection: close\r\n\r\n\x89PNG"]
        )
        yield server


def looking(url: str, **more: Any) -> dict[str, Any]:
    item = {"type": "media_url", "content": {"media_url": url, **more}}
    return {"providers": ["openai/gpt-4o", "openai/gpt-4.1"], "messages": [{"role": "user", "content": [item]}]}


def test_it_is_fetched_once_for_all_providers(address: str, upstreams: Upstreams, pictures: Server) -> None:
    answer = ask(address, looking(f"{pictures.url}/a.png", media_type="image/png"), PATH)
    assert [row["status"] for row in answer.json().values()] == ["success", "success"]
    assert len(pictures.requests) == 1
    url = upstreams.body()["messages"][0]["content"][0]["image_url"]["url"]
    assert url == "data:image/png;base64," + base64.b64encode(b"\x89PNG").decode()
    content = answer.json()["openai/gpt-4o"]["messages"][0]["content"][0]["content"]
    assert content == {
        "media_url": f"{pictures.url}/a.png", "media_base64": None, "text": None, "media_type": "image/png",
    }  # fmt: skip


def test_no_key_of_anybody_goes_to_the_address(address: str, upstreams: Upstreams, pictures: Server) -> None:
    ask(address, looking(f"{pictures.url}/a.png"), PATH, authorization="Bearer callers-secret")
    sent = {name: value for name, value in pictures.requests[0]["headers"].items() if name != "host"}
    assert sent == {
        "accept": "*/*", "accept-encoding": "identity", "user-agent": "jackfield", "connection": "close",
    }  # fmt: skip


@pytest.mark.parametrize(
    "url",
    ["http://169.254.169.254/latest/meta-data", "http://[::1]:80/", "file:///etc/passwd", "http://a\\@127.0.0.1/"],
)
def test_by_default_only_public_addresses_are_asked(upstreams: Upstreams, pictures: Server, url: str) -> None:
    overrides = {"openai": {"api_key": "sk", "base_url": upstreams["openai"].url}}
    with served(GatewayApp(overrides, boards=Boards({}, environ={}))) as address:
        port = pictures.port
        for refused in (url, f"http://127.0.0.1:{port}/a.png", f"http://localhost:{port}/a.png"):
            answer = ask(address, looking(refused), PATH)
            assert answer.status_code == 400
            assert [*answer.json()["error"]["message"]] == ["messages"]
    assert not pictures.requests
    assert not upstreams["openai"].requests


def test_an_address_that_gives_nothing_fails_for_every_provider(
    address: str, upstreams: Upstreams, pictures: Server
) -> None:
    pictures.answer([None])
    answer = ask(address, looking(f"{pictures.url}/a.png"), PATH)
    assert answer.status_code == 200
    assert [row["status"] for row in answer.json().values()] == ["fail", "fail"]
    assert not upstreams["openai"].requests


@pytest.mark.parametrize(
    ("script", "sentence"),
    [(whole(b"x" * 200_000), "larger than 100000 bytes"), (whole(b"", 404), "answers 404")],
)
def test_what_is_too_large_or_not_there_is_refused(
    address: str, upstreams: Upstreams, pictures: Server, script: Any, sentence: str
) -> None:
    pictures.answer(script)
    answer = ask(address, looking(f"{pictures.url}/a.png"), PATH)
    assert answer.status_code == 400
    assert sentence in answer.json()["error"]["message"]["messages"][0]
    assert not upstreams["openai"].requests


def test_what_stands_at_all_addresses_of_a_request_has_one_bound(
    address: str, upstreams: Upstreams, pictures: Server
) -> None:
    pictures.answer(whole(b"x" * 90_000))
    body = looking(f"{pictures.url}/a.png", media_type="image/png")
    body["messages"][0]["content"] *= 2
    answer = ask(address, body, PATH)
    assert answer.status_code == 400
    assert "more than 150000 bytes together" in answer.json()["error"]["message"]["messages"][0]
    assert not upstreams["openai"].requests
