"""A prediction is made by one request and read by others: the flow that follows it, until it has ended or streams."""

from __future__ import annotations

from collections.abc import Generator
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit

from pydantic_core import from_json

from jackfield import ChatRequest, HTTPRequest, JackfieldError, Request, RequestTimeout, Response, hookimpl
from jackfield.flows import Close, Flow, Head, Now, Read, Send, Sleep

if TYPE_CHECKING:
    from jackfield.hookspecs import FlowWrapper

__all__ = ["wrap_exchange"]

#: Seconds between two looks at a prediction that has not ended.
_PAUSE: Final = 1.0
_LONGEST: Final = 600.0


@hookimpl
def wrap_exchange(request: Request) -> FlowWrapper | None:
    """Follow a prediction to its stream or to its end."""
    return (lambda flow: _followed(flow, bool(request.stream))) if isinstance(request, ChatRequest) else None


def _followed(inner: Flow[Response], stream: bool) -> Flow[Response]:
    """Carry a flow's effects on; what it sends is followed by what leads to the answer, which it reads as its own."""
    value: Any = None
    thrown: JackfieldError | None = None
    held: list[bytes] | None = None
    while True:
        try:
            effect = inner.throw(thrown) if thrown is not None else inner.send(value)
        except StopIteration as stop:
            return stop.value  # type: ignore[no-any-return]
        thrown = None
        try:
            if isinstance(effect, Send):
                value, held = yield from _asked(effect, stream)
            elif isinstance(effect, Read) and held is not None:
                value = held.pop() if held else None
            else:
                value = yield effect
        except JackfieldError as error:
            thrown = error


def _asked(send: Send, stream: bool) -> Generator[Any, Any, tuple[Head, list[bytes] | None]]:
    """Send a request; return the head of the answer, and its body where that has been read.

    Raises:
        RequestTimeout: the prediction does not end within the limit to the first byte; it is not made again.
    """
    head: Head = yield send
    body = yield from _whole()
    prediction = _prediction(head, body)
    urls = prediction.get("urls") or {}
    if stream and isinstance(place := urls.get("stream"), str):
        headers = {"accept": "text/event-stream", "cache-control": "no-store"}
        yield Close()
        return (yield Send(_get(place, send.request, headers), send.timeout)), None
    began = yield Now()
    limit = send.timeout.first or _LONGEST
    while not stream and prediction.get("status") in ("starting", "processing") and isinstance(urls.get("get"), str):
        if (yield Now()) - began > limit:
            raise RequestTimeout(
                f"the prediction {prediction.get('id')} is {prediction['status']} after {limit:g} s; "
                f"it goes on: ask for {urls['get']} later, or give a longer timeout",
                retryable=False,
            )
        yield Close()
        yield Sleep(_PAUSE, _PAUSE)
        head = yield Send(_get(urls["get"], send.request, {"accept": "application/json"}), send.timeout)
        body = yield from _whole()
        prediction = _prediction(head, body)
    return head, [body]


def _whole() -> Generator[Any, Any, bytes]:
    pieces: list[bytes] = []
    while (chunk := (yield Read())) is not None:
        pieces.append(chunk)
    return b"".join(pieces)


def _prediction(head: Head, body: bytes) -> dict[str, Any]:
    if head.status >= 400:
        return {}
    try:
        found = from_json(body)
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def _get(url: str, first: HTTPRequest, headers: dict[str, str]) -> HTTPRequest:
    """Return a request for what a prediction names; the key goes to its own host alone, streams need none."""
    if urlsplit(url)[:2] == urlsplit(first.url)[:2] and "authorization" in first.headers:
        headers = {**headers, "authorization": first.headers["authorization"]}
    return HTTPRequest("GET", url, headers, b"")
