"""Over http.client of the standard library, with a pool of its own: the cheapest for a client that waits.

Bytes are read in the thread that wants them, so that no other is woken for each piece.
"""

from __future__ import annotations

import contextlib
import http.client
import socket
import threading
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Final
from weakref import WeakSet

from . import transport_errors as errors
from .errors import JackfieldError
from .transport import USER_AGENT, Reply, join_headers
from .transport_http_client_pool import Kept, Pool, decoded, waiting
from .transport_settings import TransportSettings
from .transport_ways import Way
from .wire import HTTPRequest

if TYPE_CHECKING:
    from .flows import Timeout

_MOST: Final = 65536
_USUAL: Final = {"user-agent": USER_AGENT, "accept-encoding": "gzip"}


class HTTPClientTransport:
    """Over connections of http.client, which are kept and used again. Safe to share between threads."""

    def __init__(self, *, settings: TransportSettings | None = None, environ: Mapping[str, str] | None = None) -> None:
        settings = (settings or TransportSettings()).without_http2("http.client")
        self._pool = Pool(settings, environ or {})
        self._places = threading.Semaphore(settings.max_connections)
        self._open: WeakSet[_Answer] = WeakSet()

    def send(self, request: HTTPRequest, timeout: Timeout) -> Reply:
        """Send a request and return its answer as soon as the head is there."""
        way, target = self._pool.way(request.url)
        if not self._places.acquire(timeout=timeout.connect):
            raise errors.late("no connection became free")
        try:
            connection = self._pool.take(way, timeout.connect)
            try:
                connection.sock.settimeout(waiting(timeout.first))
                headers = {**_USUAL, **way.headers, **request.headers}
                connection.request(request.method, target, request.body or None, headers)
                answer = _Answer(self, way, connection, connection.sock)
            except BaseException:
                connection.close()
                raise
        except BaseException as error:
            self._places.release()
            raise _named(error) from error
        self._open.add(answer)
        head = answer.response
        return Reply(head.status, join_headers(head.getheaders()), answer.chunks(timeout.between), answer.close)

    def close(self) -> None:
        """Close every connection; answers that are being read end in an error."""
        for answer in list(self._open):
            answer.end()
        self._pool.close()

    def give_back(self, way: Way[Kept], connection: http.client.HTTPConnection, is_fit: bool) -> None:
        """Keep a connection whose answer has been read, or close it."""
        if is_fit:
            self._pool.keep(way, connection)
        else:
            connection.close()
        self._places.release()


class _Answer:
    """An answer that is being read, in the thread that reads it: it holds a connection until it is closed."""

    def __init__(
        self, owner: HTTPClientTransport, way: Way[Kept], connection: http.client.HTTPConnection, held: socket.socket
    ) -> None:
        self._owner, self._way, self._socket = owner, way, held
        self._connection: http.client.HTTPConnection | None = connection
        self._is_over = False
        self.response = connection.getresponse()

    def chunks(self, between: float | None) -> Iterator[bytes]:
        """Read to the end; the limit between chunks holds once the first has come."""
        coding = self.response.headers.get("content-encoding", "")
        pieces = self._pieces(between)
        return decoded(pieces, coding) if coding else pieces

    def _pieces(self, between: float | None) -> Iterator[bytes]:
        response, is_whole = self.response, False
        try:
            if chunk := response.read1(_MOST):
                yield chunk
                if not response.isclosed():
                    self._socket.settimeout(waiting(between))
                while chunk := response.read1(_MOST):
                    yield chunk
            if self._is_over or response.length:
                raise http.client.IncompleteRead(b"", response.length)
            is_whole = not response.will_close
        except Exception as error:
            raise errors.failed("the client was closed") if self._is_over else _named(error) from error
        finally:
            self._release(is_whole)

    def end(self) -> None:
        """End what waits for bytes, in whichever thread; that one closes the connection."""
        self._is_over = True
        with contextlib.suppress(OSError):
            # not that of an SSLSocket, which would take its state away under the other thread
            socket.socket.shutdown(self._socket, socket.SHUT_RDWR)

    def close(self) -> None:
        """Close it, read or not."""
        self._release(False)

    def _release(self, is_whole: bool) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            self.response.close()
            self._owner.give_back(self._way, connection, is_whole and not self._is_over)


def _named(error: BaseException) -> BaseException:
    """Turn the library's error into ours; what is not a network error goes through."""
    if isinstance(error, JackfieldError):
        return error
    if isinstance(error, TimeoutError):
        return errors.late("nothing came")
    if isinstance(error, http.client.RemoteDisconnected):
        return errors.failed("the server closed the connection without an answer")
    if isinstance(error, http.client.IncompleteRead):
        return errors.failed("the answer ended before its end")
    if isinstance(error, http.client.InvalidURL):
        return errors.wrong_url()
    if isinstance(error, http.client.HTTPException):
        return errors.failed("the answer is no HTTP")
    if isinstance(error, OSError):
        return errors.broken(error, "the connection is closed")
    if isinstance(error, ValueError):
        return errors.illegal_request()  # a line break in a header
    return error
