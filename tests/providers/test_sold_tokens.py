"""Tokens that are bought with a key, from a seller on loopback: kept until they end, refused with a remedy."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs

import pytest

from jackfield import AsyncClient, AuthenticationError, Client, ConnectionFailed, OverloadedError, ResponseFormatError

CHAT = {
    "id": "1", "model": "m", "usage": {"prompt_tokens": 1, "completion_tokens": 1},
    "choices": [{"index": 0, "message": {"role": "assistant", "content": "Hi"}, "finish_reason": "stop"}],
}  # fmt: skip


class Cloud(ThreadingHTTPServer):
    """Sells tokens, and answers chats that bring one."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Desk)
        self.sold: list[tuple[str, dict[str, list[str]]]] = []
        self.asked: list[tuple[str, str, dict[str, Any]]] = []
        self.seconds: Any = 3600
        self.called_back: set[str] = set()
        self.answer: tuple[int, Any] | None = None

    @property
    def url(self) -> str:
        """Its address."""
        return f"http://127.0.0.1:{self.server_port}"


class Desk(BaseHTTPRequestHandler):
    """One request."""

    server: Cloud

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["content-length"]))
        if "token" in self.path:
            self.server.sold.append((self.path, parse_qs(body.decode())))
            token = {"access_token": f"made-{len(self.server.sold)}", "expires_in": self.server.seconds}
            status, told = self.server.answer or (200, token)
        elif self.headers["authorization"] in self.server.called_back:
            status, told = 401, {"errors": [{"code": "token_expired", "message": "the token is void"}]}
        else:
            self.server.asked.append((self.path, self.headers["authorization"], json.loads(body)))
            status, told = 200, CHAT
        data = told if isinstance(told, bytes) else json.dumps(told).encode()
        self.send_response(status)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *args: object) -> None: ...


@pytest.fixture
def cloud() -> Iterator[Cloud]:
    with Cloud() as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield server
        server.shutdown()
        thread.join(5)


def entra(cloud: Cloud, secret: str) -> dict[str, str]:
    """Return the environment of an application."""
    return {
        "AZURE_TENANT_ID": "tenant", "AZURE_CLIENT_ID": "app", "AZURE_CLIENT_SECRET": secret,
        "AZURE_AUTHORITY_HOST": cloud.url, "AZURE_OPENAI_ENDPOINT": cloud.url + "/",
    }  # fmt: skip


def iam(cloud: Cloud, key: str) -> dict[str, str]:
    """Return the environment of a user of IBM's."""
    return {
        "WATSONX_API_KEY": key, "WATSONX_PROJECT_ID": "p", "WATSONX_IAM_URL": cloud.url, "WATSONX_URL": cloud.url,
    }  # fmt: skip


def test_an_application_buys_a_token_of_entra_and_uses_it_again(cloud: Cloud) -> None:
    with Client(environ=entra(cloud, "one")) as client:
        assert [client.chat("microsoft/gpt-4o", "Hi").text for _ in range(2)] == ["Hi", "Hi"]
    path, form = cloud.sold[0]
    assert path == "/tenant/oauth2/v2.0/token"
    assert form == {
        "grant_type": ["client_credentials"], "client_id": ["app"], "client_secret": ["one"],
        "scope": ["https://cognitiveservices.azure.com/.default"],
    }  # fmt: skip
    assert len(cloud.sold) == 1
    assert [row[:2] for row in cloud.asked] == [("/openai/v1/chat/completions", "Bearer made-1")] * 2


def test_a_key_of_ibm_buys_a_token_for_a_project(cloud: Cloud) -> None:
    async def ask() -> str:
        async with AsyncClient(environ=iam(cloud, "two")) as client:
            found = await client.chat("ibm/ibm/granite-4-h-small", "Hi", tools=[{"name": "f"}], tool_choice="auto")
            return found.text

    assert asyncio.run(ask()) == "Hi"
    assert cloud.sold[0][1] == {"grant_type": ["urn:ibm:params:oauth:grant-type:apikey"], "apikey": ["two"]}
    path, bearer, body = cloud.asked[0]
    assert path == "/ml/v1/text/chat?version=2025-02-11"
    assert bearer == "Bearer made-1"
    assert (body["model_id"], body["project_id"], body["tool_choice_option"]) == ("ibm/granite-4-h-small", "p", "auto")
    assert body.keys().isdisjoint({"model", "stream", "tool_choice"})


