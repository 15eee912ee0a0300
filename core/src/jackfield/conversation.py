"""ChatRequest and ChatResponse: the unified parameters of a conversation, and what comes of it.

The one rule: a parameter that is not set is not sent. No parameter has a default on the wire.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any, ClassVar, Literal, TypeAlias

from pydantic import BeforeValidator, Field, model_validator

from .messages import Cache, Message, ProviderState, ToolCall, ToolKind, Value
from .operations import Request, Response

Effort: TypeAlias = Literal["none", "minimal", "low", "medium", "high", "xhigh", "max"]
EFFORTS: tuple[Effort, ...] = ("none", "minimal", "low", "medium", "high", "xhigh", "max")
FinishReason: TypeAlias = Literal[
    "stop", "stop_sequence", "length", "context", "tool_calls", "content_filter", "refusal", "pause", "cancelled",
    "error", "unknown",
]  # fmt: skip


class Tool(Value):
    """A tool that the caller runs. `parameters` is a JSON Schema; `kind="custom"` takes free text in a `format`.

    `options` are further words of one `dialect`: where that is set, another dialect is asked without them.
    """

    type: Literal["tool"] = "tool"
    name: str = Field(min_length=1)
    description: str | None = None
    parameters: Mapping[str, Any] | None = None
    strict: bool | None = None
    kind: Literal["function", "custom"] = "function"
    format: Mapping[str, Any] | None = None
    cache: Cache | None = None
    options: Mapping[str, Any] = Field(default_factory=dict)
    dialect: str | None = None


class HostedTool(Value):
    """A tool that the provider runs, by its unified kind.

    `options` are words of one `dialect`: where that is set, another dialect is asked for the kind alone.
    """

    type: Literal["hosted"] = "hosted"
    kind: ToolKind
    name: str | None = None
    options: Mapping[str, Any] = Field(default_factory=dict)
    dialect: str | None = None


class NativeTool(Value):
    """A tool declaration that only one dialect knows, sent to it as it is."""

    type: Literal["native"] = "native"
    dialect: str
    body: Any


def _tool(value: object) -> object:
    if type(value) is dict:
        return value if "type" in value else {"type": "tool", **value}
    if callable(value):
        from .functions import tool_of

        return tool_of(value)
    return value


AnyTool: TypeAlias = Annotated[
    Annotated[Tool | HostedTool | NativeTool, Field(discriminator="type")], BeforeValidator(_tool)
]


class ToolChoice(Value):
    """Which tools may or must be called: a mode, one name that must be, or a list of those allowed."""

    mode: Literal["auto", "none", "required"] = "auto"
    name: str | None = None
    allowed: tuple[str, ...] | None = None


class ResponseFormat(Value):
    """The form of the answer: any text, any JSON, or JSON of a schema."""

    type: Literal["text", "json", "schema"] = "text"
    schema_: Mapping[str, Any] | None = Field(default=None, alias="schema")
    name: str | None = None
    description: str | None = None
    strict: bool | None = None

    @model_validator(mode="before")
    @classmethod
    def _schema_means_schema(cls, value: Any) -> Any:
        return {"type": "schema", **value} if isinstance(value, dict) and "schema" in value else value


class Reasoning(Value):
    """How much a model is to think: an effort, or a budget in tokens; `enabled=False` asks for none."""

    enabled: bool | None = None
    effort: Effort | None = None
    budget: int | None = Field(default=None, ge=0)
    summary: str | None = None


class AudioOutput(Value):
    """The voice and the format of a spoken answer."""

    voice: Any = None
    format: str | None = None


class WebSearch(Value):
    """A search that the model's own host runs; `options` are the provider's own."""

    context_size: str | None = None
    user_location: Mapping[str, Any] | None = None
    options: Mapping[str, Any] = Field(default_factory=dict)


class CacheOptions(Value):
    """The cache of the whole prompt: a routing key, how long it lives."""

    key: str | None = None
    ttl: str | None = None


def _choice(value: object) -> object:
    return {"mode": value} if isinstance(value, str) else value


def _format(value: object) -> object:
    return {"type": value} if isinstance(value, str) else value


def _reasoning(value: object) -> object:
    if isinstance(value, bool):
        return {"enabled": value}
    if isinstance(value, int):
        return {"budget": value}
    return {"effort": value} if isinstance(value, str) else value


def _strings(value: object) -> object:
    return (value,) if isinstance(value, str) else value


def _messages(value: object) -> object:
    return (Message(role="user", parts=value),) if isinstance(value, str) else value


@dataclass(slots=True, kw_only=True)
class Choice:
    """One answer of `n`. `finish_reason` is ours, `raw_finish_reason` the provider's word."""

    index: int = 0
    message: Message
    finish_reason: FinishReason = "unknown"
    raw_finish_reason: str | None = None
    finish_detail: Any = None
    logprobs: Any = None
    provider_state: ProviderState | None = None


@dataclass(slots=True, kw_only=True)
class ChatResponse(Response):
    """An answer, whole. `.text`, `.tool_calls`, `.message`, `.finish_reason` speak of the first choice."""

    choices: tuple[Choice, ...] = ()
    provider_state: ProviderState | None = None

    @property
    def message(self) -> Message:
        """The first choice's message; an empty one where the provider gave no choice."""
        return self.choices[0].message if self.choices else Message(role="assistant")

    @property
    def text(self) -> str:
        """The text of the first choice."""
        return self.choices[0].message.text if self.choices else ""

    @property
    def tool_calls(self) -> tuple[ToolCall, ...]:
        """The calls that the first choice asks the caller to run."""
        return self.choices[0].message.tool_calls if self.choices else ()

    @property
    def finish_reason(self) -> FinishReason:
        """Why the first choice ended."""
        return self.choices[0].finish_reason if self.choices else "unknown"


class ChatRequest(Request):
    """A conversation to be continued, with the unified parameters. Unset is not sent."""

    operation: ClassVar[str] = "chat"
    response: ClassVar[type[Response]] = ChatResponse

    messages: Annotated[tuple[Message, ...], BeforeValidator(_messages)]
    temperature: float | None = None
    top_p: float | None = None
    top_k: int | None = None
    max_tokens: int | None = None
    stop: Annotated[tuple[str, ...], BeforeValidator(_strings)] | None = None
    seed: int | None = None
    n: int | None = Field(default=None, ge=1)
    frequency_penalty: float | None = None
    presence_penalty: float | None = None
    repetition_penalty: float | None = None
    logit_bias: Mapping[str, float] | None = None
    logprobs: bool | None = None
    top_logprobs: int | None = None
    tools: tuple[AnyTool, ...] | None = None
    tool_choice: Annotated[ToolChoice, BeforeValidator(_choice)] | None = None
    parallel_tool_calls: bool | None = None
    response_format: Annotated[ResponseFormat, BeforeValidator(_format)] | None = None
    reasoning: Annotated[Reasoning, BeforeValidator(_reasoning)] | None = None
    verbosity: str | None = None
    service_tier: str | None = None
    modalities: tuple[str, ...] | None = None
    audio_out: AudioOutput | None = None
    prediction: str | None = None
    web_search: WebSearch | None = None
    metadata: Mapping[str, str] | None = None
    user: str | None = None
    cache: CacheOptions | None = None
    previous: str | None = None
    store: bool | None = None

    @property
    def goes_on(self) -> bool:
        """Whether the answer shall go on from what the assistant has begun to say: its text is the last message."""
        last = self.messages[-1] if self.messages else None
        return last is not None and last.role == "assistant" and not any(type(part) is ToolCall for part in last.parts)
