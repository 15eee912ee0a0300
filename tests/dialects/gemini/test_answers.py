"""Answers of every form: what we render is read by us as it was, and by the official SDK's models strictly."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from google.genai import types
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from jackfield import (
    Board,
    Bytes,
    ChatRequest,
    ChatResponse,
    Choice,
    Citation,
    ContentFilterError,
    Endpoint,
    Exchange,
    JackfieldError,
    Media,
    Message,
    Native,
    OverloadedError,
    PartEnded,
    PartStarted,
    ProviderError,
    ProviderState,
    Refusal,
    StreamInterrupted,
    Text,
    TextDelta,
    Thinking,
    ToolCall,
    ToolResult,
    errors,
    unroll,
)
from jackfield.deltas import ArgumentsDelta, Finished, Restarted
from tests.dialects.gemini.answers import comparable, responses
from tests.dialects.gemini.requests import DIALECT
from tests.dialects.openai.answers import delta_streams

AT = datetime(2026, 11, 20, tzinfo=UTC)
ASKED = ChatRequest(model="m", messages="hi")
STREAMED = ASKED.model_copy(update={"stream": True, "serving": {"framing": "sse"}})
ARRAY = STREAMED.model_copy(update={"serving": {"framing": "json"}})
often = settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large]
)


def opened(board: Board, request: ChatRequest = STREAMED) -> Exchange:
    """Open an exchange."""
    return Exchange(board, request, Endpoint("any", DIALECT, "https://any.invalid/v1beta"), AT)


def read(board: Board, data: bytes, request: ChatRequest = STREAMED, size: int = 0, kind: str = "") -> ChatResponse:
    """Read an answer, in pieces of a size."""
    exchange = opened(board, request)
    exchange.receive_head(200, {"content-type": kind} if kind else {})
    for start in range(0, len(data), size or len(data) or 1):
        exchange.receive_data(data[start : start + (size or len(data))])
    exchange.receive_eof()
    response = exchange.response
    assert isinstance(response, ChatResponse)
    return response


def written(board: Board, response: ChatResponse, request: ChatRequest = STREAMED) -> bytes:
    """Write an answer as a stream."""
    encoder = board.stream_encoder(request, AT)
    return b"".join(encoder.encode(delta) for delta in unroll(response)) + encoder.close()


def documents(data: bytes) -> list[Any]:
    """Read the documents of a stream."""
    return [json.loads(row.removeprefix(b"data: ")) for row in data.split(b"\r\n\r\n") if row.startswith(b"data: ")]


@often
@given(response=responses())
def test_a_rendered_answer_is_read_as_it_was(board: Board, response: ChatResponse) -> None:
    found = comparable(read(board, board.render_response(ASKED, response).body, ASKED))
    assert found == comparable(response)


@often
@given(response=responses(), data=st.data())
@pytest.mark.parametrize("request_", [STREAMED, ARRAY], ids=["sse", "array"])
def test_a_written_stream_is_read_as_it_was(
    board: Board, request_: ChatRequest, response: ChatResponse, data: st.DataObject
) -> None:
    encoder = board.stream_encoder(request_, AT)
    pieces = [encoder.encode(delta) for delta in data.draw(delta_streams(response))] + [encoder.close()]
    for place in data.draw(st.lists(st.integers(0, len(pieces) - 1), max_size=3)):
        pieces.insert(place, encoder.keep_alive())
    found = read(board, b"".join(pieces), request_, data.draw(st.integers(1, 400)), encoder.headers["content-type"])
    assert comparable(found) == comparable(response)


@often
@given(response=responses())
def test_the_official_sdk_reads_what_is_written(board: Board, response: ChatResponse) -> None:
    bodies = [json.loads(board.render_response(ASKED, response).body), *documents(written(board, response))]
    bodies += json.loads(written(board, response, ARRAY))
    for body in bodies:
        types.GenerateContentResponse.model_validate(body)


@often
@given(response=responses(), data=st.data())
@pytest.mark.parametrize("request_", [STREAMED, ARRAY], ids=["sse", "array"])
def test_an_error_in_a_stream_keeps_what_had_arrived(
    board: Board, request_: ChatRequest, response: ChatResponse, data: st.DataObject
) -> None:
    encoder = board.stream_encoder(request_, AT)
    deltas = list(unroll(response))
    place = data.draw(st.integers(0, len(deltas)))
    said = b"".join(encoder.encode(delta) for delta in deltas[:place])
    exchange = opened(board, request_)
    exchange.receive_head(200, {"content-type": encoder.headers["content-type"]})
    exchange.receive_data(said + encoder.fail(OverloadedError("too many", provider="upstream")))
    with pytest.raises(OverloadedError, match="too many") as caught:
        exchange.receive_eof()
    texts: dict[int, str] = {}
    for delta in deltas[:place]:
        if isinstance(delta, TextDelta):
            texts[delta.choice] = texts.get(delta.choice, "") + delta.text
    found = {choice.index: choice.message.text for choice in caught.value.response.choices if choice.message.text}
    assert found == texts


def _classes() -> list[type[ProviderError]]:
    kept = {"NotReadyError", "ResponseFormatError", "ContentFilterError", "ProviderError"}
    return [cls for cls in ProviderError.__subclasses__() if cls.__name__ not in kept]


@pytest.mark.parametrize("kind", [*_classes(), errors.RequestTimeout], ids=lambda kind: kind.__name__)
@pytest.mark.parametrize("as_stream", [False, True])
def test_an_error_keeps_its_class_and_what_it_says(board: Board, kind: type[JackfieldError], as_stream: bool) -> None:
    param = "temperature" if kind is errors.UnsupportedParameterError else None
    error = kind("no", param=param, retry_after=2.5)
    exchange = opened(board, STREAMED if as_stream else ASKED)
    if as_stream:
        exchange.receive_head(200, {"content-type": "text/event-stream"})
        exchange.receive_data(board.stream_encoder(STREAMED, AT).fail(error))
    else:
        answer = board.render_error(error)
        exchange.receive_head(answer.status, answer.headers)
        exchange.receive_data(answer.body)
    with pytest.raises(kind) as caught:
        exchange.receive_eof()
    assert type(caught.value) is kind
    assert caught.value.message.startswith("no")
    assert caught.value.param == param
    assert caught.value.retry_after == (2.5 if as_stream else 3.0)


@pytest.mark.parametrize(("code", "word"), [("SAFETY", "SAFETY"), ("odd", "OTHER"), (None, "OTHER")])
def test_a_prompt_that_was_blocked_is_said_in_googles_way(board: Board, code: str | None, word: str) -> None:
    error = ContentFilterError("not this", code=code)
    answer = board.render_error(error)
    feedback = {"blockReason": word, "blockReasonMessage": "not this"}
    assert (answer.status, json.loads(answer.body)) == (200, {"promptFeedback": feedback})
    for data, request in ((answer.body, ASKED), (board.stream_encoder(STREAMED, AT).fail(error), STREAMED)):
        with pytest.raises(ContentFilterError, match="not this") as caught:
            read(board, data, request)
        assert caught.value.code == word


def test_a_blocked_prompt_without_a_message_names_the_reason(board: Board) -> None:
    with pytest.raises(ContentFilterError, match="PROHIBITED_CONTENT"):
        read(board, b'{"promptFeedback":{"blockReason":"PROHIBITED_CONTENT"}}', ASKED)


@pytest.mark.parametrize("cut", [b"", b"\r\n"])
@pytest.mark.parametrize("size", [0, 1, 5])
def test_an_error_that_follows_a_stream_as_bare_json_is_seen(board: Board, cut: bytes, size: int) -> None:
    first = b'data: {"candidates":[{"content":{"parts":[{"text":"a"}]}}],"responseId":"x"}\r\n\r\n'
    failed = b'[{\n  "error": {\n    "code": 503,\n    "message": "busy",\n    "status": "UNAVAILABLE"\n  }\n}]'
    with pytest.raises(OverloadedError, match="busy") as caught:
        read(board, first + cut + failed, size=size, kind="text/event-stream")
    assert caught.value.response.text == "a"


def _answer(*parts: Any, reason: Any = "stop", **members: Any) -> ChatResponse:
    message = Message(role="assistant", parts=parts)
    return ChatResponse(id="x", model="m", choices=(Choice(message=message, finish_reason=reason, **members),))


def _candidate(board: Board, answer: ChatResponse) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(board.render_response(ASKED, answer).body)["candidates"][0]
    return found


@pytest.mark.parametrize(
    ("reason", "word", "said"),
    [("tool_calls", "MALFORMED_FUNCTION_CALL", 'Malformed function call: f({"x":)'), ("length", "MAX_TOKENS", None)],
)
def test_a_call_that_is_no_json_is_said_in_googles_way(board: Board, reason: str, word: str, said: str | None) -> None:
    answer = _answer(Text(text="a"), ToolCall(id="c", name="f", arguments='{"x":'), reason=reason)
    last = documents(written(board, answer))[-1]["candidates"][0]
    for found in (_candidate(board, answer), last):
        assert (found["finishReason"], found.get("finishMessage")) == (word, said)
    assert _candidate(board, answer)["content"]["parts"] == [{"text": "a"}]


def test_what_the_format_knows_of_a_candidate_is_given_back(board: Board) -> None:
    row = {
        "content": {"role": "model", "parts": [{"text": "a"}]},
        "finishReason": "STOP",
        "index": 0,
        "avgLogprobs": -0.25,
        "safetyRatings": [{"category": "X"}],
        "groundingMetadata": {
            "groundingChunks": [{"web": {"uri": "u", "title": "t"}}],
            "groundingSupports": [{"segment": {"endIndex": 1}, "groundingChunkIndices": [0]}],
            "searchEntryPoint": {"renderedContent": "<b>"},
            "webSearchQueries": ["q", ""],
        },
    }
    used = {"promptTokenCount": 1}
    found = read(board, json.dumps({"candidates": [row], "usageMetadata": used}).encode(), ASKED)
    assert _candidate(board, found) == row
    assert found.usage is not None
    assert [(item.count, item.unit) for item in found.usage.others] == [(1, "search")]
    (text,) = found.message.parts
    assert isinstance(text, Text)
    assert [(note.url, note.title) for note in text.citations] == [("u", "t")]
    streamed = read(board, written(board, found))
    assert streamed.choices[0].provider_state == found.choices[0].provider_state
    assert streamed.text == "a"


def test_foreign_sources_are_pages_of_the_web(board: Board) -> None:
    note = Citation(url="u", title="t", raw={"type": "url_citation", "url": "u"})
    answer = _answer(Text(text="a", citations=(note,)))
    chunks = [{"web": {"uri": "u", "title": "t"}}]
    assert _candidate(board, answer)["groundingMetadata"] == {"groundingChunks": chunks}
    rows = [row["candidates"][0].get("groundingMetadata") for row in documents(written(board, answer))]
    assert [row for row in rows if row] == [{"groundingChunks": chunks}]


def test_parts_of_other_dialects_are_said_as_far_as_the_format_can(board: Board) -> None:
    ran = ToolCall(id="s", name="web_search", arguments="{}", kind="web_search", executed_by="provider")
    came = ToolResult(call_id="s", name="web_search", parts=())
    parts = (
        ran.model_copy(update={"provider_state": ProviderState({})}),
        came,
        Native(dialect="other", body={"a": 1}, text="native"),
        Native(dialect="other", body={"a": 1}),
        Native(dialect=DIALECT, body={"executableThing": 1}),
        Refusal(text="no"),
        Text(text=""),
    )
    found = _candidate(board, _answer(*parts, reason="refusal"))
    assert found["content"]["parts"] == [{"text": "native"}, {"executableThing": 1}, {"text": "no"}]
    assert found["finishReason"] == "SAFETY"


def test_what_overlaps_is_held_back_until_it_is_its_turn(board: Board) -> None:
    encoder = board.stream_encoder(STREAMED, AT)
    empty = Media(kind="image", source=Bytes(data=b""), mime="image/png")
    deltas: list[Any] = [
        PartStarted(0, 0, ToolCall(id="a", name="f")),
        PartStarted(0, 1, Text(text="")),
        TextDelta(0, 1, "x"),
        ArgumentsDelta(0, 0, '{"n":'),
        TextDelta(0, 1, "y"),
        PartEnded(0, 1),
        PartStarted(0, 2, Thinking(text="z", kind="summary")),
        PartEnded(0, 2, {}),
        PartStarted(0, 3, empty),
    ]
    assert b"".join(encoder.encode(delta) for delta in deltas) == b""
    out = encoder.encode(ArgumentsDelta(0, 0, "1}")) + encoder.encode(PartEnded(0, 0, {"thoughtSignature": "s"}))
    assert [row["candidates"][0]["content"]["parts"] for row in documents(out)] == [
        [{"functionCall": {"name": "f", "args": {"n": 1}, "id": "a"}, "thoughtSignature": "s"}],
        [{"text": "xy"}],
        [{"text": "z", "thought": True}],
    ]


def test_a_stream_that_another_provider_begins_again_cannot_be_taken_back(board: Board) -> None:
    encoder = board.stream_encoder(STREAMED, AT)
    restarted = Restarted("other", "why", "rerun")
    assert encoder.encode(restarted) == b""
    encoder.encode(PartStarted(0, 0, Text(text="a")))
    with pytest.raises(JackfieldError, match="take back"):
        encoder.encode(restarted)
    encoder.encode(Finished(0, "stop"))


def _document(*parts: Any, **members: Any) -> str:
    row = {"content": {"parts": list(parts), "role": "model"}, "index": 0, **members}
    return f"data: {json.dumps({'candidates': [row]})}\r\n\r\n"


def test_a_signature_stays_with_its_part(board: Board) -> None:
    data = (
        _document({"text": "think", "thought": True})
        + _document({"text": "a"})
        + _document({"text": "b"})
        + _document({"text": "c", "thoughtSignature": "s1"})
        + _document({"text": "d"}, {"functionCall": {"name": "f", "args": {}}, "thoughtSignature": "s2"})
        + _document({"text": "", "thoughtSignature": "s3"}, finishReason="STOP")
    )
    parts = read(board, data.encode()).message.parts
    found = [
        (part.type, getattr(part, "text", None), part.provider_state and part.provider_state.data) for part in parts
    ]
    minted = {"thoughtSignature": "s2", "minted": True}
    assert found == [
        ("thinking", "think", {}),
        ("text", "abc", {"thoughtSignature": "s1"}),
        ("text", "d", None),
        ("tool_call", None, minted),
        ("text", "", {"thoughtSignature": "s3"}),
    ]


def test_minted_ids_are_the_same_in_streams_and_whole_answers(board: Board) -> None:
    calls = [{"functionCall": {"name": "f", "args": {"n": number}}} for number in range(2)]
    row = {"content": {"parts": calls}, "finishReason": "STOP"}
    whole = read(board, json.dumps({"candidates": [row]}).encode(), ASKED)
    stream = read(board, (_document(calls[0]) + _document(calls[1], finishReason="STOP")).encode())
    assert whole.tool_calls == stream.tool_calls
    assert len({call.id for call in whole.tool_calls}) == 2
    assert whole.finish_reason == stream.finish_reason == "tool_calls"


def test_spoken_pieces_are_one_part(board: Board) -> None:
    def piece(data: str) -> dict[str, Any]:
        return {"inlineData": {"mimeType": "audio/L16;rate=24000", "data": data}}

    stream = _document(piece("AAE=")) + _document(piece("AgM="), finishReason="STOP")
    (part,) = read(board, stream.encode()).message.parts
    assert isinstance(part, Media)
    assert (part.kind, part.source) == ("audio", Bytes(data=b"\x00\x01\x02\x03"))


def _piece(path: str, more: bool = True, **value: Any) -> dict[str, Any]:
    return {"functionCall": {"partialArgs": [{"jsonPath": path, **value}], **({"willContinue": True} if more else {})}}


def test_a_call_whose_arguments_come_in_pieces_is_given_whole(board: Board) -> None:
    rows = [
        {"functionCall": {"name": "f", "id": "c", "willContinue": True}, "thoughtSignature": "s"},
        _piece("$.rooms[0].name", stringValue="Blue "),
        _piece("$.rooms[0].name", stringValue="room"),
        _piece("$.rooms[1].size", numberValue=3),
        _piece("$['is open']", boolValue=True),
        _piece("$.note", nullValue="NULL_VALUE"),
        {"functionCall": {}},
    ]
    (call,) = read(board, ("".join(map(_document, rows)) + _document(finishReason="STOP")).encode()).tool_calls
    assert (call.id, call.name) == ("c", "f")
    assert call.parsed_arguments() == {
        "rooms": [{"name": "Blue room"}, {"size": 3}],
        "is open": True,
        "note": None,
    }
    assert call.provider_state is not None
    assert call.provider_state.data == {"thoughtSignature": "s"}


def test_a_call_in_pieces_that_is_cut_off_is_kept_as_far_as_it_came(board: Board) -> None:
    rows = [{"functionCall": {"name": "f", "willContinue": True}}, _piece("$.a", stringValue="x")]
    data = "".join(map(_document, rows))
    with pytest.raises(StreamInterrupted) as caught:
        read(board, data.encode())
    assert [call.arguments for call in caught.value.response.tool_calls] == ['{"a":"x"}']
    cut = read(board, (data + _document(finishReason="MAX_TOKENS")).encode())
    assert cut.finish_reason == "length"
    assert len(cut.tool_calls) == 1


@pytest.mark.parametrize("path", ["$", "", "$.a[3]", "$.b[0]"])
def test_a_piece_at_a_place_that_cannot_be_is_an_error_of_the_provider(board: Board, path: str) -> None:
    rows = [{"functionCall": {"name": "f", "args": {"b": 1}, "willContinue": True}}, _piece(path, numberValue=1)]
    with pytest.raises(ProviderError, match="not of the format"):
        read(board, "".join(map(_document, rows)).encode())
