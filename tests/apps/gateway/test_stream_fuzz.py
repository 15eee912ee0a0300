"""Streams of every family under chance: whatever a provider says, in whatever pieces, each line and event is whole."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.apps.gateway.eden.conftest import Upstreams, address, providers, shelf, upstreams
from tests.core.server import DONE, USAGE, Script, chunk, streamed

__all__ = ["address", "providers", "shelf", "upstreams"]

TEXTS = st.lists(st.text(max_size=12), max_size=6)
#: What a stream may end with: well, with an error inside it, with something that is no JSON, or not at all.
ENDS: dict[str, list[bytes]] = {
    "well": [chunk(finish="stop"), USAGE, DONE],
    "without usage": [chunk(finish="stop"), DONE],
    "filtered": [chunk(finish="content_filter"), USAGE, DONE],
    "error": [b'data: {"error": {"message": "because", "code": "server_error"}}\n\n'],
    "garbage": [b"data: {no json\n\n"],
    "cut": [],
}
FUZZ = settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


def script(texts: list[str], end: str, size: int) -> Script:
    """Write a stream in pieces of a size, cut wherever that falls."""
    data = b"".join([*(chunk(content=text) for text in texts), *ENDS[end]])
    pieces = [data[start : start + size] for start in range(0, len(data), size)]
    return streamed(*pieces, finished=end != "cut")


@pytest.fixture(autouse=True)
def silent(capfd: Any) -> Iterator[None]:
    """Nothing of this is a fault of the gateway's own, which it would print."""
    yield
    assert "Traceback" not in capfd.readouterr().err


def heard(address: str, path: str, body: dict[str, Any]) -> tuple[int, bytes, bool]:
    """Ask, and return status, bytes, and whether the answer came to its end."""
    with httpx.stream("POST", address + path, json=body, timeout=10) as answer:
        data = b""
        try:
            for piece in answer.iter_raw():
                data += piece
        except httpx.RemoteProtocolError:
            return answer.status_code, data, False
        return answer.status_code, data, True


@FUZZ
@given(texts=TEXTS, end=st.sampled_from([*ENDS]), size=st.integers(1, 400))
def test_lines(address: str, upstreams: Upstreams, texts: list[str], end: str, size: int) -> None:
    upstreams["openai"].answer(script(texts, end, size))
    body = {"providers": "openai/gpt-4o-mini", "text": "Hi"}
    status, data, is_whole = heard(address, "/v2/text/chat/stream", body)
    if status != 200:
        assert json.loads(data)["error"].keys() == {"type", "message"}
        return
    rows = [json.loads(line) for line in data.split(b"\n") if line]
    assert data.count(b"\n") == len(rows)
    assert all(row.keys() >= {"text", "blocked", "provider"} for row in rows)
    assert "".join(row["text"] for row in rows) == "".join(texts)
    assert is_whole is (end in ("well", "without usage", "filtered"))
    assert ("error" in rows[-1] if rows else False) is not is_whole or not rows


@FUZZ
@given(texts=TEXTS, end=st.sampled_from([*ENDS]), size=st.integers(1, 400))
@pytest.mark.parametrize("path", ["/v1/chat/completions", "/v2/llm/chat", "/api/v1/chat/completions"])
def test_events(address: str, upstreams: Upstreams, path: str, texts: list[str], end: str, size: int) -> None:
    upstreams["openai"].answer(script(texts, end, size))
    body = {"model": "openai/gpt-4o-mini", "messages": [{"role": "user", "content": "Hi"}], "stream": True}
    status, data, is_whole = heard(address, path, body)
    if status != 200:
        assert "error" in json.loads(data)
        return
    events = [event.removeprefix(b"data: ") for event in data.split(b"\n\n") if event]
    is_good = end in ("well", "without usage", "filtered")
    assert (events[-1] == b"[DONE]" if events else False) is is_good
    rows = [json.loads(event) for event in events if event != b"[DONE]"]
    said = [choice["delta"].get("content") or "" for row in rows for choice in row.get("choices", ())]
    assert "".join(said) == "".join(texts)
    if is_good:
        assert is_whole
    elif path.startswith("/api/"):
        assert not is_whole
    else:
        assert "error" in rows[-1]
