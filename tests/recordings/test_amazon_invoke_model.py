"""Recorded exchanges with Claude through InvokeModel: sent as they were sent, read as the oracle reads them.

Bodies of other vendors, and of Claude before its messages format, are not spoken here: Converse asks the same models.
"""

from __future__ import annotations

import json
import re
import struct
from collections import Counter
from collections.abc import Iterator
from urllib.parse import unquote, urlsplit

import pytest

from jackfield import (
    Boards,
    ChatRequest,
    ChatResponse,
    Endpoint,
    Exchange,
    HTTPRequest,
    StreamInterrupted,
    UnsupportedFeature,
)
from tests.recordings import equivalences_anthropic, judge, loader
from tests.recordings.oracle import anthropic_invoke as oracle
from tests.recordings.suite import check_order

pytestmark = pytest.mark.needs("recordings")

DIALECT = "anthropic-messages"
_PATH = re.compile(r"/model/([^/]+)/invoke(-with-response-stream)?")
_VENDOR = re.compile(r"\b(anthropic|amazon|meta|cohere|mistral)\.")
BOARDS = Boards(environ={})


def _model(recorded: loader.Exchange) -> str:
    found = _PATH.fullmatch(urlsplit(recorded.url).path)
    assert found is not None
    return unquote(found[1])


def _is_claude(recorded: loader.Exchange) -> bool:
    return "messages" in (recorded.request_json or {}) and "anthropic" in _model(recorded)


def _claude() -> Iterator[loader.Exchange]:
    return filter(_is_claude, loader.exchanges("amazon", "invoke-model"))


def _opened(recorded: loader.Exchange) -> Exchange:
    """Open an exchange for a recorded request, as a caller would who asks the same."""
    http_request = HTTPRequest("POST", recorded.url, {}, recorded.request_json)
    parsed = BOARDS.dialect(DIALECT).parse_request(http_request, {"operation": "chat"})
    assert isinstance(parsed, ChatRequest)
    streamed = urlsplit(recorded.url).path.endswith("-stream")
    request = parsed.model_copy(update={"model": _model(recorded), "stream": streamed or None})
    endpoint = Endpoint("amazon", DIALECT, "https://bedrock-runtime.us-east-1.amazonaws.com")
    return Exchange(BOARDS.open("amazon", DIALECT), request, endpoint, judge.AT, "pass")


def _frames(data: bytes) -> Iterator[bytes]:
    while data:
        (length,) = struct.unpack_from(">I", data)
        yield data[:length]
        data = data[length:]


def test_every_exchange_is_claudes_or_another_vendors() -> None:
    found: Counter[str] = Counter()
    for recorded in loader.exchanges("amazon", "invoke-model"):
        vendor = _VENDOR.search(_model(recorded))
        found["messages" if _is_claude(recorded) else vendor[1] if vendor else "nobody"] += 1
    print(dict(found))
    assert sum(found.values()) == loader.expected_count("amazon", "invoke-model")
    assert found["messages"] >= 30


def _has_url(recorded: loader.Exchange) -> bool:
    """Tell whether a request holds an image by URL, which Bedrock refused, and we do before anything is sent."""
    return '"type": "url"' in json.dumps(recorded.request_json)


def test_every_request_is_sent_as_it_was_sent() -> None:
    for recorded in _claude():
        if _has_url(recorded):
            assert recorded.is_error
            with pytest.raises(UnsupportedFeature, match="the model takes no image by url; give it as bytes"):
                _opened(recorded)
            continue
        made = _opened(recorded).http_request
        assert unquote(urlsplit(made.url).path) == unquote(urlsplit(recorded.url).path)
        sent = {name: value for name, value in made.json().items() if name != "anthropic_version"}
        body = {name: value for name, value in (recorded.request_json or {}).items() if name != "anthropic_version"}
        assert equivalences_anthropic.normal(sent) == equivalences_anthropic.normal(body), recorded.file
        assert made.json()["anthropic_version"] == "bedrock-2023-05-31"


def test_every_answer_is_read_as_the_oracle_reads_it() -> None:
    kinds: Counter[str] = Counter()
    for recorded in _claude():
        if recorded.is_error:
            continue
        expected = oracle.read_answer(recorded.interaction)
        data = recorded.response_bytes
        for size in (len(data), 1, 3, 64) if recorded.streaming else (len(data),):
            exchange = _opened(recorded)
            deltas, error = judge.run(exchange, recorded, judge.split(data, size))
            assert error is None, recorded.file
            if recorded.streaming:
                check_order(deltas)
            response = exchange.response
            assert isinstance(response, ChatResponse)
            assert not [*judge.unlike(expected, judge.described(response))], f"{recorded.file} in pieces of {size}"
        kinds["streamed" if recorded.streaming else "whole"] += 1
    print(dict(kinds))
    assert kinds["streamed"] > 10
    assert kinds["whole"] > 8


def test_a_stream_that_ends_early_or_is_damaged_keeps_what_came() -> None:
    seen = 0
    for recorded in _claude():
        if not recorded.streaming or recorded.is_error:
            continue
        rows = list(_frames(recorded.response_bytes))
        for place in {1, len(rows) // 2, len(rows) - 1}:
            early = b"".join(rows[:place])
            for cut in (early, early + rows[place][:-5], early + rows[place][:-1] + b"\0\0"):
                deltas, error = judge.run(_opened(recorded), recorded, [cut])
                assert isinstance(error, StreamInterrupted), f"{recorded.file} at {place}: {error!r}"
                assert isinstance(error.response, ChatResponse)
                assert deltas
                seen += 1
    assert seen > 30


def test_every_refusal_becomes_the_right_error() -> None:
    seen = 0
    for recorded in _claude():
        if not recorded.is_error:
            continue
        expected = oracle.read_error(recorded.interaction)
        asked = next(_claude()) if _has_url(recorded) else recorded
        _, error = judge.run(_opened(asked), recorded, [recorded.response_bytes])
        assert error is not None
        found = {name: getattr(error, name) for name in expected if name not in ("class", "message")}
        assert type(error).__name__ == expected["class"]
        assert error.message.startswith(str(expected["message"]).rstrip(". "))
        assert found == {name: value for name, value in expected.items() if name not in ("class", "message")}
        seen += 1
    assert seen == 3
