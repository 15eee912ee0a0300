"""The synchronous driver of flows, and the stream that it feeds; the asynchronous ones are in `async_driver`."""

from __future__ import annotations

import random
import time
from collections.abc import Generator, Iterator
from itertools import chain
from typing import Any, cast

from .closing import Closing
from .conversation import ChatResponse
from .deltas import Delta
from .errors import JackfieldError
from .exchange import Exchange
from .flows import Close, Course, Do, Effect, Emit, Flow, Head, Now, Read, Send, Sleep
from .operations import Adjustment, Response
from .transport import Reply, Transport


def drive(
    flow: Flow[Response], transport: Transport, course: Course | None = None
) -> Generator[list[Delta], None, Response]:
    """Carry out the effects of a flow; yields what it emits and returns its response. A course has its transports."""
    reply: Reply | None = None
    chunks: Iterator[bytes] = iter(())
    value: Any = None
    try:
        effect: Effect = next(flow)
        while True:
            try:
                if type(effect) is Read:
                    value = next(chunks, None)
                elif type(effect) is Emit:
                    value = yield effect.deltas
                elif type(effect) is Send:
                    if reply is not None:
                        reply.close()
                    if course is not None:
                        transport = course.transport(course.exchange)
                    reply = transport.send(effect.request, effect.timeout)
                    chunks, value = reply.chunks, Head(reply.status, reply.headers)
                elif type(effect) is Sleep:
                    value = random.uniform(effect.at_least, effect.at_most)
                    time.sleep(value)
                elif type(effect) is Now:
                    value = time.monotonic()
                elif type(effect) is Do:
                    value = effect.sync()
                elif type(effect) is Close and reply is not None:
                    reply.close()
                    reply = None
            except JackfieldError as error:
                effect = flow.throw(error)
            else:
                effect = flow.send(value)
    except StopIteration as stop:
        return stop.value  # type: ignore[no-any-return]
    finally:
        flow.close()
        if reply is not None:
            reply.close()


class StreamBase:
    """What the streams of both clients tell of the exchange that is under way; a course may replace it."""

    def __init__(self, exchange: Exchange, course: Course | None) -> None:
        self._exchange = exchange
        self._course = course
        self._response: Response | None = None

    @property
    def _underway(self) -> Exchange:
        return self._exchange if self._course is None else self._course.exchange

    @property
    def provider(self) -> str:
        """Who is answering now; a fallback replaces it."""
        return self._underway.endpoint.provider

    @property
    def model(self) -> str:
        """The model that is answering now, without its provider."""
        return self._underway.request.model

    @property
    def sandboxed(self) -> bool:
        """Whether the sandbox answers; known once the first delta has come."""
        return self._underway.facts.sandboxed

    @property
    def adjustments(self) -> tuple[Adjustment, ...]:
        """What was changed in the request so that the model takes it."""
        return self._underway.adjustments

    @property
    def partial(self) -> ChatResponse | None:
        """What has arrived of the answer that is under way; its usage is what the provider has told by now."""
        return cast("ChatResponse | None", self._underway.partial())

    @property
    def response(self) -> ChatResponse:
        """The assembled answer.

        Raises:
            JackfieldError: the stream has not been read to its end.
        """
        if self._response is None:
            raise JackfieldError("the stream has not been read to its end")
        return cast(ChatResponse, self._response)


class Stream(StreamBase, Closing):
    """Deltas of one answer, as they come. Iterate once; leave the `with` block early to cancel."""

    def __init__(
        self, flow: Flow[Response], transport: Transport, exchange: Exchange, course: Course | None = None
    ) -> None:
        super().__init__(exchange, course)
        self._batches = self._read(drive(flow, transport, course))
        self._deltas = chain.from_iterable(self._batches)

    def __iter__(self) -> Iterator[Delta]:
        return self._deltas

    def __next__(self) -> Delta:
        return next(self._deltas)

    def _read(self, driver: Generator[list[Delta], None, Response]) -> Generator[list[Delta], None, None]:
        self._response = yield from driver

    def close(self) -> None:
        """Cancel: the connection is closed at once."""
        self._batches.close()
