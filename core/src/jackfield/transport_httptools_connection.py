"""A connection of the transport over httptools, which reads one answer at a time.

A connection is in use from when it is made or taken until its answer has come whole, which may be before anybody reads
it; then it is the pool's again, and the answer has nothing to do with it any more.
"""

from __future__ import annotations

import asyncio
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final

import httptools

from . import transport_errors as errors
from .late_writes import late_writes
from .transport_httptools_answer import Answer
from .transport_ways import Way, has_ended

if TYPE_CHECKING:
    from .transport_httptools_pool import Pool

#: The connections that are idle on a way, the latest last.
Idle = dict["Connection", None]

#: Bytes of a body that are held before the other side has to wait; a head, and what stands between two pieces of a
#: body, may have so many bytes; a body of that many is not copied to be sent with its head.
_HELD: Final = 262144
_MOST: Final = 65536
#: A socket takes so many bytes at once (Linux: net.ipv4.tcp_wmem). Of a longer body some may wait below TLS, unseen.
_AT_ONCE: Final = 16384


@lru_cache(512)
def _name(found: bytes) -> str:
    return found.decode("latin-1").lower()


class Connection(asyncio.Protocol):
    """A connection. The callbacks `on_...` are for the parser alone."""

    __slots__ = (
        "_answer", "_bare", "_deadline", "_has_body", "_headers", "_is_fit", "_is_long", "_is_paused", "_is_whole",
        "_late", "_loop", "_parser", "_pool", "_rings", "_timer", "_transport", "_unsent", "holds_place", "idle_since",
        "is_closed", "lost", "way",
    )  # fmt: skip

    def __init__(self, pool: Pool, way: Way[Idle], loop: asyncio.AbstractEventLoop) -> None:
        self._pool, self._loop, self.way = pool, loop, way
        self._transport: Any = None
        self._parser: Any = httptools.HttpResponseParser(self)
        self._answer: Answer | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._deadline: float | None = None
        self._unsent: bytes | None = None
        self._late = late_writes(loop)
        self._rings = self.idle_since = 0.0
        self._is_paused = self.is_closed = self.holds_place = False
        self.lost = loop.create_future()

    def ask(self, head: bytes, body: bytes, has_body: bool) -> Answer:
        """Send a request; `has_body` tells whether its answer may have one."""
        self._headers: dict[str, str] = {}
        self._bare, self._has_body, self._is_fit, self._is_whole = 0, has_body, True, False
        self._is_long = len(body) > _AT_ONCE
        answer = self._answer = Answer(self)
        if len(body) > _MOST:
            self._transport.writelines((head, body))
        elif self._pool.is_busy:
            self._unsent = head + body
            self._late.enter(self)
        else:
            self._transport.write(head + body)
        return answer

    def flush(self) -> None:
        """Send the request that waits for the end of the loop's turn."""
        data, self._unsent = self._unsent, None
        if data is not None and not self.is_closed:
            self._transport.write(data)

    def wait(self, limit: float | None) -> asyncio.Future[None]:
        """Return what the answer's reader waits for; when the limit in seconds is over, the answer has an error."""
        if limit is None:
            self._deadline = None
        else:
            self._deadline = deadline = self._loop.time() + limit
            if self._timer is None or deadline < self._rings:
                self._ring(deadline)
        return self._loop.create_future()

    def _ring(self, when: float) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._timer, self._rings = self._loop.call_at(when, self._rang), when

    def _rang(self) -> None:
        """Look whether somebody waits for too long; a timer is left to ring, for to move it would cost more."""
        self._timer = None
        if self._answer is not None and self._answer.is_awaited and self._deadline is not None:
            if self._loop.time() < self._deadline:
                self._ring(self._deadline)
            else:
                self.end(errors.late("nothing came"))

    def resume(self) -> None:
        """Let the other side write again."""
        if self._is_paused:
            self._is_paused = False
            self._transport.resume_reading()

    def end(self, error: Exception) -> None:
        """Close it; its answer ends in the error."""
        answer, self._answer = self._answer, None
        if answer is not None:
            answer.end(error)
        self.close()

    def close(self) -> None:
        """Close it at once."""
        if not self.is_closed:
            self.is_closed = True
            if self._timer is not None:
                self._timer.cancel()
            self._pool.gone(self)
            if self._transport is not None:
                self._transport.abort()

    def abandon(self) -> None:
        """Let it go without a word to its event loop, which is closed."""
        self.is_closed, self._timer, self._transport, self._parser = True, None, None, None
        answer, self._answer = self._answer, None
        if answer is not None:
            answer.abandon(errors.failed("the event loop of the answer was closed"))

    def has_ended(self, looks: bool) -> bool:
        """Tell whether it is closed, or, if one looks, has something to read that nobody asked for."""
        transport = self._transport
        return transport.is_closing() or (looks and has_ended(transport.get_extra_info("socket")))

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Take what to write to."""
        self._transport = transport
        self._pool.made(self)
        if self.is_closed:  # something came behind the handshake, before anybody could ask
            self._transport.abort()

    def connection_lost(self, exc: Exception | None) -> None:
        """Tell who reads: a body may have this for its end."""
        answer, self._answer = self._answer, None
        if answer is not None:
            answer.end(self._broken(answer, exc))
        self.close()
        self._parser = None  # which holds the connection in turn
        self._pool.lost(self)
        if not self.lost.done():
            self.lost.set_result(None)

    def _broken(self, answer: Answer, error: Exception | None) -> Exception | None:
        if error is not None:
            return errors.broken(error, "the connection is closed")
        if not self._bare and not answer.status:
            return errors.failed("the server closed the connection without an answer")
        headers = answer.headers
        has_end = "content-length" in headers or "chunked" in headers.get("transfer-encoding", "").lower()
        return errors.failed("the answer ended before its end") if has_end or not answer.status else None

    def data_received(self, data: bytes) -> None:
        """Read on."""
        answer = self._answer
        if answer is None:
            self.close()  # nobody asked
            return
        if self._unsent is not None:
            self.end(errors.failed("the server spoke before it was asked"))
            return
        self._bare += len(data)
        try:
            self._parser.feed_data(data)
        except (httptools.HttpParserError, httptools.HttpParserUpgrade):
            if not self._is_whole:
                self.end(errors.failed("the answer is no HTTP"))
                return
            self._is_fit = False
        if self._is_whole:
            self._answer = None
            answer.end()
            if self._is_fit and self._has_sent_all(answer.status):
                self.resume()
                self._pool.keep(self)
            else:
                self.close()
        elif self._bare > _MOST:
            self.end(errors.failed("the answer is no HTTP"))
        elif answer.size > _HELD and not self._is_paused:
            self._is_paused = True
            self._transport.pause_reading()

    def _has_sent_all(self, status: int) -> bool:
        """Tell whether the whole request has gone out; who refuses one need not have read its body.

        What TLS has handed on to its socket is not seen here.
        """
        is_hidden = self.way.is_secure or self.way.tunnel is not None
        return not self._transport.get_write_buffer_size() and not (is_hidden and self._is_long and status >= 400)

    def on_message_begin(self) -> None:
        """Notice an answer that nobody asked for."""
        if self._is_whole:
            self._is_fit = False

    def on_header(self, name: bytes, value: bytes) -> None:
        """Keep a header; what comes several times is joined. Those after a body are left out."""
        answer, text = self._answer, value.decode("latin-1")
        if answer is not None and not answer.status:
            key, headers = _name(name), self._headers
            headers[key] = f"{headers[key]}, {text}" if key in headers else text

    def on_headers_complete(self) -> None:
        """Give the head to who waits for it, unless another follows."""
        answer, status, headers = self._answer, self._parser.get_status_code(), self._headers
        if answer is None or self._is_whole or (status < 200 and status != 101):
            return
        if self._bare > _MOST and sum(map(len, headers)) + sum(map(len, headers.values())) > _MOST:
            return  # whoever feeds the parser will see that no head has come in so many bytes
        answer.status, answer.headers = status, headers
        if not self._has_body:
            self._is_whole, self._is_fit = True, False  # the parser expects one
        answer.wake()

    def on_body(self, body: bytes) -> None:
        """Keep a piece of the body."""
        answer = self._answer
        if answer is not None and answer.status and not self._is_whole:
            self._bare = 0
            answer.pieces.append(body)
            answer.size += len(body)
            answer.wake()

    def on_message_complete(self) -> None:
        """Notice the end; that of a head before the last is none."""
        if self._answer is not None and not self._answer.status:
            self._headers = {}
        elif not self._is_whole:
            self._is_whole = True
            self._is_fit = self._parser.should_keep_alive()
