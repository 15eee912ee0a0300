"""OpenTelemetry: a span for each exchange, by the semantic conventions for generative AI, and their two metrics."""

from __future__ import annotations

import os
import time
from typing import Any
from weakref import WeakKeyDictionary

from opentelemetry import metrics, trace
from opentelemetry.trace import Span, SpanKind, Status, StatusCode

from jackfield import Cost, JackfieldError, Response, hookimpl

from ._attributes import OPERATIONS, measured, of_request, of_response
from ._messages import system_of, written

__all__ = ["exchange_failed", "exchange_finished", "exchange_started"]

#: Whether spans hold what was said; the variable that instrumentations of the field share.
CAPTURE = "OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT"
_OPEN: WeakKeyDictionary[Any, tuple[Span, float]] = WeakKeyDictionary()
_SCOPE = "jackfield"
#: The boundaries that the conventions advise.
_SECONDS = [0.01, 0.02, 0.04, 0.08, 0.16, 0.32, 0.64, 1.28, 2.56, 5.12, 10.24, 20.48, 40.96, 81.92]
_TOKENS = [1, 4, 16, 64, 256, 1024, 4096, 16384, 65536, 262144, 1048576, 4194304, 16777216, 67108864]
_METER = metrics.get_meter(_SCOPE)
_DURATION = _METER.create_histogram(
    "gen_ai.client.operation.duration", "s", "time of an exchange", explicit_bucket_boundaries_advisory=_SECONDS
)
_USAGE = _METER.create_histogram(
    "gen_ai.client.token.usage", "{token}", "tokens of an exchange", explicit_bucket_boundaries_advisory=_TOKENS
)


@hookimpl
def exchange_started(exchange: Any) -> None:
    """Begin a span."""
    if not _is_heard():
        return
    attributes = of_request(exchange)
    name = f"{OPERATIONS.get(exchange.request.operation, exchange.request.operation)} {exchange.request.model}"
    span = trace.get_tracer(_SCOPE).start_span(name, kind=SpanKind.CLIENT, attributes=attributes)
    if span.is_recording() and _captures():
        span.set_attributes(system_of(exchange.request))
    _OPEN[exchange] = (span, time.perf_counter())


@hookimpl
def exchange_finished(exchange: Any, response: Response, cost: Cost | None) -> None:
    """End the span with what was answered."""
    _end(exchange, response, cost, None)


@hookimpl
def exchange_failed(exchange: Any, error: JackfieldError) -> None:
    """End the span with what went wrong, and what had come before it."""
    _end(exchange, error.response, None if error.response is None else error.response.cost, error)


def _end(exchange: Any, response: Response | None, cost: Cost | None, error: JackfieldError | None) -> None:
    span, began = _OPEN.pop(exchange, (None, 0.0))
    if span is None:
        return
    found = measured(exchange, response)
    if error is not None:
        found["error.type"] = type(error).__name__
    _DURATION.record(time.perf_counter() - began, found)
    usage = None if response is None else response.usage
    if usage is not None:
        for kind, count in (("input", usage.input_tokens), ("output", usage.output_tokens)):
            if count is not None:
                _USAGE.record(count, {**found, "gen_ai.token.type": kind})
    if span.is_recording():
        span.set_attributes(of_response(response, cost))
        if _captures() and response is not None:
            span.set_attributes(written(response))
        if error is not None:
            span.set_attribute("error.type", type(error).__name__)
            if error.status is not None:
                span.set_attribute("http.response.status_code", error.status)
            span.set_status(Status(StatusCode.ERROR, error.message[:500]))
    span.end()


def _is_heard() -> bool:
    """Whether the application has set a provider of either kind; the stand-ins of the API tell nobody."""
    return not (
        isinstance(trace.get_tracer_provider(), trace.ProxyTracerProvider)
        and type(metrics.get_meter_provider()).__name__ == "_ProxyMeterProvider"
    )


def _captures() -> bool:
    return os.environ.get(CAPTURE, "").lower() in ("1", "true", "span_only", "span_and_event")
