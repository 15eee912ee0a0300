"""The oracle of Amazon's Converse format is judged by hand-written bodies, and reads every recorded exchange."""

import struct
import zlib
from typing import Any

import pytest

from tests.recordings.loader import exchanges, expected_count
from tests.recordings.oracle.bedrock_converse import read_answer, read_error
from tests.recordings.oracle.bedrock_converse_cases import CHOICES, START, ended, frame, grown, message, told
from tests.recordings.oracle.bedrock_converse_frames import frames
from tests.recordings.oracle.cases import plain
from tests.recordings.oracle.words import usage_words


@pytest.mark.parametrize(("interaction", "expected"), CHOICES.values(), ids=CHOICES)
def test_choices_are_read(interaction: dict[str, Any], expected: dict[str, Any]) -> None:
    assert read_answer(interaction)["choices"] == [expected]


@pytest.mark.parametrize(
    "interaction", [message(serviceTier={"type": "flex"}), told(START, ended(serviceTier={"type": "flex"}))]
)
def test_head_names_only_the_tier(interaction: dict[str, Any]) -> None:
    found = read_answer(interaction)
    assert (found["id"], found["model"], found["service_tier"], found["error"]) == (None, None, "flex", None)


USAGE: dict[str, tuple[Any, Any]] = {
    "absent": (None, None),
    "two": ({"inputTokens": 3, "outputTokens": 4}, usage_words(input_tokens=3, output_tokens=4)),
    "caches_stand_beside_and_are_named_twice": (
        {
            "inputTokens": 10,
            "cacheReadInputTokens": 7,
            "cacheReadInputTokenCount": 7,
            "cacheWriteInputTokens": 100,
            "cacheWriteInputTokenCount": 100,
            "cacheDetails": [{"ttl": "1h", "inputTokens": 40}, {"ttl": "5m", "inputTokens": 60}],
            "outputTokens": 4,
            "totalTokens": 121,
            "serverToolUsage": {},
        },
        usage_words(
            input_tokens=117,
            output_tokens=4,
            cached_tokens=7,
            cache_write_tokens=100,
            cache_write_5m_tokens=60,
            cache_write_1h_tokens=40,
        ),
    ),
    "zero_is_a_count": (
        {"inputTokens": 3, "cacheReadInputTokens": 0},
        usage_words(input_tokens=3, cached_tokens=0),
    ),
}


@pytest.mark.parametrize(("sent", "expected"), USAGE.values(), ids=USAGE)
def test_usage_is_read_as_inclusive_totals(sent: Any, expected: Any) -> None:
    assert read_answer(message(usage=sent))["usage"] == expected
    assert read_answer(told(START, ended(usage=sent)))["usage"] == expected


@pytest.mark.parametrize(
    ("fault", "message", "code", "name"),
    [
        (
            frame({"message": "slow"}, message_type="exception", exception_type="throttlingException"),
            "slow", "throttlingException", "RateLimitError",
        ),
        (
            frame({"message": "no"}, message_type="exception", exception_type="validationException"),
            "no", "validationException", "InvalidRequestError",
        ),
        (
            frame({"message": "Input is too long"}, message_type="exception", exception_type="validationException"),
            "Input is too long", "validationException", "ContextLengthError",
        ),
        (
            frame({"message": "x"}, message_type="exception", exception_type="modelStreamErrorException"),
            "x", "modelStreamErrorException", "ServerError",
        ),
        (
            frame(message_type="exception", exception_type="serviceUnavailableException"),
            None, "serviceUnavailableException", "OverloadedError",
        ),
        (
            frame(message_type="error", error_code="InternalServerException", error_message="oops"),
            "oops", "InternalServerException", "ServerError",
        ),
    ],
)  # fmt: skip
def test_error_inside_a_stream_ends_it_and_keeps_what_came(
    fault: bytes, message: str | None, code: str, name: str
) -> None:
    found = read_answer(told(START, grown(0, text="a"), fault, grown(0, text="b")))
    assert found["error"] == {"message": message, "code": code, "class": name}
    assert found["choices"][0]["text"] == "a"
    assert read_answer(told(fault))["choices"] == []


