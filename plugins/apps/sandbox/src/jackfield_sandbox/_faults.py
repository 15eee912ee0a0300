"""Faults on demand: asked for by the header `x-jackfield-fault`, or by a model that is named `fault/...`.

Both take the same text: steps with semicolons between them, such as `status=429;retry-after=2` or `cut=5`. So does a
scenario file, which chooses by itself (`_scenarios`).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from email.utils import formatdate
from random import Random

from jackfield import ContentFilterError, ContextLengthError, InvalidInput, JackfieldError
from jackfield.errors import class_for_status

HEADER = "x-jackfield-fault"
GRAMMAR = (
    "status=CODE (200 to 599), retry-after=SECONDS or =NUMBERms or =in:SECONDS (a date) or =absurd, header.NAME=VALUE, "
    "body=TEXT (comes last, may hold anything), type=CONTENT-TYPE, reset or reset=N, cut=N, unfinished, malformed=N, "
    "error=N (after N chunks of a stream), hang, stall=SECONDS or stall=N:SECONDS, slow=SECONDS, pace=SECONDS, "
    "refusal, filtered, context, html, empty, gzip, endless, huge=BYTES, flap=N or flap=N:NAME, seed=N; "
    "several are joined by semicolons, as in status=429;retry-after=2"
)
_MODEL = re.compile(r"(?:^|/)fault/(.*)", re.DOTALL)
#: Also how long `hang` lasts.
LONGEST_STALL = 600.0
_PAGE = b"<html><head><title>502 Bad Gateway</title></head>\r\n<body><h1>502 Bad Gateway</h1></body></html>\r\n"


@dataclass(frozen=True, slots=True)
class Fault:
    """What is to go wrong. Numbers count the chunks of a stream that come first; None: it does not go wrong."""

    status: int | None = None
    retry_after: str | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes | None = None
    content_type: str | None = None
    reset: int | None = None
    cut: int | None = None
    malformed: int | None = None
    error: int | None = None
    stall_after: int = 0
    stall: float = 0.0
    slow: float = 0.0
    pace: float = 0.0
    #: Those that are a word: html, empty, unfinished, hang, refusal, filtered, context, gzip, endless.
    marks: frozenset[str] = frozenset()
    huge: int = 0
    flap: int = 0
    flap_name: str = ""
    seed: int = 0

    @property
    def refuses(self) -> bool:
        """Whether nothing is left of the real answer."""
        return self.refusal() is not None or self.whole() is not None

    def refusal(self) -> JackfieldError | None:
        """Return the error that a dialect says in its own way; the status decides the class, or a word does."""
        status = self.status if self.status is not None and self.status >= 400 else None
        if "context" in self.marks:
            return ContextLengthError(_CONTEXT, status=status or 400, code="context_length_exceeded")
        if "filtered" in self.marks:
            return ContentFilterError("the sandbox refuses the content", status=status or 400, code="content_filter")
        if status is None:
            return None
        wait = float(self.retry_after) if self.retry_after and _NUMBER.fullmatch(self.retry_after) else None
        message = f"the sandbox was asked for status {status}"
        return class_for_status(status)(message, status=status, retry_after=wait)

    def whole(self) -> tuple[int, Mapping[str, str], bytes] | None:
        """Return status, headers and body of the answers that no dialect writes."""
        if "html" in self.marks:
            return self.status or 502, {"content-type": "text/html"}, _PAGE
        if "empty" in self.marks or self.body is not None or self.status is not None:
            return self.status or 200, {"content-type": "application/json"}, self.body or b""
        return None

    def waiting(self, now: float) -> Mapping[str, str]:
        """Return the header that says how long to wait, at a POSIX time."""
        text = self.retry_after
        if text is None:
            return {}
        if found := _MILLISECONDS.fullmatch(text):
            return {"retry-after-ms": found[1]}
        if found := _IN.fullmatch(text):
            return {"retry-after": formatdate(now + float(found[1]), usegmt=True)}
        return {"retry-after": Random(self.seed).choice(_ABSURD) if text == "absurd" else text}


_CONTEXT = "the conversation is longer than the context of this model, says the sandbox"
_ABSURD = ("-1", "1e400", "nan", "soon", "99999999999", "Thu, 01 Jan 1970 00:00:00 GMT", "")
_MILLISECONDS = re.compile(r"(\d{1,9}(?:\.\d{1,6})?)ms")
_IN = re.compile(r"in:(-?\d{1,9}(?:\.\d{1,6})?)")
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
    if replace(fault, seed=0, flap=0, flap_name="") == Fault():
        raise InvalidInput(f"{where}: the fault is empty; it is written as {GRAMMAR}", param=where)
    if not fault.refuses and (fault.retry_after is not None or fault.headers):
        message = f"{where}: retry-after and headers need a status; write status=429;retry-after=2"
        raise InvalidInput(message, param=where)
    return fault


def _step(fault: Fault, name: str, value: str | None, where: str) -> Fault:
    if (found := _word(fault, name) if value is None else _value(fault, name, value)) is not None:
        return found
    shown = name if value is None else f"{name}={value}"
    raise InvalidInput(f"{where}: {shown!r} is no fault; it is written as {GRAMMAR}", param=where)


def _word(fault: Fault, name: str) -> Fault | None:
    if name == "reset":
        return replace(fault, reset=0)
    return replace(fault, marks=fault.marks | {name}) if name in _WORDS else None


def _value(fault: Fault, name: str, value: str) -> Fault | None:
    plain = bool(value) and value.isprintable() and value.isascii()
    if name == "status" and value.isdecimal() and len(value) == 3 and 200 <= int(value) <= 599:
        return replace(fault, status=int(value))
    if name == "retry-after" and plain:
        return replace(fault, retry_after=value)
    if name == "type" and plain:
        return replace(fault, content_type=value)
    if name.startswith("header.") and _TOKEN.fullmatch(name[7:]) and value.isprintable() and value.isascii():
        return replace(fault, headers={**fault.headers, name[7:]: value})
    if name in ("cut", "malformed", "error", "reset", "seed", "huge") and _COUNT.fullmatch(value):
        return replace(fault, **{name: int(value)})  # type: ignore[arg-type]
    if name in ("slow", "pace") and _SECONDS.fullmatch(value) and float(value) <= LONGEST_STALL:
        return replace(fault, **{name: float(value)})  # type: ignore[arg-type]
    if name == "stall" and (found := _STALL.fullmatch(value)) and float(found[2]) <= LONGEST_STALL:
        return replace(fault, stall_after=int(found[1] or 0), stall=float(found[2]))
    if name == "flap" and (found := _FLAP.fullmatch(value)):
        return replace(fault, flap=int(found[1]), flap_name=found[2] or "")
    return None


_WORDS = frozenset({"html", "empty", "unfinished", "hang", "refusal", "filtered", "context", "gzip", "endless"})
_SECONDS = re.compile(r"\d{1,6}(?:\.\d{1,6})?")
_FLAP = re.compile(r"([1-9]\d{0,8})(?::([\w.-]{1,64}))?", re.ASCII)
_COUNT = re.compile(r"\d{1,9}")
_STALL = re.compile(r"(?:(\d{1,9}):)?(\d{1,6}(?:\.\d{1,6})?)")
_TOKEN = re.compile(r"[a-z0-9!#$%&'*+.^_`|~-]+")
