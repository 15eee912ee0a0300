"""Every recorded chat of each dialect is answered, and its stream is its whole answer."""

import json
from collections import Counter
from typing import Any
from urllib.parse import urlsplit

import pytest

from jackfield import Boards, ChatRequest, ChatResponse, Endpoint, Exchange, HTTPRequest
from jackfield_sandbox import Sandbox
from tests.recordings import judge, loader
from tests.recordings.suite import RecordedApi
from tests.recordings.test_crossing import LEAST, SOURCES

pytestmark = pytest.mark.needs("recordings")
#: Hosts have the formats at addresses of their own; the sandbox has them at one.
ADDRESSES = {
    "openai-chat": "/v1/chat/completions",
    "openai-responses": "/v1/responses",
    "anthropic-messages": "/v1/messages",
    "cohere-chat": "/v2/chat",
    "ollama-chat": "/api/chat",
}


def read(boards: Boards, suite: RecordedApi, recorded: loader.Exchange, stream: bool) -> tuple[int, Any]:
    """Send a recorded request to the sandbox and read the answer as a client does."""
    body = dict(recorded.request_json or {})
    path = urlsplit(recorded.url).path
    if suite.DIALECT == "gemini":  # the address says whether it is a stream
        path = path.rpartition(":")[0] + (":streamGenerateContent?alt=sse" if stream else ":generateContent")
    elif suite.DIALECT == "bedrock-converse":  # likewise
        path = path.rpartition("/")[0] + ("/converse-stream" if stream else "/converse")
    else:
        path = ADDRESSES[suite.DIALECT]
        body["stream"] = stream
        if stream and suite.DIALECT == "openai-chat":
            body["stream_options"] = {"include_usage": True}
    headers = {"anthropic-version": "2023-06-01"}
    given = Sandbox(boards).answer(HTTPRequest("POST", path, headers, json.dumps(body).encode()))
    data = b"".join(step for step in given.body if isinstance(step, bytes))
    if given.status != 200:
        return given.status, _said(json.loads(data))
    board = boards.dialect(suite.DIALECT)
    asked = ChatRequest(model="any", messages="?", stream=stream or None)
    exchange = Exchange(board, asked, Endpoint("any", suite.DIALECT, "https://example.com"), judge.AT, "pass")
    exchange.receive_head(given.status, given.headers)
    exchange.receive_data(data)
    exchange.receive_eof()
    response = exchange.response
    assert isinstance(response, ChatResponse)
    assert response.sandboxed
    described = judge.described(response)
    for choice in described["choices"]:
        del choice["audio"]  # its bytes are among the media; its id is new each time
    return 200, described


def _said(refusal: dict[str, Any]) -> str:
    """Return what a refusal says, in the form of any format."""
    error = refusal.get("error", refusal)
    return str(error["message"] if isinstance(error, dict) else error)


@pytest.mark.parametrize("dialect", SOURCES)
def test_recorded_chats_are_answered(boards: Boards, dialect: str, capsys: pytest.CaptureFixture[str]) -> None:
    suite = SOURCES[dialect][0]()
    providers = [provider for provider, api in loader.apis() if api == suite.API]
    statuses: Counter[int] = Counter()
    reasons: Counter[str] = Counter()
    for provider in providers:
        for recorded in suite.recorded(provider):
            if recorded.request_json is None:
                continue
            whole, streamed = (read(boards, suite, recorded, stream) for stream in (False, True))
            assert whole == streamed, recorded.file
            statuses[whole[0]] += 1
            if whole[0] != 200:
                reasons[whole[1]] += 1
    with capsys.disabled():
        print(f"\nrecorded chats in {dialect} by status: {dict(statuses)}; refused: {dict(reasons)}")
    assert statuses[200] > LEAST.get(dialect, 200)
    assert statuses.keys() <= {200, 400}
    assert statuses[400] <= statuses[200] / 50
