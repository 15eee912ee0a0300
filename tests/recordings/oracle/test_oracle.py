"""The oracle is judged by hand-written bodies, and by whether it can read every recorded exchange."""

import ast
import base64
import json
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.recordings.loader import apis, exchanges, expected_count
from tests.recordings.oracle.cases import CHOICES, USED, choice, counts, delta, plain, stream
from tests.recordings.oracle.openai_chat import read_answer, read_error

HERE = Path(__file__).parent
MODULES = sorted(path for path in HERE.glob("*.py") if not path.name.startswith("test_"))
ALLOWED = {"__future__", "base64", "collections", "dataclasses", "hashlib", "json", "re", "struct", "typing", "zlib"}
needs_recordings = pytest.mark.needs("recordings")


@pytest.mark.parametrize(("interaction", "expected"), CHOICES.values(), ids=CHOICES)
def test_choices_are_read(interaction: dict[str, Any], expected: list[dict[str, Any]]) -> None:
    assert read_answer(interaction)["choices"] == expected


def test_audio_pieces_are_decoded_before_they_are_joined() -> None:
    first, second = (base64.b64encode(data).decode() for data in (b"a", b"bc"))
    interaction = stream(
        delta(content=None, audio={"id": "au", "transcript": "he"}),
        delta(audio={"data": first, "transcript": "y"}),
        delta(audio={"data": second}),
        delta("stop", audio={"expires_at": 9}),
    )
    audio = {"id": "au", "data_b64": base64.b64encode(b"abc").decode(), "transcript": "hey", "expires_at": 9}
    assert read_answer(interaction)["choices"] == [choice(audio=audio)]


def test_logprobs_in_the_form_of_old_completions_are_the_same_rows() -> None:
    chunks = [delta(content="a"), delta("stop", content="b")]
    for chunk, token, tops in ((chunks[0], "a", [[{"token": "c", "logprob": -2.0}]]), (chunks[1], "b", [{"d": -3.0}])):
        old = {"tokens": [token], "token_logprobs": [-0.5], "top_logprobs": tops}
        chunk["choices"][0]["logprobs"] = old
    assert read_answer(stream(*chunks))["choices"][0]["logprobs"]["content"] == [
        {"token": "a", "logprob": -0.5, "top_logprobs": [{"token": "c", "logprob": -2.0}]},
        {"token": "b", "logprob": -0.5, "top_logprobs": [{"token": "d", "logprob": -3.0}]},
    ]


def test_logprobs_are_joined_and_empty_ones_absent() -> None:
    chunks = [delta(content="a"), delta(content="b"), delta("stop")]
    chunks[0]["choices"][0]["logprobs"] = {"content": [{"token": "a"}], "refusal": None}
    chunks[1]["choices"][0]["logprobs"] = {"content": [{"token": "b"}]}
    found = read_answer(stream(*chunks))["choices"][0]["logprobs"]
    assert found == {"content": [{"token": "a"}, {"token": "b"}], "refusal": []}
    chunks[0]["choices"][0]["logprobs"] = chunks[1]["choices"][0]["logprobs"] = {"content": None, "refusal": None}
    assert read_answer(stream(*chunks))["choices"][0]["logprobs"] is None


def test_head_comes_from_the_first_chunk_that_has_it() -> None:
    first = {"id": "", "model": "", "choices": [], "prompt_filter_results": [{}]}
    found = read_answer(stream(first, delta("stop"), {**delta(), "id": "c2", "service_tier": "flex"}))
    assert (found["id"], found["model"], found["service_tier"]) == ("c1", "m", "flex")
    assert read_answer(plain({"id": "", "choices": []}))["id"] is None


