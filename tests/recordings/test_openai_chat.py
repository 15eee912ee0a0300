"""Recorded exchanges in the chat-completions format: every answer is read as the oracle reads it, however it is cut."""

from __future__ import annotations

from collections.abc import Mapping
from types import ModuleType
from typing import Any, ClassVar

import pytest

from jackfield import ChatResponse, ModelsRequest, ModelsResponse
from tests.recordings import equivalences, judge, loader
from tests.recordings.oracle import openai_chat as oracle
from tests.recordings.suite import RecordedApi, params, read_list

pytestmark = pytest.mark.needs("recordings")

#: APIs of this format that the dialect reads as it is; those of other providers are read on their own boards.
PLAIN = ["openai", "cloudflare", "gpustack", "local-litellm", "local-llamacpp", "local-openai", "portkey-gateway"]


@pytest.fixture(params=PLAIN)
def provider(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(params=params(PLAIN, fast="local-openai"))
def cut_provider(request: pytest.FixtureRequest) -> str:
    return str(request.param)


class TestOpenAIChat(RecordedApi):
    """Every recording of the format, without anybody's quirks."""

    DIALECT = "openai-chat"
    API = "chat-completions"
    ORACLE: ClassVar[ModuleType] = oracle
    ENDS: ClassVar[tuple[bytes, ...]] = (b'"finish_reason":"', b'"finish_reason": "')
    SERVING: ClassVar[Mapping[str, Any]] = {"include_usage": True}

    def normal(self, body: dict[str, Any]) -> dict[str, Any]:
        return equivalences.normal(body)

    def wanted(self, recorded: loader.Exchange) -> bool:
        return not recorded.url.rstrip("/").endswith("/models")

    def comparable(self, response: ChatResponse) -> dict[str, Any]:
        """The format has no word for a reason that is not known."""
        found = judge.described(response)
        for choice in found["choices"]:
            del choice["raw_finish_reason"]
            if isinstance(audio := choice["audio"], dict):
                choice["audio"] = {"data_b64": audio["data_b64"], "transcript": audio["transcript"]}
                choice["media"] = []
            choice["finish_reason"] = {"refusal": "stop", "unknown": "stop"}.get(
                choice["finish_reason"], choice["finish_reason"]
            )
        for name in ("id", "model"):
            found[name] = found[name] or ""
        found["usage"] = {name: count or None for name, count in (found["usage"] or {}).items()}
        return found


def test_lists_of_models_are_read() -> None:
    seen = 0
    for recorded in loader.exchanges("local-llamacpp", "chat-completions"):
        if recorded.url.rstrip("/").endswith("/models"):
            response = read_list("openai-chat", recorded, ModelsRequest())
            assert isinstance(response, ModelsResponse)
            assert response.models
            seen += 1
    assert seen == 1
