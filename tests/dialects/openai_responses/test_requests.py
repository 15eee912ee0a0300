"""Requests of every form: what we send parses to what sends the same again, and the official SDK knows all of it."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import HealthCheck, given, settings
from openai.types.responses import response_create_params as sdk

from jackfield import Board, ChatRequest, Endpoint, HTTPRequest
from tests.dialects.openai.sdk import against
from tests.dialects.openai_responses.requests import DIALECT, bodies, requests
from tests.recordings.equivalences_responses import normal

ENDPOINT = Endpoint("any", DIALECT, "https://any.invalid/v1")
often = settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large]
)


def sent(board: Board, request: ChatRequest) -> dict[str, Any]:
    """Return the body as JSON."""
    made = board.translate_request(request, ENDPOINT, board.model(request.model)).encode()
    body: dict[str, Any] = json.loads(made.body)
    return body


def parsed(board: Board, body: Any) -> ChatRequest:
    """Parse a body."""
    found = board.parse_request(HTTPRequest("POST", "", {}, body), {"operation": "chat"})
    assert isinstance(found, ChatRequest)
    return found


@often
@given(request=requests())
def test_a_request_that_was_sent_and_parsed_is_sent_the_same(board: Board, request: ChatRequest) -> None:
    body = sent(board, request)
    assert sent(board, parsed(board, body)) == body


@often
@given(body=bodies())
def test_what_a_caller_wrote_is_sent_as_it_was(board: Board, body: dict[str, Any]) -> None:
    assert normal(sent(board, parsed(board, body))) == normal(body)


#: Items that the SDK's types do not have so: what another provider answered has no ids; hosts that take sound.
BEYOND = ("assistant", "input_audio", "input_video")
#: Members that the types want said and the API does without, as recorded calls of hosts show.
UNSAID = ("].strict is missing", "].detail is missing")


@often
@given(request=requests())
def test_the_official_sdk_knows_everything_that_is_sent(board: Board, request: ChatRequest) -> None:
    body = sent(board, request)
    body["input"] = [item for item in body["input"] if not any(word in json.dumps(item) for word in BEYOND)]
    streamed = bool(body.get("stream"))
    kind = sdk.ResponseCreateParamsStreaming if streamed else sdk.ResponseCreateParamsNonStreaming
    assert [row for row in against(body, kind, "body") if not row.endswith(UNSAID)] == []
