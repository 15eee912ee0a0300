"""Every fault as it is seen at the socket, by a client of a few lines that shares no code with ours."""

from __future__ import annotations

import email.utils
import json
import socket
import struct
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from jackfield import Boards, ConfigurationError, HTTPRequest, JackfieldError
from jackfield_sandbox import Sandbox
from jackfield_sandbox._scenarios import Scenarios

CHAT: tuple[str, dict[str, Any]] = ("/v1/chat/completions", {"messages": [{"role": "user", "content": "What is new?"}]})
#: How each dialect is asked to stream, and what an error inside of a good stream looks like there.
DIALECTS: dict[str, tuple[str, dict[str, Any], bytes]] = {
    "openai-chat": (CHAT[0], {**CHAT[1], "model": "m", "stream": True}, b'data: {"error":'),
    "openai-responses": (
        "/v1/responses",
        {"model": "m", "input": "hello", "stream": True},
        b"event: response.failed\n",
    ),
    "anthropic-messages": (
        "/v1/messages",
        {"model": "m", "max_tokens": 99, "messages": CHAT[1]["messages"], "stream": True},
        b"event: error\n",
    ),
    "gemini": (
        "/v1beta/models/m:streamGenerateContent?alt=sse",
        {"contents": [{"role": "user", "parts": [{"text": "hello"}]}]},
        b'"error":',
    ),
    "ollama-chat": ("/api/chat", {"model": "m", "messages": CHAT[1]["messages"], "stream": True}, b'{"error":'),
    "cohere-chat": (
        "/v2/chat",
        {"model": "m", "messages": CHAT[1]["messages"], "stream": True},
        b'"finish_reason":"ERROR"',
    ),
}


@dataclass
class Seen:
    """What came over the socket, when, and how it ended: eof, reset, or open still."""

    raw: bytes = b""
    times: list[float] = field(default_factory=list)
    ending: str = "open"

    @property
    def status(self) -> int:
        return int(self.raw.split(b" ", 2)[1])

    @property
    def headers(self) -> dict[str, str]:
        lines = self.raw.partition(b"\r\n\r\n")[0].decode("latin-1").split("\r\n")[1:]
        return {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}

    @property
    def body(self) -> bytes:
        """The body without its chunks' lengths."""
        rest = self.raw.partition(b"\r\n\r\n")[2]
        if self.headers.get("transfer-encoding") != "chunked":
            return rest
        found = b""
        while rest and (size := int(rest.partition(b"\r\n")[0] or b"0", 16)):
            rest = rest.partition(b"\r\n")[2]
            found, rest = found + rest[:size], rest[size + 2 :]
        return found

    @property
    def is_whole(self) -> bool:
        """Whether the end of the body has come, as HTTP counts it."""
        if self.headers.get("transfer-encoding") == "chunked":
            return self.raw.endswith(b"\r\n0\r\n\r\n") or self.raw.endswith(b"\r\n\r\n0\r\n\r\n")
        return len(self.body) == int(self.headers.get("content-length", -1))


def ask(
    address: tuple[str, int],
    fault: str = "",
    stream: bool = False,
    seconds: float = 1.0,
    path: str = CHAT[0],
    body: dict[str, Any] | None = None,
    most: int = 1 << 30,
) -> Seen:
    """Send a request; read until it is answered, ends or the time is up."""
    data = json.dumps(body or {**CHAT[1], "model": "m", "stream": stream}).encode()
    head = f"POST {path} HTTP/1.1\r\nhost: x\r\nauthorization: Bearer k\r\ncontent-type: application/json\r\n"
    if fault:
        head += f"x-jackfield-fault: {fault}\r\n"
    seen = Seen()
    began = time.monotonic()
    with socket.create_connection(address, timeout=5) as connection:
        connection.sendall(f"{head}content-length: {len(data)}\r\n\r\n".encode() + data)
        while (left := began + seconds - time.monotonic()) > 0 and len(seen.raw) < most:
            connection.settimeout(left)
            try:
                piece = connection.recv(1 << 20)
            except TimeoutError:
                break
            except ConnectionResetError:
                seen.ending = "reset"
                break
            if not piece:
                seen.ending = "eof"
                break
            seen.raw += piece
            seen.times.append(time.monotonic() - began)
            if b"\r\n\r\n" in seen.raw and seen.is_whole:
                break
    return seen


@pytest.fixture(scope="module", autouse=True)
def _warm(address: tuple[str, int]) -> None:
    """Let the first request load the dialect, so that none that is measured does."""
    assert ask(address, seconds=10.0).is_whole


@pytest.mark.parametrize("status", [200, 204, 302, 404, 418, 451, 529, 599])
def test_any_status(address: tuple[str, int], status: int) -> None:
    seen = ask(address, f"status={status};header.x-own=yes", seconds=0.5)
    assert seen.status == status
    assert seen.headers["x-own"] == "yes"


