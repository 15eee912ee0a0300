"""Metrics for Prometheus, written by the library prometheus-client. Labels have bounded sets: what callers write is in
none. Counting is adding to plain numbers, many questions at once, and the library is asked when somebody looks."""

from __future__ import annotations

import logging
from bisect import bisect_left
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any, TypeAlias

from jackfield import Boards, ConfigurationError, Cost, JackfieldError, Usage

from ._records import Entry

if TYPE_CHECKING:
    from prometheus_client import CollectorRegistry

_LOG = logging.getLogger(__name__)
#: Route, provider, model and status, as they came.
_Key: TypeAlias = tuple[str, str, str, int]
#: From a hundredth of a second to ten minutes.
SECONDS = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 120.0, 300.0, 600.0)
#: So many sets of labels are told apart; further ones have the model `other`.
_MOST = 2_000
#: So many questions that have ended are counted together.
_TOGETHER = 256
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


class _Times:
    """How many took how long; one count for each bound and one for what is beyond."""

    __slots__ = ("counts", "total")

    def __init__(self) -> None:
        self.counts = [0] * (len(SECONDS) + 1)
        self.total = 0.0

    def add(self, seconds: float) -> None:
        self.counts[bisect_left(SECONDS, seconds)] += 1
        self.total += seconds

    def buckets(self) -> list[tuple[str, float]]:
        """Return bounds and how many took no longer, as Prometheus has them."""
        found, sum_ = [], 0
        for bound, count in zip((*SECONDS, "+Inf"), self.counts, strict=True):
            sum_ += count
            found.append((str(bound), float(sum_)))
        return found


class _Group:
    """What is counted of the questions of one set of labels."""

    __slots__ = ("cost", "input", "model", "output", "provider", "requests", "route", "status", "times", "unpriced")

    def __init__(self, route: str, provider: str, model: str, status: int, times: tuple[_Times, _Times]) -> None:
        self.route, self.provider, self.model, self.status = route, provider, model, status
        self.times = times
        self.requests = self.input = self.output = self.unpriced = 0
        self.cost = 0.0


class Metrics:
    """Counts entries.

    Raises:
        ConfigurationError: the extra `metrics` is not installed.
    """

    def __init__(self, boards: Boards) -> None:
        try:
            import prometheus_client
            import prometheus_client.core
        except ModuleNotFoundError:
            what = "metrics need prometheus-client; pip install 'jackfield-gateway[metrics]'"
            raise ConfigurationError(what) from None
        self._library: Any = prometheus_client
        self._boards = boards
        self._groups: dict[_Key, _Group] = {}
        #: By the names as they came; several may count in one.
        self._found: dict[_Key, _Group] = {}
        self._whole: dict[tuple[str, ...], _Times] = {}
        self._first: dict[tuple[str, ...], _Times] = {}
        self._gauges: dict[str, Callable[[], float]] = {}
        self._ended: list[tuple[_Key, float, float | None, Usage | None, Cost | None]] = []
        self.registry: CollectorRegistry = prometheus_client.CollectorRegistry()
        self.registry.register(self)

    def gauge(self, name: str, read: Callable[[], float]) -> None:
        """Say where a gauge is read."""
        self._gauges[name] = read

    def ended(self, entry: Entry) -> None:
        """Take a question that has ended; it is counted before somebody looks."""
        usage, cost = (None, None) if entry.sandboxed else (entry.usage, entry.cost)
        key = (entry.route, entry.provider, entry.model, entry.status)
        self._ended.append((key, entry.seconds, entry.first, usage, cost))  # and not what was said in it
        if len(self._ended) >= _TOGETHER:
            self.count()

    def count(self) -> None:
        """Count what has ended."""
        some, self._ended = self._ended, []
        for row in some:
            try:
                self._count(*row)
            except Exception:  # such as that of a plugin which reckons a cost: the others count
                _LOG.exception("a question was not counted in full")

    def _count(self, key: _Key, seconds: float, first: float | None, usage: Usage | None, cost: Cost | None) -> None:
        if (group := self._found.get(key)) is None:
            group = self._group(*key)
            if len(self._found) < 4 * _MOST:
                self._found[key] = group
        group.requests += 1
        whole, begun = group.times
        whole.add(seconds)
        if first is not None:
            begun.add(first)
        if usage is not None:
            group.input += usage.input_tokens or 0
            group.output += usage.output_tokens or 0
            if cost is not None and cost.total is not None and cost.currency == "USD":
                group.cost += max(float(cost.total), 0.0)
            else:
                group.unpriced += 1

    def text(self) -> bytes:
        """Return everything as Prometheus reads it."""
        found: bytes = self._library.generate_latest(self.registry)
        return found

    def collect(self) -> Iterator[Any]:
        """Give every metric to the library."""
        self.count()
        families = self._library.core
        kinds = {
            "counter": families.CounterMetricFamily, "gauge": families.GaugeMetricFamily,
            "histogram": families.HistogramMetricFamily,
        }  # fmt: skip
        for name, kind, labels, meaning in METRICS:
            family = kinds[kind](name, meaning, labels=labels)
            if kind == "histogram":
                for values, row in (self._first if len(labels) == 1 else self._whole).items():
                    family.add_metric(values, row.buckets(), row.total)
            elif kind == "counter":
                for values, count in self._sums(name).items():
                    family.add_metric(values, count)
            else:
                family.add_metric((), self._gauges[name]())
            yield family

    def _sums(self, name: str) -> dict[tuple[str, ...], float]:
        found: dict[tuple[str, ...], float] = {}
        for group in self._groups.values():
            who = (group.provider, group.model)
            counts: dict[str, dict[tuple[str, ...], float]] = {
                "jackfield_requests": {(group.route, *who, str(group.status)): float(group.requests)},
                "jackfield_tokens": {(*who, "input"): float(group.input), (*who, "output"): float(group.output)},
                "jackfield_cost_dollars": {who: group.cost},
                "jackfield_unpriced": {who: float(group.unpriced)},
            }
            for labels, count in counts[name].items():
                if count:
                    found[labels] = found.get(labels, 0.0) + count
        return found

    def _group(self, route: str, provider: str, model: str, status: int) -> _Group:
        """Return what a question counts in; a name that no catalog has is `other`."""
        if provider not in self._boards.providers():
            provider, model = "other", "other"
        elif len(self._groups) >= _MOST or not self._is_known(provider, model):
            model = "other"
        times = (self._whole.setdefault((route, provider), _Times()), self._first.setdefault((provider,), _Times()))
        named = (route, provider, model, status)
        if (group := self._groups.get(named)) is None:
            group = self._groups[named] = _Group(*named, times)
        return group

    def _is_known(self, provider: str, model: str) -> bool:
        try:
            return self._boards.info(provider).model(model).rung in ("id", "alias")
        except JackfieldError:
            return False
