"""Every recorded chat of one dialect is answered, and its stream is its whole answer."""

import json
import os
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from jackfield import Boards, ChatResponse, Endpoint, Exchange, HTTPRequest
from jackfield_sandbox import Sandbox

RECORDINGS = os.environ.get("JACKFIELD_RECORDINGS")
ENDPOINT = Endpoint("any", "openai-chat", "https://example.com/v1")


def bodies() -> Iterator[dict[str, Any]]:
    for path in sorted(Path(RECORDINGS or "").glob("*/chat-completions/*.json")):
        for interaction in json.loads(path.read_text(encoding="utf-8"))["interactions"]:
            try:
                body = json.loads(interaction["request"].get("body") or "null")
            except ValueError:
                continue
            if isinstance(body, dict) and "messages" in body:
                yield body


def read(boards: Boards, body: dict[str, Any]) -> tuple[int, Any]:
    """Send a body to the sandbox and read the answer as a client does."""
    given = Sandbox(boards).answer(HTTPRequest("POST", "/v1/chat/completions", {}, json.dumps(body).encode()))
    data = b"".join(step for step in given.body if isinstance(step, bytes))
    if given.status != 200:
        return given.status, json.loads(data)["error"]["message"]
    board = boards.dialect("openai-chat")
    asked = board.parse_request(HTTPRequest("POST", "", {}, body), {"operation": "chat"})
    exchange = Exchange(board, asked, ENDPOINT, datetime.now(UTC), "pass")
    exchange.receive_head(given.status, given.headers)
    exchange.receive_data(data)
    exchange.receive_eof()
    response = exchange.response
    assert isinstance(response, ChatResponse)
    assert response.sandboxed
    said = [
        ([part.model_copy(update={"provider_state": None}) for part in choice.message.parts], choice.finish_reason)
        for choice in response.choices
    ]
    return 200, (response.id, response.usage, said)


@pytest.mark.skipif(not RECORDINGS, reason="JACKFIELD_RECORDINGS is not set")
def test_recorded_chats_are_answered(boards: Boards, capsys: pytest.CaptureFixture[str]) -> None:
    statuses: Counter[int] = Counter()
    reasons: Counter[str] = Counter()
    for body in bodies():
        asked = {**body, "stream_options": {"include_usage": True}}
        whole, streamed = (read(boards, {**asked, "stream": stream}) for stream in (False, True))
        assert whole == streamed
        statuses[whole[0]] += 1
        if whole[0] != 200:
            reasons[whole[1]] += 1
    with capsys.disabled():
        print(f"\nrecorded chats by status: {dict(statuses)}; refused: {dict(reasons)}")
    assert statuses[200] > 1000
    assert statuses.keys() <= {200, 400}
