"""The oracle of Cloudflare's `run` on answers written by hand."""

from __future__ import annotations

from typing import Any

import pytest

from tests.recordings.oracle.cases import plain, stream
from tests.recordings.oracle.cloudflare_run import read_answer, read_error
from tests.recordings.oracle.words import choice_words, usage_words


def wrapped(result: Any, **members: Any) -> dict[str, Any]:
    """Return an answer in its envelope."""
    return plain({"result": result, "success": True, "errors": [], "messages": [], **members})


def test_a_text_and_its_usage() -> None:
    found = read_answer(wrapped({"response": "Hi", "usage": {"prompt_tokens": 3, "completion_tokens": 1}}))
    assert found["choices"] == [{"index": 0, **choice_words(text="Hi")}]
    assert found["usage"] == usage_words(input_tokens=3, output_tokens=1)
    assert (found["id"], found["model"], found["error"]) == (None, None, None)


def test_json_is_its_text() -> None:
    assert read_answer(wrapped({"response": {"a": [1, 2]}}))["choices"][0]["text"] == '{"a":[1,2]}'
    assert read_answer(stream({"response": "{"}, {"response": True}))["choices"][0]["text"] == "{true"


@pytest.mark.parametrize(
    ("call", "call_id"),
    [
        ({"name": "f", "arguments": {"x": 1}}, None),
        ({"id": "c1", "type": "function", "function": {"name": "f", "arguments": '{"x": 1}'}}, "c1"),
    ],
)
def test_calls_have_two_forms(call: dict[str, Any], call_id: str | None) -> None:
    choice = read_answer(wrapped({"response": None, "tool_calls": [call]}))["choices"][0]
    assert choice["tool_calls"] == [{"id": call_id, "name": "f", "arguments": {"x": 1}, "kind": "function"}]
    assert choice["finish_reason"] == "tool_calls"


def test_a_call_of_a_stream_comes_in_pieces() -> None:
    first = {"tool_calls": [{"id": "c1", "type": "function", "index": 0, "function": {"name": "f"}}]}
    more = ({"tool_calls": [{"index": 0, "function": {"arguments": text}}]} for text in ('{"x":', " 1}", ""))
    choice = read_answer(stream(first, *more))["choices"][0]
    assert choice["tool_calls"] == [{"id": "c1", "name": "f", "arguments": {"x": 1}, "kind": "function"}]


def test_a_stream_is_pieces_and_counts_at_its_end() -> None:
    pieces: tuple[Any, ...] = (
        {"response": "H"},
        {},
        {"response": "i", "p": "abc"},
        {"response": "", "usage": {"prompt_tokens": 2}},
    )
    found = read_answer(stream(*pieces))
    assert found["choices"][0]["text"] == "Hi"
    assert found["usage"] == usage_words(input_tokens=2)


def test_what_is_no_result_is_refused() -> None:
    with pytest.raises(ValueError, match="no result"):
        read_answer(wrapped({}))


@pytest.mark.parametrize(
    ("status", "code", "name"),
    [
        (401, 10000, "AuthenticationError"), (400, 7000, "ModelNotFoundError"), (403, 5023, "InvalidRequestError"),
        (429, 3036, "RateLimitError"), (500, 5, "ServerError"),
    ],
)  # fmt: skip
def test_an_error_is_classed_by_its_number_first(status: int, code: int, name: str) -> None:
    found = read_error(plain({"errors": [{"message": "no", "code": code}], "success": False}, status=status))
    assert (found["class"], found["message"], found["code"]) == (name, "no", str(code))