USAGE: dict[str, tuple[dict[str, Any] | None, dict[str, Any] | None]] = {
    "absent": (None, None),
    "empty": ({}, None),
    "three_fields": (USED, counts(input_tokens=3, output_tokens=4)),
    "null_details": (
        {**USED, "prompt_tokens_details": None, "completion_tokens_details": None},
        counts(input_tokens=3, output_tokens=4),
    ),
    "all_details": (
        {
            **USED,
            "prompt_tokens_details": {
                "cached_tokens": 0,
                "cache_write_tokens": 1,
                "audio_tokens": 2,
                "image_tokens": 5,
            },
            "completion_tokens_details": {
                "reasoning_tokens": 0,
                "audio_tokens": 1,
                "accepted_prediction_tokens": 2,
                "rejected_prediction_tokens": 3,
            },
        },
        {
            "input_tokens": 3,
            "output_tokens": 4,
            "cached_tokens": 0,
            "cache_write_tokens": 1,
            "reasoning_tokens": 0,
            "input_audio_tokens": 2,
            "output_audio_tokens": 1,
            "input_image_tokens": 5,
            "accepted_prediction_tokens": 2,
            "rejected_prediction_tokens": 3,
        },
    ),
    "reasoning_inside": (
        {**USED, "completion_tokens_details": {"reasoning_tokens": 2}},
        counts(input_tokens=3, output_tokens=4, reasoning_tokens=2),
    ),
    "reasoning_beside": (
        {**USED, "total_tokens": 12, "completion_tokens_details": {"reasoning_tokens": 5}},
        counts(input_tokens=3, output_tokens=9, reasoning_tokens=5),
    ),
    "flat_names": (
        {**USED, "prompt_cache_hit_tokens": 1, "reasoning_tokens": 2},
        counts(input_tokens=3, output_tokens=4, cached_tokens=1, reasoning_tokens=2),
    ),
}


@pytest.mark.parametrize(("sent", "expected"), USAGE.values(), ids=USAGE)
def test_usage_is_read_as_inclusive_totals(sent: Any, expected: Any) -> None:
    assert read_answer(plain({"choices": [], "usage": sent}))["usage"] == expected


@pytest.mark.parametrize(
    "chunks",
    [
        [delta("stop"), {"choices": [], "usage": USED}],
        [{**delta("stop"), "usage": USED}],
        [{**delta("stop"), "x_groq": {"id": "r", "usage": USED}}],
        [{**delta(), "usage": {"prompt_tokens": 1, "completion_tokens": None}}, {**delta("stop"), "usage": USED}],
        [{**delta("stop"), "usage": USED}, {**delta(), "usage": None}],
        [{**delta("stop"), "usage": USED}, {"choices": [], "usage": USED}],
    ],
    ids=["without_choices", "with_choices", "groq", "cumulative", "null_after", "twice"],
)
def test_last_usage_of_a_stream_wins(chunks: list[Any]) -> None:
    assert read_answer(stream(*chunks))["usage"] == counts(input_tokens=3, output_tokens=4)


FAULT = {"message": "bad", "code": 400, "type": None}
TOLD = {"message": "bad", "code": "400", "type": None}


@pytest.mark.parametrize(
    ("interaction", "expected", "texts"),
    [
        (plain({"error": FAULT}), TOLD, []),
        (plain([{"error": FAULT}]), TOLD, []),
        (plain("\n   \n" + json.dumps({"error": FAULT})), TOLD, []),
        (plain({"error": "bad", "code": "x"}), {"message": "bad", "code": "x", "type": None}, []),
        (plain({"detail": "bad"}), {"message": "bad", "code": None, "type": None}, []),
        (plain({"error": None, "choices": []}), None, []),
        (stream(delta(content="a"), {"error": FAULT}, delta(content="b")), TOLD, ["a"]),
        (stream(delta(content="a"), {**delta(content="b"), "error": FAULT}), TOLD, ["ab"]),
        (stream(f"event: error\ndata: {json.dumps({'error': FAULT})}", done=False), TOLD, []),
        (stream(f"event: error\ndata: {json.dumps(FAULT)}", done=False), TOLD, []),
    ],
)
def test_error_inside_a_successful_answer_is_told(interaction: Any, expected: Any, texts: list[str]) -> None:
    found = read_answer(interaction)
    assert found["error"] == expected
    assert [item["text"] for item in found["choices"]] == texts


def told(code: Any = None, kind: Any = None, param: Any = None, text: str = "bad") -> dict[str, Any]:
    return {"error": {"message": text, "type": kind, "param": param, "code": code}}


