"""Spans and metrics of exchanges, as an exporter in memory gets them."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from typing import Any

import pytest
from opentelemetry import metrics, trace
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import SpanKind, StatusCode

import jackfield_otel
from jackfield import AsyncClient, Boards, Client, JackfieldError
from tests.core.conftest import acme
from tests.core.server import DONE, USAGE, Server, chunk, completion, running, streamed, whole

KEY = "sk-canary-0123456789"
EXPORTER, READER = InMemorySpanExporter(), InMemoryMetricReader()


@pytest.fixture(scope="module", autouse=True)
def providers() -> None:
    """OpenTelemetry takes one provider for the life of a process."""
    traces = TracerProvider()
    traces.add_span_processor(SimpleSpanProcessor(EXPORTER))
    trace.set_tracer_provider(traces)
    metrics.set_meter_provider(MeterProvider([READER]))


@pytest.fixture
def server() -> Iterator[Server]:
    EXPORTER.clear()
    with running() as found:
        yield found


def client(server: Server, kind: Any = Client) -> Any:
    boards = Boards(acme(server.url), environ={})
    boards.register("extension", "otel", jackfield_otel)
    return kind({"acme": {"api_key": KEY}}, boards=boards, retries=0)


def spans() -> list[Any]:
    return list(EXPORTER.get_finished_spans())


def test_an_answer_is_a_span_with_the_names_of_the_conventions(server: Server) -> None:
    server.answer(whole(completion("Hello")))
    with client(server) as asked, trace.get_tracer("test").start_as_current_span("outer") as outer:
        asked.chat("acme/large", "Hi", temperature=0.5, max_tokens=9, stop=["x"])
    span = spans()[0]
    assert (span.name, span.kind, span.status.status_code) == ("chat large", SpanKind.CLIENT, StatusCode.UNSET)
    assert span.parent.span_id == outer.get_span_context().span_id
    assert dict(span.attributes) == {
        "gen_ai.operation.name": "chat",
        "gen_ai.provider.name": "acme",
        "gen_ai.request.model": "large",
        "gen_ai.request.temperature": 0.5,
        "gen_ai.request.max_tokens": 9,
        "gen_ai.request.stop_sequences": ("x",),
        "gen_ai.response.id": "chatcmpl-1",
        "gen_ai.response.model": "large-1",
        "gen_ai.response.finish_reasons": ("stop",),
        "gen_ai.usage.input_tokens": 3,
        "gen_ai.usage.output_tokens": 2,
        "jackfield.cost": 8e-06,
        "jackfield.currency": "USD",
        "jackfield.sandboxed": False,
        "server.address": "127.0.0.1",
        "server.port": server.port,
    }


@pytest.mark.parametrize("colour", ["sync", "async"])
def test_a_stream_is_a_span_that_ends_with_it_or_where_it_is_left(server: Server, colour: str) -> None:
    events = streamed(chunk(content="Hel"), chunk(content="lo"), chunk(finish="stop"), USAGE, DONE)
    server.answer(events, events)

    async def read(leave: bool) -> None:
        async with client(server, AsyncClient) as asked, asked.stream("acme/large", "Hi") as stream:
            async for _ in stream:
                if leave:
                    break

    for leave in (False, True):
        if colour == "async":
            asyncio.run(read(leave))
        else:
            with client(server) as asked, asked.stream("acme/large", "Hi") as stream:
                for _ in stream:
                    if leave:
                        break
    whole_, left = spans()
    assert whole_.attributes["gen_ai.request.stream"] is True
    assert whole_.attributes["gen_ai.usage.output_tokens"] == 2
    assert left.attributes["error.type"] == "Abandoned"
    assert left.status.status_code == StatusCode.ERROR


def test_an_error_is_in_the_span_and_no_key_ever(server: Server) -> None:
    server.answer(whole({"error": {"message": f"wrong key {KEY}"}}, 401))
    with client(server) as asked, pytest.raises(JackfieldError):
        asked.chat("acme/large", "Hi")
    [span] = spans()
    assert span.attributes["error.type"] == "AuthenticationError"
    assert span.attributes["http.response.status_code"] == 401
    assert span.status.status_code == StatusCode.ERROR
    assert KEY not in span.to_json()
    assert KEY[3:] not in span.to_json()


def test_what_was_said_is_in_no_span_unless_it_is_asked_for(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    server.answer(whole(completion("Hello-said")))
    messages = [{"role": "system", "content": "told-said"}, {"role": "user", "content": "Hi-said"}]
    with client(server) as asked:
        asked.chat("acme/large", messages)
        monkeypatch.setenv(jackfield_otel.CAPTURE, "true")
        asked.chat("acme/large", messages)
    without, having = spans()
    assert "said" not in without.to_json()
    said = {
        name: json.loads(value) for name, value in having.attributes.items() if "messages" in name or "system_" in name
    }
    assert said == {
        "gen_ai.system_instructions": [{"type": "text", "content": "told-said"}],
        "gen_ai.input.messages": [{"role": "user", "parts": [{"type": "text", "content": "Hi-said"}]}],
        "gen_ai.output.messages": [
            {"role": "assistant", "parts": [{"type": "text", "content": "Hello-said"}], "finish_reason": "stop"}
        ],
    }


def test_time_and_tokens_are_measured(server: Server) -> None:
    def found() -> dict[str, list[Any]]:
        data = READER.get_metrics_data()
        rows = [] if data is None else data.resource_metrics[0].scope_metrics[0].metrics
        return {row.name: list(row.data.data_points) for row in rows}

    before = sum(point.sum for point in found().get("gen_ai.client.token.usage", []))
    server.answer(whole(completion("Hello")))
    with client(server) as asked:
        asked.chat("acme/large", "Hi")
    points = found()
    assert sum(point.sum for point in points["gen_ai.client.token.usage"]) == before + 5
    assert {point.attributes["gen_ai.token.type"] for point in points["gen_ai.client.token.usage"]} == {
        "input",
        "output",
    }
    assert all(point.count for point in points["gen_ai.client.operation.duration"])


def test_the_gateway_has_spans_too(server: Server) -> None:
    from jackfield_gateway import GatewayApp
    from tests.apps.gateway.conftest import ask, served

    server.answer(whole(completion("Hello")))
    boards = Boards(acme(server.url), environ={})
    boards.register("extension", "otel", jackfield_otel)
    with served(GatewayApp({"acme": {"api_key": KEY}}, boards=boards)) as address:
        body = {"model": "acme/large", "messages": [{"role": "user", "content": "Hi"}]}
        assert ask(address, body).status_code == 200
    [span] = spans()
    assert span.attributes["gen_ai.provider.name"] == "acme"
    assert KEY not in span.to_json()
