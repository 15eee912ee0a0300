"""How an answer is given: its bytes, and what goes wrong between them."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import chain, repeat

from jackfield import Board, Delta, HTTPResponse, JackfieldError, ServerError, StreamEncoder

from ._faults import LONGEST_STALL, Fault

_ROOM = b" " * 65536
_LINES = b"\n" * 65536


@dataclass(frozen=True, slots=True)
class Wait:
    """Nothing comes for so many seconds; the head has gone out before where `is_headed`."""

    seconds: float
    is_headed: bool = False


@dataclass(frozen=True, slots=True)
class Cut:
    """The connection breaks here: it is closed, or reset."""

    is_reset: bool = False


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
    if fault.reset == 0:
        return Answer(200, {}, iter((Cut(is_reset=True),)))
    if "hang" in fault.marks:
        return Answer(200, {}, iter((Wait(LONGEST_STALL), Cut())))
    if (error := fault.refusal()) is not None:
        response = board.render_error(error)
    elif (page := fault.whole()) is not None:
        response = HTTPResponse(*page)
    if response is None:
        return None
    extra = {**fault.waiting(time.time()), **fault.headers}
    body = response.body if fault.body is None else fault.body
    wait: tuple[Step, ...] = (Wait(fault.stall),) if fault.stall else ()
    return dressed(Answer(response.status, {**response.headers, **extra}, iter((*wait, body))), fault)


def damaged(board: Board, response: HTTPResponse, fault: Fault) -> Answer:
    """Give a whole answer; a fault that counts chunks strikes in its middle, or before it where it counts none."""
    body = response.body
    if fault.error is not None:
        body = board.render_error(ServerError("the sandbox was asked for an error in a good answer")).body
    elif fault.malformed is not None:
        body = _broken(body)
    steps: list[Step] = [body]
    breaks = fault.cut is not None or fault.reset is not None or "unfinished" in fault.marks
    if breaks or (fault.stall and fault.stall_after):
        steps = [body[: len(body) // 2], body[len(body) // 2 :]]
    if breaks:
        steps[fault.cut != 0 :] = [] if "unfinished" in fault.marks else [Cut(is_reset=fault.reset is not None)]
    if fault.stall:
        steps.insert(bool(fault.stall_after), Wait(fault.stall))
    return dressed(Answer(response.status, dict(response.headers), iter(steps)), fault)


def dressed(answer: Answer, fault: Fault, is_stream: bool = False) -> Answer:
    """Change what a client is told about the body, and how much of it there is."""
    kind = answer.headers.get("content-type", "")
    if fault.content_type is not None:
        answer.headers["content-type"] = fault.content_type
    if "gzip" in fault.marks:
        answer.headers["content-encoding"] = "gzip"
    room = _LINES if "stream" in kind or "ndjson" in kind else _ROOM
    if fault.huge and ("json" in kind or kind.startswith("text/")):
        pieces, rest = divmod(fault.huge, len(room))
        answer.body = chain(answer.body, repeat(room, pieces), (room[:rest],))
    if "endless" in fault.marks and not is_stream:
        answer.body = chain(answer.body, repeat(room[:1024]))
    if fault.slow:
        answer.body = chain((Wait(fault.slow, is_headed=True),), answer.body)
    if fault.pace:
        answer.body = _paced(answer.body, fault.pace)
    return answer


def streamed(encoder: StreamEncoder, answer_deltas: Iterable[Delta], fault: Fault) -> Iterator[Step]:
    """Encode a stream; faults strike after their number of chunks, at the latest before its end."""
    waits = bool(fault.stall)
    breaks = fault.malformed is not None
    endless = "endless" in fault.marks
    ends = fault.reset if fault.reset is not None else fault.cut
    said = b""

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
        if ends is not None and (is_last or written >= ends):
            yield Cut(is_reset=fault.reset is not None)
            return
        if fault.error is not None and (is_last or written >= fault.error):
            yield encoder.fail(ServerError("the sandbox was asked for an error in a stream"))
            return
        if is_last and "unfinished" in fault.marks:
            return
        if endless and (is_last or written >= _BEFORE_REPEATING):
            yield from repeat(data if not is_last else said or data)
        said = data
        if breaks and (is_last or written >= (fault.malformed or 0)):
            breaks = False
            yield _broken(data)
        else:
            yield data


#: What comes before is the beginning of the answer and of its text; this chunk of text may come again and again.
_BEFORE_REPEATING = 4


def _paced(steps: Iterator[Step], seconds: float) -> Iterator[Step]:
    for number, step in enumerate(steps):
        if number and isinstance(step, bytes):
            yield Wait(seconds)
        yield step


def _broken(data: bytes) -> bytes:
    """Leave out a closing brace, so that what was JSON is none, in any framing."""
    at = data.rfind(b"}")
    return data[:at] + data[at + 1 :] if at >= 0 else data + b"{"
