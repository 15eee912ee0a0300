"""Flows: what happens around an exchange, written once, as generators that yield effects.

A driver (sync or async, in `client.py`) carries the effects out and sends back what comes of them; errors are
thrown into the flow. A flow returns a response. Closing a flow closes the connection: the driver sees to it.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Generator, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any, TypeVar

from .attempts import attempt_of, interrupted
from .deltas import Delta
from .errors import JackfieldError, RequestTimeout, TransportError
from .exchange import Exchange
from .operations import Attempt, Response
from .wire import Endpoint, HTTPRequest

R = TypeVar("R")


@dataclass(frozen=True, slots=True)
class Timeout:
    """Limits in seconds: to connect, to the first delta, between deltas, and for all attempts in sum. None: none.

    A transport that has one limit for all that it reads takes the longer of `first` and `between`.
    """

    connect: float | None = 10.0
    first: float | None = 600.0
    between: float | None = 120.0
    total: float | None = None

    @classmethod
    def of(cls, value: float | Timeout | None) -> Timeout:
        """Read a timeout: a number limits everything."""
        if isinstance(value, Timeout):
            return value
        return cls() if value is None else cls(min(value, 10.0), value, value, value)

    def within(self, left: float) -> Timeout:
        """Return the same limits, none of them longer than the seconds that are left."""
        connect, first, between = (
            left if limit is None else min(limit, left) for limit in (self.connect, self.first, self.between)
        )
        return Timeout(connect, first, between, self.total)


@dataclass(slots=True)
class Course:
    """The exchange that is under way; where a flow falls back, another takes its place, over its own `transport`."""

    exchange: Exchange
    transport: Callable[[Exchange], Any]


@dataclass(slots=True)
class Head:
    """What comes of `Send`."""

    status: int
    headers: Mapping[str, str]


@dataclass(slots=True)
class Send:
    """Send a request; gives a `Head`."""

    request: HTTPRequest
    timeout: Timeout = field(default_factory=Timeout)


@dataclass(slots=True)
class Read:
    """Read the next bytes of the body; gives None at its end."""


@dataclass(slots=True)
class Close:
    """Close the answer, read or not."""


@dataclass(slots=True)
class Sleep:
    """Wait between `at_least` and `at_most` seconds; the driver adds the jitter and gives what it waited."""

    at_most: float
    at_least: float = 0.0


@dataclass(slots=True)
class Now:
    """Gives the monotonic time in seconds."""


@dataclass(slots=True)
class Emit:
    """Hand deltas to the caller."""

    deltas: list[Delta]


@dataclass(slots=True)
class Do:
    """Other I/O, in both colours; gives its result."""

    sync: Callable[[], Any]
    async_: Callable[[], Awaitable[Any]]


def _clock() -> datetime:
    return datetime.now(UTC)


async def _async_clock() -> datetime:
    return datetime.now(UTC)


#: Gives the time of day.
_CLOCK = Do(_clock, _async_clock)

Effect = Send | Read | Close | Sleep | Now | Emit | Do
Flow = Generator[Effect, Any, R]

_READ = Read()
#: A provider that asks for a longer wait than this gets none: the caller decides. The SDKs of the field use the same.
_LONGEST_WAIT = 60.0


def converse(exchange: Exchange, timeout: Timeout, at: datetime | None = None) -> Flow[Response]:
    """Send an exchange once and read its answer; `at` is the time now, where that is not when the exchange began.

    Raises:
        JackfieldError: whatever went wrong; `StreamInterrupted` once deltas have been handed out.
    """
    receive, emit = exchange.receive_data, Emit([])
    quiet: float | None = None
    try:
        signed = exchange.sign(at)
        request = signed if isinstance(signed, HTTPRequest) else (yield from signed)
        head = yield Send(request, timeout)
        if head.status == 401 and request.refused is not None:
            request.refused()
        exchange.receive_head(head.status, head.headers)
        while (chunk := (yield _READ)) is not None:
            if deltas := receive(chunk):
                emit.deltas = deltas
                yield emit
                if exchange.failure is not None:
                    raise exchange.failure
                quiet = None
            elif exchange.request.stream:
                # signs of life are no answer: the limits are for what is said
                now = yield Now()
                quiet = now if quiet is None else quiet
                limit = timeout.between if exchange.delivered else timeout.first
                if limit is not None and now - quiet > limit:
                    raise RequestTimeout(f"no answer in time: nothing but signs of life for {limit:g} s")
    except TransportError as error:
        if error.provider is None:
            error.provider, error.model = exchange.endpoint.provider, exchange.request.model
        raise interrupted(exchange, error) from error
    except JackfieldError as error:
        exchange.complete(error)
        raise
    if deltas := exchange.receive_eof():
        yield Emit(deltas)
    return exchange.response


def retry(exchange: Exchange, retries: int, timeout: Timeout) -> Flow[Response]:
    """Send an exchange, again where that helps and nothing has been handed out, within the total limit.

    The wait is what the provider asks for, or full jitter under 0.5 s doubling to 8 s. A wait of more than a minute, or
    one that does not fit into the limit, is not begun: the error goes to the caller, with `.retry_after`. Of several
    keys, another is used at once where one is limited or refused.
    """
    attempts: list[Attempt] = []
    turned = 0
    started = (yield Now()) if timeout.total is not None else 0.0
    at: datetime | None = None
    while True:
        try:
            return (yield from converse(exchange, timeout, at))
        except JackfieldError as error:
            attempts.append(attempt_of(exchange, error, error.response))
            error.attempts = tuple(attempts)
            if (endpoint := (yield from _another(exchange, error, turned))) is not None:
                turned += 1
                yield Close()
                exchange.earlier = tuple(attempts)
                exchange.aim(endpoint)
                at = yield _CLOCK
                continue
            if not error.retryable or exchange.delivered or len(attempts) - turned > retries:
                raise
            if (error.retry_after or 0.0) > _LONGEST_WAIT:
                raise
            wait = Sleep(min(8.0, 0.5 * 2 ** (len(attempts) - turned - 1)))
            if error.retry_after is not None:
                wait = Sleep(error.retry_after + 0.1, error.retry_after)
            if timeout.total is not None and (yield Now()) - started + wait.at_least >= timeout.total:
                raise
            yield Close()
            waited = yield wait
            attempts[-1] = replace(attempts[-1], wait=waited)
            exchange.earlier = tuple(attempts)
            exchange.restart()
            at = yield _CLOCK


def _another(exchange: Exchange, error: JackfieldError, turned: int) -> Flow[Endpoint | None]:
    """Return the endpoint that takes over where a key was limited or refused; every key has one turn."""
    if (keys := exchange.keys) is None or exchange.delivered or turned + 1 >= len(keys):
        return None
    return keys.turn(exchange.endpoint, error, (yield Now()))


def limit_total(inner: Flow[R], total: float) -> Flow[R]:
    """End a flow whose effects take longer than `total` seconds in sum; no answer is waited for beyond that.

    Raises:
        RequestTimeout: the time is up.
    """
    began = yield Now()
    value: Any = None
    thrown: BaseException | None = None
    while True:
        try:
            effect = inner.throw(thrown) if thrown is not None else inner.send(value)
        except StopIteration as stop:
            return stop.value  # type: ignore[no-any-return]
        thrown = None
        if isinstance(effect, Send | Read):
            left = total - ((yield Now()) - began)
            if left < 0:
                thrown = RequestTimeout(f"the time limit of {total:g} s for all attempts is up")
                continue
            if isinstance(effect, Send):
                effect = Send(effect.request, effect.timeout.within(left))
        try:
            value = yield effect
        except JackfieldError as error:
            thrown = error


def relay(
    inner: Flow[R],
    on_emit: Callable[[list[Delta]], list[Delta]] | None = None,
    on_error: Callable[[JackfieldError], None] | None = None,
) -> Flow[R]:
    """Wrap a flow without plumbing: look at or change what it emits, look at the error that ends it."""
    value: Any = None
    thrown: BaseException | None = None
    while True:
        try:
            effect = inner.throw(thrown) if thrown is not None else inner.send(value)
        except StopIteration as stop:
            return stop.value  # type: ignore[no-any-return]
        except JackfieldError as error:
            if on_error is not None:
                on_error(error)
            raise
        thrown = None
        if on_emit is not None and type(effect) is Emit:
            effect = Emit(on_emit(effect.deltas))
        try:
            value = yield effect
        except JackfieldError as error:
            thrown = error
