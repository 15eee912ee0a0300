"""What the framing found that is no event of the service, as the error that it is."""

from __future__ import annotations

from pydantic_core import from_json

from jackfield import Event, JackfieldError, ProviderError, ResponseFormatError, StreamInterrupted

from ._framing import CUT, DAMAGED, EXCEPTION


def failure_of(event: Event, *, has_begun: bool) -> JackfieldError | None:
    """Return the error that a frame is; None for an event of the service.

    Before the stream has begun, bytes that are no frames are an answer of another format; later on they are damage.
    """
    name, data = event.name, event.data
    if name and not name.startswith(":"):
        return None
    if name == EXCEPTION:
        told = from_json(data)
        return ProviderError(str(told.get("message") or told.get("__type")), body=data)
    if name == CUT or (name == DAMAGED and has_begun):
        return StreamInterrupted(data.decode())
    if name == DAMAGED:
        return ResponseFormatError(data.decode())
    return ResponseFormatError("a frame of the stream names no event", body=data)