def test_any_body(address: tuple[str, int]) -> None:
    assert ask(address, 'status=418;body={"any": ";thing"').body == b'{"any": ";thing"'


@pytest.mark.parametrize("text", ["2", "0.5", "Wed, 21 Oct 2037 07:28:00 GMT", "never mind", "-7"])
def test_retry_after_as_it_is_written(address: tuple[str, int], text: str) -> None:
    assert ask(address, f"status=429;retry-after={text}").headers["retry-after"] == text


def test_retry_after_in_milliseconds(address: tuple[str, int]) -> None:
    headers = ask(address, "status=429;retry-after=250ms").headers
    assert headers["retry-after-ms"] == "250"
    assert "retry-after" not in headers


def test_retry_after_as_a_date(address: tuple[str, int]) -> None:
    text = ask(address, "status=503;retry-after=in:90").headers["retry-after"]
    assert 85 < email.utils.parsedate_to_datetime(text).timestamp() - time.time() < 92


def test_absurd_retry_after_is_seeded(address: tuple[str, int]) -> None:
    def given(seed: int) -> str:
        return ask(address, f"status=429;retry-after=absurd;seed={seed}").headers["retry-after"]

    assert [given(seed) for seed in range(12)] == [given(seed) for seed in range(12)]
    assert len({given(seed) for seed in range(12)}) > 2


@pytest.mark.parametrize("stream", [False, True])
def test_reset_before_the_head(address: tuple[str, int], stream: bool) -> None:
    seen = ask(address, "reset", stream)
    assert (seen.raw, seen.ending) == (b"", "reset")


def test_reset_in_a_stream(address: tuple[str, int]) -> None:
    seen = ask(address, "reset=3", True)
    assert seen.ending == "reset"
    assert not seen.raw.endswith(b"0\r\n\r\n")


@pytest.mark.parametrize("stream", [False, True])
def test_hang_before_the_head(address: tuple[str, int], stream: bool) -> None:
    seen = ask(address, "hang", stream, seconds=0.4)
    assert (seen.raw, seen.ending) == (b"", "open")


@pytest.mark.alone
def test_slow_first_chunk_after_the_head(address: tuple[str, int]) -> None:
    seen = ask(address, "slow=0.4", True, seconds=3)
    assert seen.times[0] < 0.3
    assert any(0.35 < moment < 1.5 for moment in seen.times)
    assert seen.is_whole


def test_slow_head(address: tuple[str, int]) -> None:
    seen = ask(address, "stall=0.4", True, seconds=3)
    assert seen.times[0] > 0.35
    assert seen.is_whole


def test_stall_in_the_middle(address: tuple[str, int]) -> None:
    seen = ask(address, "stall=3:30", True, seconds=0.6)
    assert seen.ending == "open"
    assert seen.body.count(b"data: ") == 3


def test_slow_body(address: tuple[str, int]) -> None:
    seen = ask(address, "pace=0.05;cut=6", True, seconds=3)
    assert seen.times[-1] - seen.times[0] > 0.2


def test_cut_after_some_chunks(address: tuple[str, int]) -> None:
    seen = ask(address, "cut=4", True)
    assert seen.ending == "eof"
    assert not seen.is_whole
    assert seen.body.count(b"data: ") == 4


def test_malformed_chunk(address: tuple[str, int]) -> None:
    seen = ask(address, "malformed=2", True)
    rows = [line[6:] for line in seen.body.split(b"\n") if line.startswith(b"data: ") and b"[DONE]" not in line]
    broken = [number for number, row in enumerate(rows) if not _is_json(row)]
    assert broken == [2]
    assert seen.is_whole


def test_end_marker_left_out(address: tuple[str, int]) -> None:
    seen = ask(address, "unfinished", True)
    assert seen.is_whole
    assert b"data: " in seen.body
    assert b"[DONE]" not in seen.body
    assert b"[DONE]" in ask(address, "", True).body


@pytest.mark.parametrize("dialect", DIALECTS)
def test_error_in_a_good_stream_in_the_dialects_own_way(address: tuple[str, int], dialect: str) -> None:
    path, body, mark = DIALECTS[dialect]
    seen = ask(address, "error=2", path=path, body=body)
    assert seen.status == 200
    assert mark in seen.body.replace(b'": ', b'":')
    assert seen.is_whole
    assert mark not in ask(address, path=path, body=body).body.replace(b'": ', b'":')


def test_page_of_html(address: tuple[str, int]) -> None:
    seen = ask(address, "html")
    assert seen.status == 502
    assert seen.headers["content-type"] == "text/html"
    assert seen.body.startswith(b"<html>")
    assert ask(address, "html;status=200").status == 200


@pytest.mark.parametrize("stream", [False, True])
def test_refusal_of_content(address: tuple[str, int], stream: bool) -> None:
    seen = ask(address, "refusal", stream)
    assert seen.status == 200
    assert b'"finish_reason":"content_filter"' in seen.body.replace(b'": ', b'":')
    filtered = ask(address, "filtered", stream)
    assert filtered.status == 400
    assert b"content_filter" in filtered.body


