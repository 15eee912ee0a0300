"""Recorded exchanges in Amazon's Converse format: every answer is read as the oracle reads it, however it is cut."""

from __future__ import annotations

import struct
from types import ModuleType
from typing import Any, ClassVar
from urllib.parse import urlsplit

import pytest

from jackfield import ChatResponse
from tests.recordings import equivalences_bedrock, judge, loader
from tests.recordings.oracle import bedrock_converse as oracle
from tests.recordings.suite import RecordedApi, params

pytestmark = pytest.mark.needs("recordings")

PROVIDERS = ["amazon"]


@pytest.fixture(params=PROVIDERS)
def provider(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(params=params(PROVIDERS, fast=None))
def cut_provider(request: pytest.FixtureRequest) -> str:
    return str(request.param)


class TestBedrockConverse(RecordedApi):
    """Every recording of the format, without anybody's quirks."""

    DIALECT = "bedrock-converse"
    API = "converse"
    ORACLE: ClassVar[ModuleType] = oracle
    ENDS = (b"metadata",)

    def normal(self, body: dict[str, Any]) -> dict[str, Any]:
        return equivalences_bedrock.normal(body)

    def wanted(self, recorded: loader.Exchange) -> bool:
        """Leave out the question which models a profile stands for."""
        return urlsplit(recorded.url).path.endswith(("/converse", "/converse-stream"))

    def events(self, data: bytes) -> list[bytes]:
        """Cut a stream into frames by the lengths that they state."""
        found = []
        while data:
            (length,) = struct.unpack_from(">I", data)
            found.append(data[:length])
            data = data[length:]
        return found

    def says_something(self, data: bytes) -> bool:
        """The format has no comments."""
        return bool(data)

    def comparable(self, response: ChatResponse) -> dict[str, Any]:
        """The format cannot leave out how many tokens went in and out: what is not known is 0."""
        found = judge.described(response)
        found["usage"] = {name: count or None for name, count in (found["usage"] or {}).items()}
        return found