def test_damaged_frames_are_value_errors() -> None:
    whole = START + ended()
    assert len(frames(whole)) == 3
    for damaged in (whole[:-1], whole[:5], whole[:20] + b"?" + whole[21:], b"?" + whole[1:]):
        with pytest.raises(ValueError, match=r"checksum|cut off"):
            frames(damaged)
    other = START[:-4].replace(b"type\x07", b"type\x00")
    with pytest.raises(ValueError, match="has type 0"):
        frames(other + struct.pack(">I", zlib.crc32(other)))


@pytest.mark.parametrize(
    ("status", "name", "text", "expected"),
    [
        (400, "ValidationException", "bad", "InvalidRequestError"),
        (400, "ValidationException", "Input is too long for requested model.", "ContextLengthError"),
        (400, "ValidationException", "The provided model identifier is invalid.", "ModelNotFoundError"),
        (403, "AccessDeniedException", "no", "PermissionDenied"),
        (403, "ExpiredTokenException", "old", "AuthenticationError"),
        (403, "UnrecognizedClientException", "who", "AuthenticationError"),
        (403, "InvalidSignatureException", "who", "AuthenticationError"),
        (403, None, "no", "PermissionDenied"),
        (404, "ResourceNotFoundException", "no", "ModelNotFoundError"),
        (408, "ModelTimeoutException", "slow", "RequestTimeout"),
        (424, "ModelErrorException", "no", "ServerError"),
        (429, "ThrottlingException", "wait", "RateLimitError"),
        (429, "ModelNotReadyException", "wait", "NotReadyError"),
        (500, "InternalServerException", "no", "ServerError"),
        (503, "ServiceUnavailableException", "no", "OverloadedError"),
        (418, None, "teapot", "InvalidRequestError"),
    ],
)
def test_refusal_has_the_class_its_name_and_status_say(status: int, name: str | None, text: str, expected: str) -> None:
    found = read_error(plain({"message": text}, status, {"x-amzn-ErrorType": f"{name}:http://x/"} if name else {}))
    assert (found["class"], found["code"], found["message"]) == (expected, name, text)
    retried = {"RateLimitError", "OverloadedError", "NotReadyError", "RequestTimeout", "ServerError"}
    assert found["retryable"] is (expected in retried)


def test_refusal_carries_its_fields() -> None:
    headers = {"x-amzn-RequestId": ["r1"], "Retry-After": "2", "x-amzn-errortype": "ThrottlingException"}
    assert read_error(plain({"Message": "wait"}, 429, headers)) == {
        "class": "RateLimitError",
        "status": 429,
        "message": "wait",
        "request_id": "r1",
        "retryable": True,
        "code": "ThrottlingException",
        "param": None,
        "retry_after": 2.0,
    }
    in_body = read_error(plain({"__type": "com.amazon#AccessDeniedException", "message": "no"}, 400, {}))
    assert (in_body["code"], in_body["class"]) == ("AccessDeniedException", "PermissionDenied")
    assert read_error(plain("<html>", 502, {}))["message"] is None
    assert read_error(plain("gone", 502, {}))["message"] == "gone"


@pytest.mark.parametrize("body", ['{"models": []}', "", "<html>"])
def test_body_that_is_no_message_is_a_value_error(body: str) -> None:
    with pytest.raises(ValueError, match=r".+"):
        read_answer(plain(body))


@pytest.mark.needs("recordings")
def test_every_recorded_exchange_is_readable() -> None:
    seen = 0
    for exchange in exchanges("amazon", "converse"):
        seen += 1
        where = f"{exchange.file}#{exchange.index}"
        if exchange.request["method"] != "POST":
            continue
        if exchange.is_error:
            assert read_error(exchange.interaction)["message"], where
            continue
        found = read_answer(exchange.interaction)
        assert found["usage"]["input_tokens"] is not None, where
        assert found["choices"][0]["finish_reason"] != "unknown", where
        assert any(found["choices"][0][name] for name in ("text", "thinking", "tool_calls")), where
    assert seen == expected_count("amazon", "converse") > 0