def test_context_overflow(address: tuple[str, int]) -> None:
    seen = ask(address, "context")
    assert seen.status == 400
    assert b"context_length_exceeded" in seen.body


def test_wrong_content_type(address: tuple[str, int]) -> None:
    seen = ask(address, "type=text/plain")
    assert seen.headers["content-type"] == "text/plain"
    assert json.loads(seen.body)["choices"]


def test_gzip_garbage(address: tuple[str, int]) -> None:
    seen = ask(address, "gzip")
    assert seen.headers["content-encoding"] == "gzip"
    assert seen.body[:2] != b"\x1f\x8b"


@pytest.mark.parametrize("stream", [False, True])
def test_endless(address: tuple[str, int], stream: bool) -> None:
    seen = ask(address, "endless", stream, seconds=5, most=2_000_000)
    assert len(seen.raw) >= 2_000_000
    assert not seen.is_whole
    assert ask(address, "", stream).is_whole, "the server does not answer any more"


@pytest.mark.parametrize("stream", [False, True])
def test_huge(address: tuple[str, int], stream: bool) -> None:
    seen = ask(address, "huge=3000000", stream, seconds=10)
    assert seen.is_whole
    assert 3_000_000 < len(seen.body) < 3_100_000
    if not stream:
        assert json.loads(seen.body)["choices"]


def test_flapping(address: tuple[str, int]) -> None:
    name = f"n{time.monotonic_ns()}"
    fault = f"flap=3:{name};status=503"
    assert [ask(address, fault).status for _ in range(5)] == [503, 503, 503, 200, 200]


def test_fault_by_the_models_name(address: tuple[str, int]) -> None:
    body = {**CHAT[1], "model": "anything/fault/status=429;retry-after=1"}
    seen = ask(address, body=body)
    assert (seen.status, seen.headers["retry-after"]) == (429, "1")


@pytest.fixture
def scenario(tmp_path: Path) -> Path:
    path = tmp_path / "scenario.toml"
    path.write_text(
        'seed = 7\n[[faults]]\nmodel = "big-*"\nfrom = 2\nto = 3\nfault = "status=503"\n'
        '[[faults]]\nmodel = "some"\nshare = 0.5\nfault = "status=429;retry-after=1"\n'
        '[[faults]]\ndialect = "anthropic-*"\nfault = "context"\n',
        encoding="utf-8",
    )
    return path


def test_scenario_file(boards: Boards, scenario: Path) -> None:
    def statuses(model: str, count: int, path: str = CHAT[0], **more: Any) -> list[int]:
        body = json.dumps({**CHAT[1], "model": model, **more}).encode()
        request = HTTPRequest("POST", path, {"content-type": "application/json"}, body)
        return [sandbox.answer(request).status for _ in range(count)]

    sandbox = Sandbox(boards, scenario)
    assert statuses("big-1", 5) == [200, 503, 503, 200, 200]
    assert statuses("other", 2) == [200, 200]
    assert statuses("other", 1, "/v1/messages", max_tokens=5) == [400]
    some = statuses("some", 40)
    assert 8 < some.count(429) < 32
    sandbox = Sandbox(boards, scenario)
    assert statuses("some", 40) == some


@pytest.mark.parametrize(
    ("text", "match"),
    [
        ("nonsense", "scenario.toml"),
        ("seed = 1", "has seed"),
        ('[[faults]]\nfault = "boom"', r"faults\[0\].*boom"),
        ("[[faults]]\nmodel = 'x'", r"faults\[0\] has fault"),
        ('[[faults]]\nfault = "html"\nshare = 2', "share is between 0 and 1"),
        ('[[faults]]\nfault = "html"\nfrom = 3\nto = 2', "whole numbers"),
        ('[[faults]]\nfault = "html"\nmodle = "x"', "may have"),
    ],
)
def test_wrong_scenario_is_explained(tmp_path: Path, text: str, match: str) -> None:
    path = tmp_path / "scenario.toml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(ConfigurationError, match=match):
        Scenarios(path)


def test_scenario_that_is_not_there_is_explained(tmp_path: Path) -> None:
    with pytest.raises(JackfieldError, match=r"nowhere\.toml"):
        Scenarios(tmp_path / "nowhere.toml")


def test_server_forgets_connections(address: tuple[str, int]) -> None:
    from jackfield_sandbox import _sockets

    for _ in range(3):
        ask(address)
    with socket.create_connection(address) as connection:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    until = time.monotonic() + 3
    while _sockets._open and time.monotonic() < until:
        time.sleep(0.01)
    assert not _sockets._open


def _is_json(data: bytes) -> bool:
    try:
        json.loads(data)
    except ValueError:
        return False
    return True