@pytest.mark.parametrize(
    ("status", "body", "expected"),
    [
        (401, told("invalid_api_key"), "AuthenticationError"),
        (401, "<html>no</html>", "AuthenticationError"),
        (403, {"error": "check the api-key"}, "PermissionDenied"),
        (402, {"error": "no credits"}, "BillingError"),
        (429, told("insufficient_quota", "insufficient_quota"), "BillingError"),
        (429, told(kind="insufficient_quota"), "BillingError"),
        (429, told("rate_limit_exceeded", "tokens"), "RateLimitError"),
        (429, told("RateLimitReached"), "RateLimitError"),
        (503, told(), "OverloadedError"),
        (529, told(), "OverloadedError"),
        (503, {"error": "loading", "estimated_time": 20.0}, "NotReadyError"),
        (503, told(503, "unavailable_error"), "NotReadyError"),
        (404, told("model_not_found"), "ModelNotFoundError"),
        (404, told("404"), "ModelNotFoundError"),
        (400, told(400, "invalid_model"), "ModelNotFoundError"),
        (400, told("context_length_exceeded"), "ContextLengthError"),
        (400, told(None, None, None, "prompt too long; exceeded"), "ContextLengthError"),
        (413, told("context_length_exceeded"), "ContextLengthError"),
        (413, told(), "RequestTooLargeError"),
        (400, told("content_filter", None, "prompt"), "ContentFilterError"),
        (400, {"error": {"code": "x", "innererror": {"code": "ResponsibleAIPolicyViolation"}}}, "ContentFilterError"),
        (400, told("unsupported_parameter", "invalid_request_error", "stop"), "UnsupportedParameterError"),
        (400, told("unsupported_value", None, "messages[0].role"), "UnsupportedParameterError"),
        (400, told(None, None, "logprobs"), "InvalidRequestError"),
        (400, {"message": "bad", "type": "Bad Request", "code": 400}, "InvalidRequestError"),
        (422, {"detail": [{"loc": ["body"], "msg": "bad", "type": "missing"}]}, "InvalidRequestError"),
        (409, told(), "InvalidRequestError"),
        (408, told(), "RequestTimeout"),
        (504, "", "RequestTimeout"),
        (500, told(500, "server_error", None, "context length"), "ServerError"),
        (502, "<!DOCTYPE html>", "ServerError"),
    ],
)
def test_refusal_has_the_class_its_status_and_fields_name(status: int, body: Any, expected: str) -> None:
    found = read_error(plain(body, status))
    assert found["class"] == expected
    assert found["retryable"] is (
        expected in {"RateLimitError", "OverloadedError", "NotReadyError", "RequestTimeout", "ServerError"}
    )


def test_refusal_carries_its_fields() -> None:
    headers = {"X-Request-Id": ["r1"], "Retry-After": "2.5"}
    assert read_error(plain(told(7, "t", "stop"), 429, headers)) == {
        "class": "RateLimitError",
        "status": 429,
        "message": "bad",
        "request_id": "r1",
        "retryable": True,
        "code": "7",
        "param": "stop",
        "retry_after": 2.5,
    }


def test_delay_in_milliseconds_wins() -> None:
    headers = {"retry-after-ms": "250", "retry-after": "1"}
    assert read_error(plain(told(), 429, headers))["retry_after"] == 0.25


def test_request_id_may_stand_in_the_body() -> None:
    assert read_error(plain({**told(), "request_id": "r2"}, 404, {}))["request_id"] == "r2"


@pytest.mark.parametrize("body", ["[]", '{"data": []}', '["a"]', "", "<html>", 'data: "a"\n\n', "data: {\n\n"])
def test_body_that_is_no_chat_completion_is_a_value_error(body: str) -> None:
    with pytest.raises(ValueError, match=r".+"):
        read_answer(plain(body))


@pytest.mark.parametrize("path", MODULES, ids=lambda path: path.name)
def test_oracle_shares_no_code_with_what_it_judges(path: Path) -> None:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
        if isinstance(node, ast.ImportFrom):
            assert node.level == 0
            names = [node.module or ""]
        for name in names:
            assert name.startswith("tests.recordings.oracle.") or name.partition(".")[0] in ALLOWED


def test_loader_needs_only_the_standard_library() -> None:
    tree = ast.parse((HERE.parent / "loader.py").read_text(encoding="utf-8"))
    for node in ast.walk(tree):
        if isinstance(node, ast.Import | ast.ImportFrom):
            module = node.module if isinstance(node, ast.ImportFrom) else node.names[0].name
            assert (module or "").partition(".")[0] in sys.stdlib_module_names


@needs_recordings
def test_every_listed_api_keeps_its_exchanges() -> None:
    assert ("openai", "chat-completions") in apis()
    for provider, api in apis():
        assert sum(1 for _ in exchanges(provider, api)) == expected_count(provider, api), (provider, api)


@needs_recordings
def test_every_openai_chat_exchange_is_readable() -> None:
    seen = 0
    for exchange in exchanges("openai", "chat-completions"):
        seen += 1
        where = f"{exchange.file}#{exchange.index}"
        assert exchange.request_json is not None, where
        if exchange.is_error:
            assert read_error(exchange.interaction)["class"], where
            continue
        found = read_answer(exchange.interaction)
        assert found["id"] is not None, where
        assert found["model"] is not None, where
        assert found["choices"] or found["error"], where
    assert seen == expected_count("openai", "chat-completions")
