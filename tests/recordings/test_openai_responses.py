"""Recorded exchanges in the responses format: every answer is read as the oracle reads it, however it is cut."""

from __future__ import annotations

from types import ModuleType
from typing import Any, ClassVar

import pytest

from jackfield import ChatResponse
from tests.recordings import equivalences_responses, judge, loader
from tests.recordings.oracle import openai_responses as oracle
from tests.recordings.suite import RecordedApi, params

pytestmark = pytest.mark.needs("recordings")

#: APIs of this format, all of which the dialect reads as it is.
PLAIN = ["openai", "amazon", "deepseek", "local-openai", "microsoft", "openrouter", "xai"]


@pytest.fixture(params=PLAIN)
def provider(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(params=params(PLAIN, fast="microsoft"))
def cut_provider(request: pytest.FixtureRequest) -> str:
    return str(request.param)


class TestOpenAIResponses(RecordedApi):
    """Every recording of the format, without anybody's quirks."""

    DIALECT = "openai-responses"
    API = "responses"
    ORACLE: ClassVar[ModuleType] = oracle
    ENDS = (b"response.completed", b"response.incomplete")

    def normal(self, body: dict[str, Any]) -> dict[str, Any]:
        return equivalences_responses.normal(body)

    def wanted(self, recorded: loader.Exchange) -> bool:
        return recorded.url.partition("?")[0].endswith("/responses")

    def comparable(self, response: ChatResponse) -> dict[str, Any]:
        """What is left out: the host's own word `complete`, and counts that are not there and become zero."""
        found = judge.described(response)
        for choice in found["choices"]:
            if choice["finish_reason"] == "unknown":
                choice |= {"finish_reason": "stop", "raw_finish_reason": "completed"}
            if choice["raw_finish_reason"] == "complete":
                choice["raw_finish_reason"] = "completed"
        for name in ("id", "model"):
            found[name] = found[name] or ""
        found["usage"] = {name: count or None for name, count in (found["usage"] or {}).items()}
        return found
