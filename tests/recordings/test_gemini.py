"""Recorded exchanges in the generate-content format: every answer is read as the oracle reads it, however it is cut."""

from __future__ import annotations

import json
from types import ModuleType
from typing import Any, ClassVar

import pytest

from jackfield import ChatResponse, Data, ToolCall, ToolResult
from tests.recordings import equivalences_gemini, judge, loader
from tests.recordings.oracle import gemini as oracle
from tests.recordings.suite import RecordedApi, check_order, params

pytestmark = pytest.mark.needs("recordings")

PROVIDERS = ["google"]


@pytest.fixture(params=PROVIDERS)
def provider(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(params=params(PROVIDERS, fast="none"))
def cut_provider(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def described(response: ChatResponse) -> dict[str, Any]:
    """Write an answer in the oracle's words: ids that we minted are none, arguments are values."""
    found = judge.described(response)
    if response.usage is not None:
        found["usage"]["output_image_tokens"] = response.usage.counts.get("output.image")
    for row, choice in zip(found["choices"], response.choices, strict=True):
        parts = choice.message.parts
        calls = [part for part in parts if isinstance(part, ToolCall)]
        row["tool_calls"] = [_call(call) for call in calls if call.executed_by == "caller"]
        row["provider_calls"] = [_call(call) for call in calls if call.executed_by == "provider"]
        row["provider_results"] = [_result(part) for part in parts if isinstance(part, ToolResult)]
        row["states"] = [word for part in parts if (word := _state(part).get("thoughtSignature")) is not None]
        row["audio"] = None
    return found


def _state(part: Any) -> dict[str, Any]:
    return part.provider_state.data if part.provider_state is not None else {}


def _call(call: ToolCall) -> dict[str, Any]:
    arguments = json.loads(call.arguments) if call.arguments else {}
    call_id = None if _state(call).get("minted") else call.id
    return {"id": call_id, "name": call.name, "arguments": arguments, "kind": call.kind}


def _result(result: ToolResult) -> dict[str, Any]:
    content = next(part.value for part in result.parts if isinstance(part, Data))
    return {"call_id": content.get("id"), "content": content, "is_error": result.is_error}


class TestGemini(RecordedApi):
    """Every recording of the format, of AI Studio and of Vertex."""

    DIALECT = "gemini"
    API = "generate-content"
    ORACLE: ClassVar[ModuleType] = oracle
    ENDS = (b'"finishReason"',)

    def normal(self, body: dict[str, Any]) -> dict[str, Any]:
        return equivalences_gemini.normal(body)

    def wanted(self, recorded: loader.Exchange) -> bool:
        return "enerateContent" in recorded.url

    def comparable(self, response: ChatResponse) -> dict[str, Any]:
        return described(response)

    def differences(self, recorded: loader.Exchange, expected: dict[str, Any], pieces: list[bytes]) -> list[str]:
        exchange = self.opened(recorded)
        deltas, error = judge.run(exchange, recorded, pieces)
        if recorded.streaming and error is None:
            check_order(deltas)
        if expected["error"] is not None:
            if error is None:
                return ["an error went unnoticed"]
            told = expected["error"]
            found = {"code": error.code, "class": type(error).__name__}
            if told["message"] is not None:
                found["message"] = error.message
            if found != {name: told[name] for name in found}:
                return [f"error {found} is not {told}"]
            response = error.response
            if response is None:
                return [] if not expected["choices"] else ["what had arrived is lost"]
        elif error is not None:
            return [f"raised {type(error).__name__}: {error}"]
        else:
            response = exchange.response
        assert isinstance(response, ChatResponse)
        return [*judge.unlike(expected, described(response))]
