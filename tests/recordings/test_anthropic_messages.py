"""Recorded exchanges in the messages format: every answer is read as the oracle reads it, however it is cut."""

from __future__ import annotations

from types import ModuleType
from typing import Any, ClassVar
from urllib.parse import urlsplit

import pytest

from jackfield import (
    ChatRequest,
    ChatResponse,
    HTTPResponse,
    InvalidInput,
    InvalidRequestError,
    ModelsRequest,
    ModelsResponse,
)
from tests.recordings import equivalences_anthropic, judge, loader
from tests.recordings.oracle import anthropic_messages as oracle
from tests.recordings.suite import RecordedApi, params, read_list

pytestmark = pytest.mark.needs("recordings")

DIALECT = "anthropic-messages"
#: Anthropic itself, and its models at Google's address: the same format.
PROVIDERS = ["anthropic", "google"]


@pytest.fixture(params=PROVIDERS)
def provider(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(params=params(PROVIDERS, fast="google"))
def cut_provider(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def _is_nonsense(recorded: loader.Exchange) -> bool:
    """Tell whether a request was wrong on purpose: messages that are no objects, which the provider refused."""
    return any(isinstance(message, str) for message in (recorded.request_json or {}).get("messages", ()))


class TestAnthropicMessages(RecordedApi):
    """Every recording of the format, without anybody's quirks."""

    DIALECT = DIALECT
    API = "messages"
    ORACLE: ClassVar[ModuleType] = oracle
    ENDS = (b'"message_stop"',)

    def normal(self, body: dict[str, Any]) -> dict[str, Any]:
        return equivalences_anthropic.normal(body)

    def wanted(self, recorded: loader.Exchange) -> bool:
        path = urlsplit(recorded.url).path
        return path.endswith(("/messages", "redict")) and not _is_nonsense(recorded)

    def comparable(self, response: ChatResponse) -> dict[str, Any]:
        """The format cannot leave out how many tokens went in and out: what is not known is 0."""
        found = judge.described(response)
        found["usage"] = {name: count or None for name, count in (found["usage"] or {}).items()}
        return found


def test_a_request_that_was_wrong_on_purpose_is_refused_here_and_there() -> None:
    seen = 0
    for recorded in filter(_is_nonsense, loader.exchanges("anthropic", "messages")):
        suite = TestAnthropicMessages()
        with pytest.raises(InvalidInput, match=r"messages\[0\]: an object is needed"):
            suite.parsed(recorded)
        board = suite.opened(_other()).board
        answer = HTTPResponse(400, judge.headers(recorded), recorded.response_bytes)
        error = board.normalize_error(ChatRequest(messages="x"), answer)
        assert type(error) is InvalidRequestError
        seen += 1
    assert seen == 1


def _other() -> loader.Exchange:
    return next(iter(loader.exchanges("anthropic", "messages")))


def test_lists_of_models_are_read() -> None:
    seen = 0
    for recorded in loader.exchanges("anthropic", "messages"):
        if urlsplit(recorded.url).path.endswith("/models"):
            response = read_list(DIALECT, recorded, ModelsRequest())
            assert isinstance(response, ModelsResponse)
            assert len(response.models) == 10
            assert all(model.created for model in response.models)
            seen += 1
    assert seen == 1
