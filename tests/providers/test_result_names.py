"""The name of a tool beside its result goes to hosts that took it in recordings, and to no other."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from jackfield import Boards, Endpoint, Exchange
from tests.providers.requests import request

AT = datetime(2026, 11, 20, tzinfo=UTC)


@pytest.mark.parametrize(
    ("provider", "model", "named"),
    [
        ("openai", "gpt-4o", True),
        ("mistral", "mistral-large-latest", True),
        ("cerebras", "gpt-oss-120b", True),
        ("baseten", "any", True),
        ("groq", "openai/gpt-oss-120b", False),
        ("deepseek", "deepseek-v4-flash", False),
        ("microsoft", "gpt-4o", False),
    ],
)
def test_a_name_goes_where_it_was_taken(provider: str, model: str, named: bool) -> None:
    board = Boards(environ={}).open(provider, "openai-chat")
    endpoint = Endpoint(provider, "openai-chat", "https://any.invalid")
    exchange = Exchange(board, request("result", model), endpoint, AT)
    (result,) = [row for row in exchange.http_request.json()["messages"] if row["role"] == "tool"]
    assert ("name" in result) is named
    assert not [row for row in exchange.adjustments if row.parameter == "tool_result.name"]
