"""The application over a real socket, its routes, and the command that serves it."""

import asyncio
import json
import re
import select
import socket
import subprocess
import sys
import time
from typing import Any

import httpx
import importlib_metadata
import pytest

from jackfield import (
    Boards,
    ChatRequest,
    ConfigurationError,
    HTTPRequest,
    HTTPResponse,
    Message,
    Request,
    Text,
    hookimpl,
)
from jackfield_sandbox import Sandbox, SandboxApp, command, serve

HELLO = {"model": "gpt-4o", "messages": [{"role": "user", "content": "hello"}]}


def exchange(address: tuple[str, int], body: dict[str, Any], path: str = "/v1/chat/completions") -> bytes:
    """Send a request over a bare socket, and read until the server closes."""
    data = json.dumps(body).encode()
    head = f"POST {path} HTTP/1.1\r\nhost: x\r\ncontent-length: {len(data)}\r\nconnection: close\r\n\r\n".encode()
    with socket.create_connection(address, timeout=10) as connection:
        connection.sendall(head + data)
        received = b""
        while chunk := connection.recv(65536):
            received += chunk
        return received


def test_stream_ends_its_chunked_body(address: tuple[str, int]) -> None:
    received = exchange(address, {**HELLO, "stream": True})
    assert received.startswith(b"HTTP/1.1 200")
    assert b"transfer-encoding: chunked" in received
    assert b"data: [DONE]" in received
    assert received.endswith(b"\r\n0\r\n\r\n")


@pytest.mark.parametrize("streamed", [True, False])
@pytest.mark.parametrize("after", [0, 2, 100_000])
def test_cut_drops_the_connection_without_the_end(address: tuple[str, int], after: int, streamed: bool) -> None:
    received = exchange(address, {**HELLO, "model": f"fault/cut={after}", "stream": streamed})
    assert received.startswith(b"HTTP/1.1 200")
    assert not received.endswith(b"0\r\n\r\n")
    assert b"[DONE]" not in received
    if streamed and after == 2:
        assert received.count(b"data: {") == 2


def test_stream_comes_as_it_is_made(address: tuple[str, int]) -> None:
    data = json.dumps({**HELLO, "model": "fault/stall=2:8", "stream": True}).encode()
    head = f"POST /v1/chat/completions HTTP/1.1\r\nhost: x\r\ncontent-length: {len(data)}\r\n\r\n".encode()
    with socket.create_connection(address, timeout=10) as connection:
        started = time.monotonic()
        connection.sendall(head + data)
        received = b""
        while received.count(b"data: {") < 2:
            received += connection.recv(65536)
        assert time.monotonic() - started < 6
        assert not select.select([connection], [], [], 0.2)[0]


def test_client_that_goes_away_ends_its_stall() -> None:
    async def run() -> float:
        body = json.dumps({**HELLO, "model": "fault/stall=30"}).encode()
        messages = [{"type": "http.request", "body": body}, {"type": "http.disconnect"}]
        sent: list[Any] = []

        async def receive() -> Any:
            return messages.pop(0)

        async def send(message: Any) -> None:
            sent.append(message)

        started = time.monotonic()
        scope = {"type": "http", "method": "POST", "path": "/v1/chat/completions", "headers": []}
        await SandboxApp()(scope, receive, send)
        assert not sent
        return time.monotonic() - started

    assert asyncio.run(run()) < 5


def test_lifespan_is_answered() -> None:
    async def run() -> list[str]:
        messages = [{"type": "lifespan.startup"}, {"type": "lifespan.shutdown"}]
        sent: list[str] = []

        async def receive() -> Any:
            return messages.pop(0)

        async def send(message: Any) -> None:
            sent.append(message["type"])

        await SandboxApp()({"type": "lifespan"}, receive, send)
        return sent

    assert asyncio.run(run()) == ["lifespan.startup.complete", "lifespan.shutdown.complete"]


