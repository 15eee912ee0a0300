"""What a provider is asked: requests of every kind, and the words in them that must arrive on the wire."""

from __future__ import annotations

import base64
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import unquote

from pydantic_core import from_json

from jackfield import (
    Bytes,
    ChatRequest,
    HTTPRequest,
    Media,
    Message,
    ResponseFormat,
    Text,
    Tool,
    ToolCall,
    ToolResult,
    Url,
)

#: Text that breaks what was only tried with ASCII: accents, a combining mark, other scripts, right to left, an emoji
#: of several code points, quotes, a backslash, markup, line ends, a separator that JavaScript knows as one.
ODD = "naïve e\u0301 数字 \u202e\u05e9\u05dc\u05d5\u05dd 👩\u200d🚀 \"'\\ </script> & \t\n\r\n\u2028 end"
_PIXEL = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
)
_CONTENT: Mapping[str, tuple[bytes, str, str]] = {
    "image": (_PIXEL, "image/png", "kit.png"),
    "document": (b"%PDF-1.4 kit document", "application/pdf", "kit.pdf"),
    "audio": (b"RIFF\x24\x00\x00\x00WAVEkit", "audio/wav", "kit.wav"),
    "video": (b"\x00\x00\x00\x18ftypmp42kit", "video/mp4", "kit.mp4"),
}


@dataclass(frozen=True)
class Scenario:
    """A request without its model; `arrive` are texts and bytes that the wire must carry.

    `needs` is a capability of the catalog, `media` a kind and a form of it. `without` names a parameter that cannot be
    searched for: the body must differ from that of the same request without it.
    """

    name: str
    values: Mapping[str, Any]
    arrive: tuple[str | bytes, ...] = ()
    needs: str | None = None
    media: tuple[str, str] | None = None
    without: str | None = None

    def request(self, model: str, stream: bool = False, **more: Any) -> ChatRequest:
        """Make the request."""
        values = {**self.values, **more}
        return ChatRequest(model=model, stream=stream or None, **values)


def _weather() -> Tool:
    schema = {
        "type": "object",
        "properties": {"kit_place": {"type": "string", "description": "kit describes the place"}},
        "required": ["kit_place"],
    }
    return Tool(name="kit_weather", description="kit tells the weather", parameters=schema)


_CLOCK = Tool(name="kit_clock", description="kit tells the time", parameters={"type": "object", "properties": {}})
_ASKED = "kit asks for the weather"
_TOOLS = {"tools": (_weather(), _CLOCK)}
_SCHEMA = {
    "type": "object",
    "properties": {"kit_answer": {"type": "string"}},
    "required": ["kit_answer"],
    "additionalProperties": False,
}


def _round(*results: ToolResult) -> tuple[Message, ...]:
    calls = (
        ToolCall(id="call_kit_1", name="kit_weather", arguments='{"kit_place":"kit town"}'),
        ToolCall(id="call_kit_2", name="kit_clock", arguments="{}"),
    )
    return (
        Message(role="user", parts=_ASKED),
        Message(role="assistant", parts=calls[: len(results)]),
        Message(role="tool", parts=results),
    )


def _result(number: int, text: str, is_error: bool = False) -> ToolResult:
    name = ("kit_weather", "kit_clock")[number - 1]
    return ToolResult(call_id=f"call_kit_{number}", name=name, parts=text, is_error=is_error)


def _media(kind: str, form: str) -> Scenario:
    data, mime, name = _CONTENT[kind]
    source = Bytes(data=data) if form == "bytes" else Url(url=f"https://kit.example/{name}")
    part = Media(kind=kind, source=source, mime=mime, name=name)
    messages = (Message(role="user", parts=(Text(text="kit shows something"), part)),)
    arrive = ("kit shows something", data if form == "bytes" else f"https://kit.example/{name}")
    return Scenario(f"{kind}-{form}", {"messages": messages}, arrive, media=(kind, form))


