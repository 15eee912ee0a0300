"""Recorded exchanges in the generate-content format: every answer is read as the oracle reads it, however it is cut."""

from __future__ import annotations

from types import ModuleType
from typing import Any, ClassVar

import pytest

from tests.recordings import equivalences_gemini, loader
from tests.recordings.oracle import gemini as oracle
from tests.recordings.suite import RecordedApi, params

pytestmark = pytest.mark.needs("recordings")

PROVIDERS = ["google"]


@pytest.fixture(params=PROVIDERS)
def provider(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(params=params(PROVIDERS, fast="none"))
def cut_provider(request: pytest.FixtureRequest) -> str:
    return str(request.param)


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