def test_body_that_is_too_large_is_refused(url: str) -> None:
    response = httpx.post(f"{url}/v1/chat/completions", content=b"x" * 1_000_001)
    assert response.status_code == 413
    assert response.json()["error"]["code"] == "request_too_large"


@pytest.mark.parametrize(
    "path",
    ["/v1/chat/completions", "/openai/v1/chat/completions", "/chat/completions", "/api/v3/chat/completions",
     "/accounts/x%2Fy/ai/v1/chat/completions", "/v1/chat/completions?api-version=1",
     "//openai/deployments/x/chat/completions"],
)  # fmt: skip
def test_paths_may_have_anything_before_them(url: str, path: str) -> None:
    response = httpx.post(url + path, json=HELLO)
    assert response.status_code == 200
    assert response.headers["x-jackfield-sandbox"] == "1"
    assert response.headers["x-request-id"].startswith("req_")
    assert response.json()["system_fingerprint"] == "fp_jackfield_sandbox"


def test_unknown_path_names_the_routes(url: str) -> None:
    response = httpx.get(f"{url}/health")
    assert response.status_code == 404
    assert "POST /v1/chat/completions (openai-chat)" in response.text
    assert response.headers["x-jackfield-sandbox"] == "1"
    near = httpx.post(f"{url}/v1/chat/completion", json=HELLO)
    assert near.status_code == 404
    assert near.json()["error"]["type"] == "invalid_request_error"


def test_wrong_method_names_the_right_one(url: str) -> None:
    response = httpx.get(f"{url}/v1/chat/completions")
    assert response.status_code == 405
    assert "use POST" in response.json()["error"]["message"]


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (b"{", "not JSON"),
        (b"[]", "no JSON object"),
        (b'{"model": "m"}', "messages"),
        (b'{"model": "m", "messages": []}', "at least one"),
        (b'{"model": "m", "messages": [{"role": "user", "content": "x"}], "max_tokens": 0}', "max_tokens"),
        (b'{"model": "m", "messages": [{"role": "user", "content": "x"}], "n": 1000000}', "at most 128"),
        (b'{"model": "m", "messages": [{"role": "user", "content": "x"}], "temperature": "warm"}', "temperature"),
    ],
)
def test_wrong_body_is_a_400(url: str, body: bytes, words: str) -> None:
    response = httpx.post(f"{url}/v1/chat/completions", content=body)
    assert response.status_code == 400
    assert words in response.json()["error"]["message"]
    assert response.headers["x-jackfield-sandbox"] == "1"


class Other:
    """A dialect of a third party: the model stands in the path, and a header tells its versions apart."""

    @hookimpl
    def translate_request(self, request: Request) -> HTTPRequest | None:
        return None

    @hookimpl
    def normalize_response(self, request: Request) -> None:
        return None

    @hookimpl
    def parse_request(self, http_request: HTTPRequest, route: dict[str, str]) -> Request:
        told = str(sorted(route.items()))
        return ChatRequest(model=route["model"], messages=(Message(role="user", parts=(Text(text=told),)),))

    @hookimpl
    def render_response(self, request: Request, response: Any) -> HTTPResponse:
        assert request.serving["sandboxed"]
        said = {"model": response.model, "asked": request.messages[0].text, "stream": request.stream}  # type: ignore[attr-defined]
        return HTTPResponse(200, {"content-type": "application/json"}, json.dumps(said).encode())


@pytest.fixture
def others() -> Sandbox:
    boards = Boards(environ={})
    path = "/v1beta/models/{model}:generate"
    rows = [{"method": "POST", "path": path, "operation": "chat", "stream": False}]
    newer = [{"method": "POST", "path": path, "operation": "chat", "when": {"header": {"x-version": "2026-*"}}}]
    plain = [{"method": "POST", "path": "/v1/say/{model}", "operation": "chat", "when": {"header": "x-say"}}]
    boards.register("dialect", "older", Other(), {"routes": rows})
    boards.register("dialect", "newer", Other(), {"routes": newer})
    boards.register("dialect", "plain", Other(), {"routes": plain})
    return Sandbox(boards)