PLAIN = Scenario("plain", {"messages": "kit says hello"}, ("kit says hello",))
SCENARIOS: tuple[Scenario, ...] = (
    PLAIN,
    Scenario(
        "system",
        {"messages": (Message(role="system", parts="kit sets the tone"), Message(role="user", parts="kit says hello"))},
        ("kit sets the tone", "kit says hello"),
    ),
    Scenario(
        "turns",
        {
            "messages": (
                Message(role="user", parts="kit begins"),
                Message(role="assistant", parts="kit was answered"),
                Message(role="user", parts="kit goes on"),
            )
        },
        ("kit begins", "kit was answered", "kit goes on"),
    ),
    Scenario("unicode", {"messages": ODD}, (ODD,)),
    Scenario(
        "tools",
        {"messages": _ASKED, **_TOOLS},
        (_ASKED, "kit_weather", "kit tells the weather", "kit_place", "kit describes the place", "kit_clock"),
        needs="tools",
    ),
    Scenario(
        "tool-result",
        {"messages": _round(_result(1, "kit town has 21 degrees")), **_TOOLS},
        (_ASKED, "kit town", "kit town has 21 degrees"),
        needs="tools",
    ),
    Scenario(
        "tool-results",
        {"messages": _round(_result(1, "kit town has 21 degrees"), _result(2, "kit strikes noon")), **_TOOLS},
        ("kit town", "kit town has 21 degrees", "kit strikes noon"),
        needs="tools",
    ),
    Scenario(
        "tool-error",
        {"messages": _round(_result(1, "kit town is not on the map", is_error=True)), **_TOOLS},
        ("kit town is not on the map",),
        needs="tools",
    ),
    Scenario(
        "schema",
        {
            "messages": "kit asks for json",
            "response_format": ResponseFormat(type="schema", schema=_SCHEMA, name="kit_form"),
        },
        ("kit asks for json", "kit_answer"),
        needs="json_schema",
    ),
    Scenario(
        "json",
        {"messages": "kit asks for json", "response_format": ResponseFormat(type="json")},
        ("kit asks for json",),
        needs="json_object",
        without="response_format",
    ),
    *(_media(kind, form) for kind in _CONTENT for form in ("bytes", "url")),
)
NAMES = tuple(scenario.name for scenario in SCENARIOS)


def leaves(value: Any) -> Iterator[Any]:
    """Yield every name and every plain value of a JSON value."""
    if isinstance(value, Mapping):
        for key, inner in value.items():
            yield key
            yield from leaves(inner)
    elif isinstance(value, list | tuple):
        for inner in value:
            yield from leaves(inner)
    else:
        yield value


def paths(value: Any, where: str = "") -> Iterator[tuple[str, Any]]:
    """Yield every plain value of a JSON value with its place."""
    if isinstance(value, Mapping):
        for key, inner in value.items():
            yield from paths(inner, f"{where}.{key}".lstrip("."))
    elif isinstance(value, list):
        for number, inner in enumerate(value):
            yield from paths(inner, f"{where}[{number}]")
    else:
        yield where, value


@dataclass
class Wire:
    """An HTTP request as a reader of the wire sees it: the texts of its body, and its address."""

    request: HTTPRequest
    body: Any = None
    texts: list[str] = field(default_factory=list)

    @classmethod
    def of(cls, request: HTTPRequest) -> Wire:
        """Read a request that has been encoded."""
        raw = request.body if isinstance(request.body, bytes) else b""
        try:
            body = from_json(raw)
        except ValueError:
            return cls(request, raw, [raw.decode("utf-8", "replace")])
        return cls(request, body, [leaf for leaf in leaves(body) if isinstance(leaf, str)])

    def carries(self, wanted: str | bytes) -> bool:
        """Tell whether a text, or bytes in base64 or as they are, stand in the body or in the address."""
        if isinstance(wanted, bytes):
            text = base64.b64encode(wanted).decode()
            safe = base64.urlsafe_b64encode(wanted).decode().rstrip("=")
            raw = self.request.body if isinstance(self.request.body, bytes) else b""
            return wanted in raw or any(text in found or safe in found for found in self.texts)
        return any(wanted in found for found in self.texts) or wanted in unquote(self.request.url)
