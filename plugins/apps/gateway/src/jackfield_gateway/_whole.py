"""Whole answers in one write. ASGI has head and body in two messages, and uvicorn makes a call of the system of each,
which costs as much as what it sends; of a head, it looks at every header twice."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache
from typing import Any, Final

from uvicorn.protocols.http.httptools_impl import STATUS_LINE, RequestResponseCycle

from ._call import Header

#: A longer body is not copied to be sent with its head.
_MOST: Final = 65536
_CONTROLS: Final = bytes([*range(9), *range(10, 32), 127])
#: Statuses whose answers have no body, and what decides how an answer is framed: those go uvicorn's way.
_BARE = frozenset({204, 304})
_FRAMING = frozenset({b"connection", b"transfer-encoding"})
_NAME = re.compile(rb"[!#$%&'*+.^_`|~0-9a-z-]+")  # RFC 9110, section 5.6.2, in lower case


@lru_cache(1000)
def _is_name(name: bytes) -> bool:
    return _NAME.fullmatch(name) is not None


class Whole:
    """Sends the whole answer of one request of uvicorn's."""

    __slots__ = ("_cycle",)

    def __init__(self, cycle: RequestResponseCycle) -> None:
        self._cycle = cycle

    def __call__(self, status: int, headers: Sequence[Header], body: bytes) -> bool:
        """Send an answer whose headers, in lower case, state its length; False: it has to go as ASGI has it."""
        cycle = self._cycle
        if (
            cycle.response_started
            or cycle.disconnected
            or cycle.flow.write_paused
            or cycle.access_log
            or status in _BARE
            or len(body) > _MOST
            or cycle.scope["method"] == "HEAD"
        ):
            return False
        lines = [*cycle.default_headers, *headers]
        head = b"\r\n".join([b": ".join(line) for line in lines])
        if len(head) - len(head.translate(None, _CONTROLS)) != 2 * len(lines) - 2:
            return False  # other ends of lines than these, or what no header may hold
        names = [name for name, _ in headers]
        if names.count(b"content-length") != 1 or not _FRAMING.isdisjoint(names) or not all(map(_is_name, names)):
            return False
        end = b"\r\n\r\n" if cycle.keep_alive else b"\r\nconnection: close\r\n\r\n"
        cycle.response_started = cycle.response_complete = True
        cycle.waiting_for_100_continue = False
        transport: Any = cycle.transport
        transport.write(b"".join((STATUS_LINE[status], head, end, body)))
        cycle.message_event.set()
        if not cycle.keep_alive:
            transport.close()
        cycle.on_response()
        return True