def test_other_dialects_are_served_by_their_own_data(others: Sandbox) -> None:
    def ask(url: str, headers: dict[str, str] | None = None) -> Any:
        given = others.answer(HTTPRequest("POST", url, headers or {}, b"{}"))
        body = b"".join(step for step in given.body if isinstance(step, bytes))
        return given.status, json.loads(body)

    status, said = ask("https://x/google/v1beta/models/org%2Fname:generate?key=1")
    assert (status, said["model"], said["stream"]) == (200, "org/name", False)
    assert "('stream', 'false')" in said["asked"]
    assert ask("/models/a/b:generate")[1]["model"] == "a/b"
    _, said = ask("/v1beta/models/m:generate", {"x-version": "2026-11"})
    assert said["stream"] is None
    assert ask("/v1beta/models/m:generate", {"x-version": "2025-11"})[1]["stream"] is False
    assert ask("/v1/say/m", {"x-say": ""})[0] == 200
    assert ask("/v1/say/m")[0] == 404
    assert ask("/v1beta/models/fault/status=503:generate")[0] == 503


def test_broken_dialect_breaks_no_other() -> None:
    boards = Boards(environ={})
    boards.register("dialect", "broken", Other(), {"routes": [{"path": "/v1/broken"}]})
    boards.register("dialect", "empty", object(), {"routes": [{"method": "GET", "path": "/e", "operation": "models"}]})
    sandbox = Sandbox(boards)
    with pytest.warns(UserWarning, match="the dialect broken is left out"):
        given = sandbox.answer(HTTPRequest("POST", "/v1/chat/completions", {}, HELLO))
    assert given.status == 200
    assert sandbox.answer(HTTPRequest("GET", "/e", {}, b"")).status == 500


def test_taken_port_is_one_clear_line(address: tuple[str, int], capsys: pytest.CaptureFixture[str]) -> None:
    assert command(["serve", "--port", str(address[1])]) == 1
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == 1
    assert lines[0].startswith(f"sandbox: cannot listen at 127.0.0.1:{address[1]}: ")
    assert "--port" in lines[0]
    with pytest.raises(ConfigurationError, match="cannot listen"):
        serve(port=99999)


def test_module_serves_on_the_loopback_address() -> None:
    arguments = [sys.executable, "-m", "jackfield_sandbox", "--port", "0"]
    process = subprocess.Popen(arguments, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        line = process.stdout.readline()
        assert "http://127.0.0.1:" in line
        assert "openai-chat" in line
        where = line.partition("http://")[2].split()[0]
        host, _, port = where.partition(":")
        deadline = time.monotonic() + 10
        while time.monotonic() < deadline:
            try:
                response = httpx.post(f"http://{host}:{port}/v1/chat/completions", json=HELLO)
                break
            except httpx.ConnectError:
                time.sleep(0.02)
        assert response.status_code == 200
        cut = exchange((host, int(port)), {**HELLO, "model": "fault/cut=1", "stream": True})
        assert not cut.endswith(b"0\r\n\r\n")
    finally:
        process.terminate()
        _, errors = process.communicate(timeout=10)
    assert "Traceback" not in errors


def test_server_that_is_not_installed_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "uvicorn", None)
    with pytest.raises(ConfigurationError, match=re.escape("pip install jackfield-sandbox[serve]")):
        serve()


def test_command_is_found_and_nothing_is_imported_before_it_runs() -> None:
    (entry,) = importlib_metadata.entry_points(group="jackfield.commands", name="sandbox")
    assert entry.value == "jackfield_sandbox:command"
    assert entry.load() is command
    code = "import jackfield_sandbox, sys; print([name for name in sys.modules if name.startswith('jackfield')])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "['jackfield_sandbox']"


def test_public_names_are_all_there() -> None:
    import jackfield_sandbox

    names = jackfield_sandbox.__all__
    assert names == sorted(names)
    assert all(getattr(jackfield_sandbox, name) for name in names)
    with pytest.raises(AttributeError):
        _ = jackfield_sandbox.nothing
