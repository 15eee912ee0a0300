"""Metrics for Prometheus, by the library prometheus-client. Labels have bounded sets: what callers write is in none."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from jackfield import Boards, ConfigurationError, JackfieldError

from ._records import Entry

if TYPE_CHECKING:
    from prometheus_client import CollectorRegistry

#: From a hundredth of a second to ten minutes.
_SECONDS = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 120.0, 300.0, 600.0)
#: So many sets of labels are told apart; further ones have the model `other`.
_MOST = 2_000
#: Name, kind, labels and meaning of every metric; the documentation has the same rows.
METRICS = (
    ("jackfield_requests", "counter", ("route", "provider", "model", "status"), "questions that ended"),
    ("jackfield_tokens", "counter", ("provider", "model", "kind"), "tokens that providers stated"),
    ("jackfield_cost_dollars", "counter", ("provider", "model"), "cost in US dollars, of what has a price"),
    ("jackfield_unpriced", "counter", ("provider", "model"), "answers whose cost is unknown"),
    ("jackfield_request_seconds", "histogram", ("route", "provider"), "time from the question to its end"),
    ("jackfield_first_delta_seconds", "histogram", ("provider",), "time from the question to the first delta"),
    ("jackfield_running", "gauge", (), "questions that are under way"),
    ("jackfield_history_waiting", "gauge", (), "rows of the history that are not written yet"),
    ("jackfield_history_dropped", "gauge", (), "rows of the history that were lost, since the start"),
    ("jackfield_charges_waiting", "gauge", (), "charges that are not committed yet"),
    ("jackfield_limits_unchecked", "gauge", (), "questions that no limit was asked for, since Redis did not answer"),
)


class Metrics:
    """Counts entries.

    Raises:
        ConfigurationError: the extra `metrics` is not installed.
    """

    def __init__(self, boards: Boards) -> None:
        try:
            import prometheus_client
        except ModuleNotFoundError:
            what = "metrics need prometheus-client; pip install 'jackfield-gateway[metrics]'"
            raise ConfigurationError(what) from None
        self._library: Any = prometheus_client
        self._boards = boards
        self.registry: CollectorRegistry = prometheus_client.CollectorRegistry()
        kinds: dict[str, Any] = {
            "counter": prometheus_client.Counter, "gauge": prometheus_client.Gauge,
            "histogram": prometheus_client.Histogram,
        }  # fmt: skip
        self._all: dict[str, Any] = {}
        for name, kind, labels, meaning in METRICS:
            more = {"buckets": _SECONDS} if kind == "histogram" else {}
            self._all[name] = kinds[kind](name, meaning, labels, registry=self.registry, **more)
        self._bound: dict[tuple[str, str, str, int], tuple[Any, ...]] = {}

    def gauge(self, name: str, read: Callable[[], float]) -> None:
        """Say where a gauge is read."""
        self._all[name].set_function(read)

    def ended(self, entry: Entry) -> None:
        """Count a question that has ended."""
        key = (entry.route, entry.provider, entry.model, entry.status)
        if (bound := self._bound.get(key)) is None:
            bound = self._bind(*key)
            if len(self._bound) < _MOST:
                self._bound[key] = bound
        count, seconds, first, provider, model = bound
        count.inc()
        seconds.observe(entry.seconds)
        if entry.first is not None:
            first.observe(entry.first)
        if (usage := entry.usage) is not None and not entry.sandboxed:
            tokens = self._all["jackfield_tokens"]
            for kind, number in (("input", usage.input_tokens), ("output", usage.output_tokens)):
                if number:
                    tokens.labels(provider, model, kind).inc(number)
            if entry.cost is not None and entry.cost.total is not None and entry.cost.currency == "USD":
                self._all["jackfield_cost_dollars"].labels(provider, model).inc(max(float(entry.cost.total), 0.0))
            else:
                self._all["jackfield_unpriced"].labels(provider, model).inc()

    def text(self) -> bytes:
        """Return everything as Prometheus reads it."""
        found: bytes = self._library.generate_latest(self.registry)
        return found

    def _bind(self, route: str, provider: str, model: str, status: int) -> tuple[Any, ...]:
        """Return what a question counts in; a name that no catalog has is `other`."""
        if provider not in self._boards.providers():
            provider, model = "other", "other"
        elif len(self._bound) >= _MOST or not self._is_known(provider, model):
            model = "other"
        return (
            self._all["jackfield_requests"].labels(route, provider, model, str(status)),
            self._all["jackfield_request_seconds"].labels(route, provider),
            self._all["jackfield_first_delta_seconds"].labels(provider),
            provider,
            model,
        )

    def _is_known(self, provider: str, model: str) -> bool:
        try:
            return self._boards.info(provider).model(model).rung in ("id", "alias")
        except JackfieldError:
            return False
