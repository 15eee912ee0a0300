"""Vertex AI: addresses by location, Claude behind rawPredict, tokens that google-auth makes."""

from __future__ import annotations

import asyncio
import json
import sys
import threading
from collections.abc import Iterator
from decimal import Decimal
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

import jackfield
from jackfield import AsyncClient, AuthenticationError, Client, ConfigurationError, Message

ANSWER = json.dumps(
    {"id": "msg_1", "type": "message", "role": "assistant", "model": "claude-opus-4-6", "stop_reason": "end_turn",
     "content": [{"type": "text", "text": "Hi"}], "usage": {"input_tokens": 10, "output_tokens": 2}}
).encode()  # fmt: skip


class Memory:
    """Answers as Claude does, and keeps what was asked."""

    def __init__(self) -> None:
        self.seen: list[jackfield.HTTPRequest] = []
        self.called_back = ""

    def send(self, request: jackfield.HTTPRequest, timeout: Any) -> jackfield.Reply:
        self.seen.append(request)
        if request.headers["authorization"] == self.called_back:
            return jackfield.Reply(401, {}, iter((b"{}",)), lambda: None)
        return jackfield.Reply(200, {"content-type": "application/json"}, iter((ANSWER,)), lambda: None)

    def close(self) -> None: ...


class AsyncMemory(Memory):
    """The same, in the other colour."""

    async def send(self, request: jackfield.HTTPRequest, timeout: Any) -> jackfield.AsyncReply:  # type: ignore[override]
        self.seen.append(request)

        async def chunks() -> Any:
            yield ANSWER

        async def close() -> None: ...

        return jackfield.AsyncReply(200, {"content-type": "application/json"}, chunks(), close)

    async def aclose(self) -> None: ...


class TokenServer(ThreadingHTTPServer):
    """Gives tokens for assertions, as Google's does."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Tokens)
        self.asked: list[bytes] = []
        self.refuse = False


class Tokens(BaseHTTPRequestHandler):
    """One request for a token."""

    server: TokenServer

    def do_POST(self) -> None:
        self.server.asked.append(self.rfile.read(int(self.headers["content-length"])))
        number = len(self.server.asked)
        body: dict[str, Any] = {"access_token": f"made-{number}", "expires_in": 3600, "token_type": "Bearer"}
        if self.server.refuse:
            body = {"error": "invalid_grant", "error_description": "Invalid JWT Signature."}
        self.send_response(400 if self.server.refuse else 200)
        self.send_header("content-type", "application/json")
        self.end_headers()
        self.wfile.write(json.dumps(body).encode())

    def log_message(self, *args: object) -> None: ...


@pytest.fixture
def tokens() -> Iterator[TokenServer]:
    with TokenServer() as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield server
        server.shutdown()
        thread.join(5)


@pytest.fixture
def account(tmp_path: Path, tokens: TokenServer) -> Path:
    """Write the file of a service account whose tokens come from here."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048).private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    table = {
        "type": "service_account", "project_id": "p", "private_key_id": "1", "private_key": key.decode(),
        "client_email": "any@p.invalid", "token_uri": f"http://127.0.0.1:{tokens.server_port}/token",
    }  # fmt: skip
    (path := tmp_path / "account.json").write_text(json.dumps(table))
    return path


def exchange(model: str, stream: bool | None = None, **environ: str) -> jackfield.Exchange:
    """Open an exchange as a client would."""
    environ = {"GOOGLE_CLOUD_PROJECT": "p", "CLOUDSDK_AUTH_ACCESS_TOKEN": "t", **environ}
    request = jackfield.ChatRequest(model=f"vertex/{model}", messages="Hi", max_tokens=5, stream=stream)
    return Client(environ=environ).exchange(request)


@pytest.mark.parametrize(
    ("location", "host"),
    [
        ("", "aiplatform.googleapis.com"),
        ("us", "aiplatform.us.rep.googleapis.com"),
        ("europe-west4", "europe-west4-aiplatform.googleapis.com"),
    ],
)
def test_a_location_has_its_host(location: str, host: str) -> None:
    asked = exchange("gemini-3.5-flash", GOOGLE_CLOUD_LOCATION=location).authorized()
    where = f"/v1beta1/projects/p/locations/{location or 'global'}/publishers/google/models/gemini-3.5-flash"
    assert asked.url == f"https://{host}{where}:generateContent"
    assert asked.headers["authorization"] == "Bearer t"


@pytest.mark.parametrize(("stream", "verb"), [(None, "rawPredict"), (True, "streamRawPredict")])
def test_claude_is_asked_under_its_own_address(stream: bool | None, verb: str) -> None:
    asked = exchange("claude-3-7-sonnet@20250219", stream, CLOUD_ML_REGION="us-east5").authorized()
    place = "v1/projects/p/locations/us-east5/publishers/anthropic/models/claude-3-7-sonnet@20250219"
    assert asked.url == f"https://us-east5-aiplatform.googleapis.com/{place}:{verb}"
    assert "anthropic-version" not in asked.headers
    assert json.loads(asked.body) == {
        "messages": [{"role": "user", "content": "Hi"}],
        "max_tokens": 5,
        "anthropic_version": "vertex-2023-10-16",
        **({"stream": True} if stream else {}),
    }


