"""Errors that stand in a list: hosts wrap the envelope so."""

from __future__ import annotations

import json
from typing import Any

import pytest

from jackfield import Board, ChatRequest, HTTPResponse, InvalidRequestError, ModelNotFoundError, ServerError

REQUEST = ChatRequest(model="m", messages="Hi")


def read(board: Board, status: int, body: Any) -> Any:
    return board.normalize_error(REQUEST, HTTPResponse(status, {}, json.dumps(body).encode()))


@pytest.mark.parametrize(
    ("status", "row", "kind", "code"),
    [
        (400, {"code": "invalid_request_entity", "message": "no"}, InvalidRequestError, "invalid_request_entity"),
        (404, {"code": "model_not_supported", "message": "no"}, ModelNotFoundError, "model_not_supported"),
        (500, {"code": 3043, "message": "no"}, ServerError, "3043"),
    ],
)
def test_the_first_of_a_list_is_the_error(
    board: Board, status: int, row: dict[str, Any], kind: type[Exception], code: str
) -> None:
    error = read(board, status, {"errors": [row, {"message": "another"}], "success": False})
    assert (type(error), error.message, error.code) == (kind, "no", code)


def test_an_error_of_its_own_goes_before_a_list(board: Board) -> None:
    error = read(board, 400, {"error": {"message": "this"}, "errors": [{"message": "that"}]})
    assert error.message == "this"


@pytest.mark.parametrize("rows", [[], ["no"], "no", None])
def test_what_is_no_list_of_errors_is_none(board: Board, rows: Any) -> None:
    assert read(board, 400, {"errors": rows}) is None
