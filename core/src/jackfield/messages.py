"""Message and its parts: pure values in which every conversation is held, whoever speaks and whoever answers.

The one rule: a value means the same for every provider. What only one endpoint understands stays opaque in
`provider_state`, which goes back to where it came from and nowhere else.
"""

from __future__ import annotations

import base64
import binascii
from dataclasses import dataclass
from typing import Annotated, Any, Literal, TypeAlias
from urllib.parse import unquote_to_bytes

from pydantic import AliasChoices, BaseModel, BeforeValidator, ConfigDict, Field, model_validator

Role: TypeAlias = Literal["system", "developer", "user", "assistant", "tool"]
MediaKind: TypeAlias = Literal["image", "audio", "video", "document"]
ToolKind: TypeAlias = Literal[
    "function", "custom", "web_search", "web_fetch", "code", "file_search", "mcp", "computer", "native"
]


class Value(BaseModel):
    """A frozen value that refuses unknown fields; bytes are base64 in JSON."""

    model_config = ConfigDict(
        frozen=True,
        extra="forbid",
        defer_build=True,
        allow_inf_nan=False,
        ser_json_bytes="base64",
        val_json_bytes="base64",
    )


@dataclass(frozen=True, slots=True)
class ProviderState:
    """Opaque state of one endpoint (a signature, encrypted reasoning): returned byte for byte there, dropped elsewhere.

    `dialect` and `origin` are stamped by the core when an answer arrives; a plugin fills `data` only. What a caller
    wrote himself, in a dialect that was parsed, has no origin: it goes to any endpoint of that dialect.
    """

    data: Any
    dialect: str = ""
    origin: str = ""


class Cache(Value):
    """A cache breakpoint behind the part that carries it; `ttl` is the provider's word, such as `5m` or `1h`."""

    ttl: str | None = None


class Citation(Value):
    """Where a text comes from; `start` and `end` count characters of the text that carries the citation."""

    url: str | None = None
    title: str | None = None
    text: str | None = None
    start: int | None = None
    end: int | None = None
    raw: Any = None


class Url(Value):
    """Media that stands at an address."""

    url: str


class Bytes(Value):
    """Media whose content is here."""

    data: bytes = Field(repr=False)


class FileId(Value):
    """Media that a provider already has, by that provider's id."""

    file_id: str


def _source(value: object) -> object:
    if isinstance(value, bytes):
        return Bytes(data=value)
    if isinstance(value, str):
        return Url(url=value)
    return value


Source: TypeAlias = Annotated[Url | Bytes | FileId, BeforeValidator(_source)]


class PartBase(Value):
    """What every part may carry: a cache breakpoint, the wire's item id, opaque state."""

    cache: Cache | None = None
    group: str | None = None
    provider_state: ProviderState | None = None


class Text(PartBase):
    """Plain text, and the citations that support it."""

    type: Literal["text"] = "text"
    text: str
    citations: tuple[Citation, ...] = ()


class Media(PartBase):
    """An image, audio, video or document. `mime` is its media type, `detail` the resolution asked for.

    A source is a URL (a string), bytes, or `FileId`; a `data:` URL is decoded into bytes.
    """

    type: Literal["media"] = "media"
    kind: MediaKind
    source: Source
    mime: str | None = None
    name: str | None = None
    detail: str | None = None
    transcript: str | None = None
    options: dict[str, Any] = Field(default_factory=dict)

    @model_validator(mode="before")
    @classmethod
    def _decode_data_url(cls, value: Any) -> Any:
        if isinstance(value, dict) and isinstance(source := value.get("source"), str) and source.startswith("data:"):
            mime, data = decode_data_url(source)
            value = {**value, "source": Bytes(data=data)}
            if mime and not value.get("mime"):
                value["mime"] = mime
        return value


class Thinking(PartBase):
    """What a model thought: a full trace, a summary of it, or nothing readable at all (`redacted`)."""

    type: Literal["thinking"] = "thinking"
    text: str = ""
    kind: Literal["trace", "summary", "redacted"] = "trace"


class ToolCall(PartBase):
    """A call that the model asks for. `arguments` is JSON text as the model wrote it, valid or not.

    `id` is None only where the wire has none (the single function call of old formats).
    """

    type: Literal["tool_call"] = "tool_call"
    id: str | None = None
    name: str
    arguments: str = ""
    kind: ToolKind = "function"
    executed_by: Literal["caller", "provider"] = "caller"

    def parsed_arguments(self) -> Any:
        """Return the arguments as a JSON value; nothing at all counts as `{}`.

        Raises:
            ValueError: the model wrote no valid JSON.
        """
        from pydantic_core import from_json

        return from_json(self.arguments) if self.arguments.strip() else {}


class Refusal(PartBase):
    """The model's own words for declining."""

    type: Literal["refusal"] = "refusal"
    text: str


class Data(PartBase):
    """A JSON value, as a tool returns it."""

    type: Literal["data"] = "data"
    value: Any


class Native(PartBase):
    """A block that only one dialect knows and that must go back as it came; `text` is what another may say instead."""

    type: Literal["native"] = "native"
    dialect: str
    body: Any
    text: str | None = None


ResultPart: TypeAlias = Annotated[Text | Media | Data | Native, Field(discriminator="type")]


def _parts(value: object) -> object:
    return ({"type": "text", "text": value},) if type(value) is str else value


class ToolResult(PartBase):
    """What a tool returned for the call `call_id`; a string is accepted for `parts`."""

    type: Literal["tool_result"] = "tool_result"
    call_id: str | None = None
    name: str | None = None
    parts: Annotated[tuple[ResultPart, ...], BeforeValidator(_parts)] = ()
    is_error: bool = False


Part: TypeAlias = Text | Media | Thinking | ToolCall | ToolResult | Data | Refusal | Native
AnyPart: TypeAlias = Annotated[Part, Field(discriminator="type")]


class Message(Value):
    """One turn: who speaks, and the parts of what is said. A string is accepted for `parts`; `content` is its alias."""

    role: Role
    parts: Annotated[tuple[AnyPart, ...], BeforeValidator(_parts)] = Field(
        default=(), validation_alias=AliasChoices("parts", "content")
    )
    name: str | None = None
    provider_state: ProviderState | None = None

    @property
    def text(self) -> str:
        """The text parts, joined."""
        return "".join(part.text for part in self.parts if type(part) is Text)

    @property
    def tool_calls(self) -> tuple[ToolCall, ...]:
        """The calls that the caller is asked to run."""
        return tuple(part for part in self.parts if type(part) is ToolCall and part.executed_by == "caller")


def decode_data_url(url: str) -> tuple[str | None, bytes]:
    """Split a `data:` URL into media type and bytes.

    Raises:
        ValueError: the URL has no comma, or its base64 is broken.
    """
    head, comma, body = url[5:].partition(",")
    if not comma:
        raise ValueError("a data: URL needs a comma before its content")
    mime = head.removesuffix(";base64") or None
    if not head.endswith(";base64"):
        return mime, unquote_to_bytes(body)
    try:
        return mime, base64.b64decode(body, validate=True)
    except binascii.Error as error:
        raise ValueError(f"a data: URL holds broken base64: {error}") from None


def encode_data_url(mime: str, data: bytes) -> str:
    """Write bytes as a `data:` URL of that media type."""
    return f"data:{mime};base64,{base64.b64encode(data).decode('ascii')}"
