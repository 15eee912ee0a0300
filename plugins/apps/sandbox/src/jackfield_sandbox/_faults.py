"""Faults on demand: asked for by the header `x-jackfield-fault`, or by a model that is named `fault/...`.

Both take the same text: steps with semicolons between them, such as `status=429;retry-after=2` or `cut=5`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from jackfield import InvalidInput, JackfieldError
from jackfield.errors import class_for_status

HEADER = "x-jackfield-fault"
GRAMMAR = (
    "status=CODE (400 to 599), retry-after=SECONDS, header.NAME=VALUE, body=TEXT (comes last, may hold anything), "
    "cut=N, malformed=N, error=N (after N chunks of a stream), stall=SECONDS or stall=N:SECONDS, html, empty; "
    "several are joined by semicolons, as in status=429;retry-after=2"
)
_MODEL = re.compile(r"(?:^|/)fault/(.*)", re.DOTALL)
_LONGEST_STALL = 600.0
_PAGE = b"<html><head><title>502 Bad Gateway</title></head>\r\n<body><h1>502 Bad Gateway</h1></body></html>\r\n"


@dataclass(frozen=True, slots=True)
class Fault:
    """What is to go wrong. Numbers count the chunks of a stream that come first; None: it does not go wrong."""

    status: int | None = None
    retry_after: str | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes | None = None
    cut: int | None = None
    malformed: int | None = None
    error: int | None = None
    stall_after: int = 0
    stall: float = 0.0
    page: str | None = None

    def refusal(self) -> JackfieldError | None:
        """Return the error of a status fault, of the class that the status decides."""
        if self.status is None:
            return None
        wait = float(self.retry_after) if self.retry_after and _NUMBER.fullmatch(self.retry_after) else None
        message = f"the sandbox was asked for status {self.status}"
        return class_for_status(self.status)(message, status=self.status, retry_after=wait)

    def whole(self) -> tuple[int, Mapping[str, str], bytes] | None:
        """Return status, headers and body of the answers that no dialect writes."""
        if self.page == "html":
            return 502, {"content-type": "text/html"}, _PAGE
        if self.page == "empty" or self.body is not None:
            return 200, {"content-type": "application/json"}, self.body or b""
        return None


_NUMBER = re.compile(r"\d+(\.\d+)?")


def find_fault(headers: Mapping[str, str], model: str) -> Fault | None:
    """Return the fault that a request asks for; the header goes before the model.

    Raises:
        InvalidInput: the text is none of the grammar; the message explains it.
    """
    if (text := headers.get(HEADER)) is not None:
        return read_fault(text, HEADER)
    if (found := _MODEL.search(model)) is not None:
        return read_fault(found[1], "model")
    return None


def read_fault(text: str, where: str) -> Fault:
    """Read the text of a fault, found in `where`.

    Raises:
        InvalidInput: the text is none of the grammar; the message explains it.
    """
    fault = Fault()
    rest = text.strip()
    while rest:
        step, _, after = rest.partition(";")
        name, equals, value = step.strip().partition("=")
        if name == "body" and equals:
            fault = replace(fault, body=rest.partition("=")[2].encode())
            break
        if name:
            fault = _step(fault, name.lower(), value.strip() if equals else None, where)
        rest = after
    if fault == Fault():
        raise InvalidInput(f"{where}: the fault is empty; it is written as {GRAMMAR}", param=where)
    if fault.status is None and (fault.retry_after is not None or fault.headers):
        message = f"{where}: retry-after and headers need a status; write status=429;retry-after=2"
        raise InvalidInput(message, param=where)
    return fault


def _step(fault: Fault, name: str, value: str | None, where: str) -> Fault:
    if value is None:
        if name in ("html", "empty"):
            return replace(fault, page=name)
    elif name == "status" and value.isdecimal() and 400 <= int(value) <= 599:
        return replace(fault, status=int(value))
    elif name == "retry-after" and value and value.isprintable() and value.isascii():
        return replace(fault, retry_after=value)
    elif name.startswith("header.") and _TOKEN.fullmatch(name[7:]) and value.isprintable() and value.isascii():
        return replace(fault, headers={**fault.headers, name[7:]: value})
    elif name in ("cut", "malformed", "error") and _COUNT.fullmatch(value):
        return replace(fault, **{name: int(value)})  # type: ignore[arg-type]
    elif name == "stall" and (found := _STALL.fullmatch(value)) and float(found[2]) <= _LONGEST_STALL:
        return replace(fault, stall_after=int(found[1] or 0), stall=float(found[2]))
    shown = name if value is None else f"{name}={value}"
    raise InvalidInput(f"{where}: {shown!r} is no fault; it is written as {GRAMMAR}", param=where)


_COUNT = re.compile(r"\d{1,9}")
_STALL = re.compile(r"(?:(\d{1,9}):)?(\d{1,6}(?:\.\d{1,6})?)")
_TOKEN = re.compile(r"[a-z0-9!#$%&'*+.^_`|~-]+")
