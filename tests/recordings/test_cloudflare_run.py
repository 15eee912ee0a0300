"""Recorded exchanges with Cloudflare's `run`, through the board of its provider."""

from __future__ import annotations

from types import ModuleType
from typing import Any, ClassVar
from urllib.parse import unquote

import pytest

from jackfield import ChatRequest, ChatResponse, Endpoint, Exchange
from tests.recordings import judge, loader, test_hosts
from tests.recordings.oracle import cloudflare_run as oracle
from tests.recordings.suite import boards

pytestmark = pytest.mark.needs("recordings")


@pytest.fixture
def provider() -> str:
    return "cloudflare"


@pytest.fixture(params=[pytest.param("cloudflare", marks=pytest.mark.slow)])
def cut_provider(request: pytest.FixtureRequest) -> str:
    return str(request.param)


class TestCloudflareRun(test_hosts.TestHosts):
    """Every recording of the older API, whose model stands in its address."""

    API = "run"
    ORACLE: ClassVar[ModuleType] = oracle
    ENDS = (b"[DONE]",)

    def api_of(self, provider: str) -> str:
        return self.API

    def described(self, response: ChatResponse) -> dict[str, Any]:
        """Where the wire names no call, its id is made here."""
        found = judge.described(response)
        for choice in found["choices"]:
            for call in choice["tool_calls"]:
                if str(call["id"]).startswith("call_"):
                    call["id"] = None
        return found

    def comparable(self, response: ChatResponse) -> dict[str, Any]:
        """An answer names no model; where it is written, the one that was asked stands in it."""
        found = super().comparable(response)
        del found["model"]
        return found

    def parsed(self, recorded: loader.Exchange) -> ChatRequest:
        model = unquote(recorded.url.rpartition("/run/")[2])
        return super().parsed(recorded).model_copy(update={"model": model})

    def exchange(self, recorded: loader.Exchange, request: ChatRequest) -> Exchange:
        base, _, _ = recorded.url.partition("/run/")
        endpoint = Endpoint("cloudflare", self.DIALECT, f"{base}/run")
        exchange = Exchange(boards().open("cloudflare", self.DIALECT), request, endpoint, judge.AT, "pass")
        if request.model != "any":
            assert exchange.http_request.url == recorded.url
        return exchange