def test_a_token_that_ends_soon_is_bought_anew(cloud: Cloud) -> None:
    cloud.seconds = 30
    with Client(environ=iam(cloud, "three")) as client:
        for _ in range(2):
            client.chat("ibm/ibm/granite-4-h-small", "Hi")
    assert [row[1] for row in cloud.asked] == ["Bearer made-1", "Bearer made-2"]


@pytest.mark.parametrize(
    ("answer", "kind", "match"),
    [
        (
            (401, {"error": "invalid_client", "error_description": "wrong secret"}),
            AuthenticationError,
            "wrong secret; look",
        ),
        ((400, {"errorCode": "BXNIM0415E", "errorMessage": "no such key"}), AuthenticationError, "no such key; look"),
        ((503, b"<html>"), OverloadedError, "it gave no reason"),
        ((200, {"token_type": "Bearer"}), ResponseFormatError, "holds no access_token"),
        ((200, b"<html>"), ResponseFormatError, "holds no access_token"),
    ],
)
@pytest.mark.parametrize("seller", [entra, iam])
def test_a_seller_that_gives_no_token_is_an_error_with_a_remedy(
    cloud: Cloud, seller: Any, answer: tuple[int, Any], kind: type[Exception], match: str
) -> None:
    cloud.answer = answer
    model = "microsoft/gpt-4o" if seller is entra else "ibm/ibm/granite-4-h-small"
    with Client(environ=seller(cloud, "a-secret"), retries=0) as client, pytest.raises(kind, match=match) as caught:
        client.chat(model, "Hi")
    assert caught.value.provider == model.partition("/")[0]  # type: ignore[attr-defined]
    assert "a-secret" not in str(caught.value)
    assert not cloud.asked


def test_a_seller_that_is_not_there_is_told_as_such(cloud: Cloud) -> None:
    environ = {**iam(cloud, "four"), "WATSONX_IAM_URL": "http://127.0.0.1:1"}
    with Client(environ=environ, retries=0) as client, pytest.raises(ConnectionFailed) as caught:
        client.chat("ibm/ibm/granite-4-h-small", "Hi")
    assert caught.value.provider == "ibm"


@pytest.mark.parametrize(("seller", "model"), [(iam, "ibm/ibm/granite-4-h-small"), (entra, "microsoft/gpt-4o")])
def test_a_token_that_was_called_back_is_bought_anew_by_the_next_call(cloud: Cloud, seller: Any, model: str) -> None:
    cloud.called_back.add("Bearer made-1")
    with Client(environ=seller(cloud, "five")) as client, Client(environ=seller(cloud, "another")) as other:
        with pytest.raises(AuthenticationError):
            client.chat(model, "Hi")
        assert other.chat(model, "Hi").text == "Hi"
        assert client.chat(model, "Hi").text == "Hi"
        cloud.called_back.add("Bearer made-3")
        with pytest.raises(AuthenticationError):
            client.chat(model, "Hi")
        assert other.chat(model, "Hi").text == "Hi", "the token of another key is not forgotten"
    assert [row[1] for row in cloud.asked] == ["Bearer made-2", "Bearer made-3", "Bearer made-2"]
    assert len(cloud.sold) == 3


def test_sellers_are_kept_apart(cloud: Cloud) -> None:
    environ = iam(cloud, "six")
    with Client(environ=environ) as client, Client(environ={**environ, "WATSONX_IAM_URL": f"{cloud.url}/eu"}) as other:
        client.chat("ibm/ibm/granite-4-h-small", "Hi")
        other.chat("ibm/ibm/granite-4-h-small", "Hi")
    assert len(cloud.sold) == 2
