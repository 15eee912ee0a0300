"""How an answer is given: its bytes, and what goes wrong between them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from jackfield import Board, Delta, HTTPResponse, JackfieldError, ServerError, StreamEncoder

from ._faults import Fault


@dataclass(frozen=True, slots=True)
class Wait:
    """Nothing comes for so many seconds."""

    seconds: float


@dataclass(frozen=True, slots=True)
class Cut:
    """The connection breaks here."""


Step = bytes | Wait | Cut


@dataclass(slots=True)
class Answer:
    """An answer that is being given. The head goes out with the first bytes: a wait before them delays it too."""

    status: int
    headers: dict[str, str] = field(default_factory=dict)
    body: Iterator[Step] = field(default_factory=lambda: iter(()))


def whole(response: HTTPResponse) -> Answer:
    """Give an answer as it is."""
    return Answer(response.status, dict(response.headers), iter((response.body,)))


def refused(board: Board, fault: Fault) -> Answer | None:
    """Give the answer of a fault that leaves nothing of the real one."""
    response: HTTPResponse | None = None
    if (error := fault.refusal()) is not None:
        response = board.render_error(error)
    elif (page := fault.whole()) is not None:
        response = HTTPResponse(*page)
    if response is None:
        return None
    extra: Mapping[str, str] = {"retry-after": fault.retry_after} if fault.retry_after is not None else {}
    body = response.body if fault.body is None else fault.body
    wait: tuple[Step, ...] = (Wait(fault.stall),) if fault.stall else ()
    return Answer(response.status, {**response.headers, **extra, **fault.headers}, iter((*wait, body)))


def damaged(board: Board, response: HTTPResponse, fault: Fault) -> Answer:
    """Give a whole answer; a fault that counts chunks strikes in its middle, or before it where it counts none."""
    body = response.body
    if fault.error is not None:
        body = board.render_error(ServerError("the sandbox was asked for an error in a good answer")).body
    elif fault.malformed is not None:
        body = _broken(body)
    steps: list[Step] = [body]
    if fault.cut is not None or (fault.stall and fault.stall_after):
        steps = [body[: len(body) // 2], body[len(body) // 2 :]]
    if fault.cut is not None:
        steps[bool(fault.cut) :] = [Cut()]
    if fault.stall:
        steps.insert(bool(fault.stall_after), Wait(fault.stall))
    return Answer(response.status, dict(response.headers), iter(steps))


def streamed(encoder: StreamEncoder, answer_deltas: Iterable[Delta], fault: Fault) -> Iterator[Step]:
    """Encode a stream; faults strike after their number of chunks, at the latest before its end."""
    waits = bool(fault.stall)
    breaks = fault.malformed is not None

    def chunks() -> Iterator[tuple[bytes, bool]]:
        try:
            for delta in answer_deltas:
                if data := encoder.encode(delta):
                    yield data, False
            yield encoder.close(), True
        except JackfieldError as error:
            yield encoder.fail(error), True

    for written, (data, is_last) in enumerate(chunks()):
        if waits and (is_last or written >= fault.stall_after):
            waits = False
            yield Wait(fault.stall)
        if fault.cut is not None and (is_last or written >= fault.cut):
            yield Cut()
            return
        if fault.error is not None and (is_last or written >= fault.error):
            yield encoder.fail(ServerError("the sandbox was asked for an error in a stream"))
            return
        if breaks and (is_last or written >= (fault.malformed or 0)):
            breaks = False
            yield _broken(data)
        else:
            yield data


def _broken(data: bytes) -> bytes:
    """Leave out a closing brace, so that what was JSON is none, in any framing."""
    at = data.rfind(b"}")
    return data[:at] + data[at + 1 :] if at >= 0 else data + b"{"