def test_an_answer_of_claude_is_read_and_priced() -> None:
    client = Client({"vertex": {"api_key": "t", "project": "p"}}, transport=Memory(), environ={})
    found = client.chat("vertex/claude-opus-4-6", "Hi")
    assert (found.text, str(found.cost)) == ("Hi", "0.0001 USD")


@pytest.mark.parametrize(
    ("model", "location", "cost"),
    [
        ("claude-opus-4-6", "global", "0.0001"),
        ("claude-opus-4-6", "", "0.0001"),
        ("claude-opus-4-6", "us-east5", "0.00011"),
        ("claude-opus-4-6", "eu", "0.00011"),
        ("claude-sonnet-4-5", "europe-west1", "0.000066"),
        ("claude-opus-4@20250514", "us-east5", "0.0003"),
    ],
)
def test_newer_models_of_claude_cost_more_in_a_region(model: str, location: str, cost: str) -> None:
    asked = exchange(model, GOOGLE_CLOUD_LOCATION=location)
    asked.receive_head(200, {"content-type": "application/json"})
    asked.receive_data(ANSWER.replace(b"claude-opus-4-6", model.encode()))
    asked.receive_eof()
    assert asked.response.cost is not None
    assert asked.response.cost.total == Decimal(cost)


def test_a_project_that_is_not_named_is_asked_for() -> None:
    with pytest.raises(ConfigurationError, match="'project' has no value; set GOOGLE_CLOUD_PROJECT"):
        exchange("gemini-3.5-flash", GOOGLE_CLOUD_PROJECT="")


def test_a_token_is_made_once_and_used_until_it_ends(account: Path, tokens: TokenServer) -> None:
    environ = {"GOOGLE_CLOUD_PROJECT": "p", "GOOGLE_APPLICATION_CREDENTIALS": str(account)}
    memory, other = Memory(), AsyncMemory()
    client = Client(transport=memory, environ=environ)
    assert client.chat("vertex/claude-opus-4-6", "Hi").text == "Hi"
    client.chat("vertex/claude-opus-4-6", [Message(role="user", parts="Again")])

    async def ask() -> str:
        return (await AsyncClient(transport=other, environ=environ).chat("vertex/claude-opus-4-6", "Hi")).text

    assert asyncio.run(ask()) == "Hi"
    sent = [request.headers["authorization"] for request in (*memory.seen, *other.seen)]
    assert sent == ["Bearer made-1"] * 3
    assert len(tokens.asked) == 1
    assert b"assertion=" in tokens.asked[0]


def test_a_token_that_was_called_back_is_made_anew_by_the_next_call(account: Path, tokens: TokenServer) -> None:
    environ = {"GOOGLE_CLOUD_PROJECT": "p", "GOOGLE_APPLICATION_CREDENTIALS": str(account)}
    memory = Memory()
    client = Client(transport=memory, environ=environ)
    client.chat("vertex/claude-opus-4-6", "Hi")
    memory.called_back = "Bearer made-1"
    with pytest.raises(AuthenticationError, match="a token lasts an hour"):
        client.chat("vertex/claude-opus-4-6", "Hi")
    assert client.chat("vertex/claude-opus-4-6", "Hi").text == "Hi"
    assert memory.seen[-1].headers["authorization"] == "Bearer made-2"
    assert len(tokens.asked) == 2


def test_credentials_that_are_refused_say_so_without_the_key(account: Path, tokens: TokenServer) -> None:
    tokens.refuse = True
    client = Client(
        transport=Memory(), environ={"GOOGLE_CLOUD_PROJECT": "p", "GOOGLE_APPLICATION_CREDENTIALS": str(account)}
    )
    with pytest.raises(AuthenticationError, match=r"invalid_grant.*make a new key") as caught:
        client.chat("vertex/claude-opus-4-6", "Hi")
    assert caught.value.provider == "vertex"
    assert "PRIVATE" not in str(caught.value)


def test_a_file_that_is_no_credentials_is_named(tmp_path: Path) -> None:
    environ = {"GOOGLE_CLOUD_PROJECT": "p", "GOOGLE_APPLICATION_CREDENTIALS": str(tmp_path / "file.json")}
    for text, match in ((None, "No such file"), ("{}", "type"), ('{"type": "external_account"}', "give a token")):
        if text is not None:
            (tmp_path / "file.json").write_text(text)
        with pytest.raises(ConfigurationError, match=f"names no usable credentials.*{match}"):
            Client(transport=Memory(), environ=environ).chat("vertex/claude-opus-4-6", "Hi")


def test_without_google_auth_the_error_names_the_extra(account: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("google.auth", "google.auth.exceptions", "google.auth.transport.requests"):
        monkeypatch.setitem(sys.modules, name, None)
    environ = {"GOOGLE_CLOUD_PROJECT": "p", "GOOGLE_APPLICATION_CREDENTIALS": str(account)}
    with pytest.raises(ConfigurationError, match=r"pip install jackfield-google\[vertex\]"):
        Client(transport=Memory(), environ=environ).chat("vertex/claude-opus-4-6", "Hi")
