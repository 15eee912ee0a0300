"""A small dialect and a provider that pass every check: what the broken ones are made of, by changing one thing.

The format: `{"say": [...], "ask": {...}}` goes out; `{"said": text, "calls": [...], "end": word, "used": [in, out]}`
comes back, or the same in lines of JSON, the last of which has `end`.
"""

from __future__ import annotations

import base64
from collections.abc import Mapping
from datetime import datetime
from typing import Any, ClassVar

from pydantic_core import from_json, to_json

from jackfield import (
    ArgumentsDelta,
    Bytes,
    ChatRequest,
    ChatResponse,
    Choice,
    Delta,
    Endpoint,
    Event,
    Facts,
    Finished,
    HTTPRequest,
    HTTPResponse,
    InvalidInput,
    JackfieldError,
    Media,
    Message,
    PartEnded,
    PartStarted,
    PartTracker,
    ProviderError,
    ProviderState,
    Request,
    ResponseFormatError,
    Started,
    StreamInterrupted,
    Text,
    TextDelta,
    Tool,
    ToolCall,
    ToolResult,
    UnsupportedFeature,
    Usage,
    UsageDelta,
    derive_id,
    hookimpl,
)
from jackfield.errors import class_for_status, status_of

TUNING = ("temperature", "top_p", "top_k", "max_tokens", "seed", "user")
UNTAKEN = (
    "n", "frequency_penalty", "presence_penalty", "repetition_penalty", "logit_bias", "logprobs", "top_logprobs",
    "parallel_tool_calls", "tool_choice", "reasoning", "verbosity", "service_tier", "modalities", "audio_out",
    "prediction", "web_search", "metadata", "previous", "store", "stop",
)  # fmt: skip
DIALECT: Mapping[str, Any] = {
    "title": "Sound",
    "routes": [{"method": "POST", "path": "/sound", "operation": "chat"}],
    "limits": {**dict.fromkeys(UNTAKEN, False), "n": {"range": [1, 1]}},
}
CATALOG: Mapping[str, Any] = {
    "provider": {
        "name": "sound", "title": "Sound", "dialect": "sound", "base_url": "https://sound.invalid/v1",
        "default_model": "sound-1", "verified": "documentation",
    },
    "auth": [{"kind": "bearer", "values": {"token": ["SOUND_KEY"]}}],
    "models": [
        {
            "id": "sound-1", "context": 8192, "capabilities": ["tools", "json_schema", "json_object", "streaming"],
            "media": {"image": ["bytes", "url"]}, "prices": [{"rates": {"input": "1.5", "output": "6"}}],
            "source": "made up", "checked": "2026-11-20",
        },
        {"id": "sound-free", "capabilities": ["streaming"], "media": {}, "unpriced": "it costs nothing"},
    ],
}  # fmt: skip


class Dialect:
    """The hooks of the format, both ways."""

    @hookimpl
    def translate_request(self, request: Request, endpoint: Endpoint) -> HTTPRequest | None:
        """Write a request."""
        if not isinstance(request, ChatRequest):
            return None
        return HTTPRequest("POST", f"{endpoint.base_url}/sound", {}, self.body(request))

    def body(self, request: ChatRequest) -> dict[str, Any]:
        """Write the body."""
        asked = {name: value for name in TUNING if (value := getattr(request, name)) is not None}
        body: dict[str, Any] = {"model": request.model, "say": [self.turn(turn) for turn in request.messages]}
        if asked:
            body["ask"] = asked
        if request.stream:
            body["lines"] = True
        if request.tools:
            body["tools"] = [tool.model_dump(exclude_none=True, exclude_defaults=True) for tool in request.tools]
        if request.response_format is not None:
            body["form"] = request.response_format.model_dump(by_alias=True, exclude_none=True)
        return body

    def turn(self, message: Message) -> dict[str, Any]:
        """Write a message."""
        return {"who": message.role, "parts": [self.part(part) for part in message.parts]}

    def part(self, part: Any) -> dict[str, Any]:
        """Write a part."""
        match part:
            case Text(text=text):
                return {"text": text}
            case ToolCall():
                state = part.provider_state.data if part.provider_state is not None else None
                return {"call": part.name, "id": part.id, "with": part.arguments, "state": state}
            case ToolResult(parts=parts):
                return {"of": part.call_id, "found": [self.part(inner) for inner in parts], "wrong": part.is_error}
            case Media(kind="image", source=Bytes(data=data)):
                return {"image": base64.b64encode(data).decode()}
            case Media(kind="image", source=source):
                return {"image_at": getattr(source, "url", "")}
        raise UnsupportedFeature(f"messages: no form for {part.type}; say it in text", param="messages")

    @hookimpl
    def normalize_response(self, request: Request, response: HTTPResponse) -> ChatResponse:
        """Read an answer."""
        body = self.json(response.body)
        if "said" not in body:
            raise ResponseFormatError("the answer says nothing", body=response.body)
        parts: list[Any] = [Text(text=body["said"])] if body["said"] else []
        parts += [self.call(call, number) for number, call in enumerate(body.get("calls", ()))]
        return ChatResponse(
            id=body.get("id"),
            model=body.get("model"),
            choices=(self.choice(tuple(parts), body.get("end")),),
            raw_usage=self.used(body),
            raw=body,
        )

    def choice(self, parts: tuple[Any, ...], end: Any) -> Choice:
        """Make the choice."""
        reason = self.reason(end)
        return Choice(message=Message(role="assistant", parts=parts), finish_reason=reason, raw_finish_reason=end)

    def reason(self, end: Any) -> Any:
        """Read the finish reason."""
        return {"done": "stop", "long": "length", "tools": "tool_calls"}.get(str(end), "unknown")

    def used(self, body: Mapping[str, Any]) -> Mapping[str, Any] | None:
        """Return the raw usage."""
        return {"used": body["used"]} if "used" in body else None

    def call(self, call: Mapping[str, Any], number: int) -> ToolCall:
        """Read a call; the format has no ids."""
        made = derive_id("call_", [call["name"], call["with"]], number)
        state = ProviderState({"proof": self.proof(number)}, "sound")
        return ToolCall(id=made, name=call["name"], arguments=call["with"], provider_state=state)

    def proof(self, number: int) -> str:
        """Make the opaque state of a call."""
        return f"sound-opaque-proof-of-call-number-{number}"

    def json(self, data: bytes) -> dict[str, Any]:
        """Read a body."""
        try:
            body = from_json(data)
        except ValueError:
            body = None
        if not isinstance(body, dict):
            raise ResponseFormatError("the answer is no JSON object", body=data)
        return body

    @hookimpl
    def normalize_error(self, request: Request, response: HTTPResponse) -> JackfieldError | None:
        """Read an error."""
        try:
            why = from_json(response.body)["wrong"]
        except (ValueError, KeyError, TypeError):
            return None
        if response.status < 400:
            return ProviderError(str(why))
        return class_for_status(response.status)(str(why))

    @hookimpl
    def usage_items(self, raw: Mapping[str, Any], facts: Facts) -> Usage:
        """Read the usage."""
        counts = dict(zip(("input", "output", "input.cache_read"), raw["used"], strict=False))
        return Usage({name: count for name, count in counts.items() if count})

    @hookimpl
    def stream_decoder(self, request: Request, head: HTTPResponse) -> Any:
        """Open a decoder."""
        return self.decoder(self)

    # -- the serving side ---------------------------------------------------------------------------------------

    @hookimpl
    def parse_request(self, http_request: HTTPRequest, route: Mapping[str, str]) -> ChatRequest:
        """Parse a request."""
        try:
            return self.parsed(http_request.json())
        except (TypeError, KeyError, AttributeError, ValueError) as error:
            raise InvalidInput(f"the body is wrong: {type(error).__name__} {error}") from None

    def parsed(self, body: Mapping[str, Any]) -> ChatRequest:
        """Read a body."""
        tools = tuple(Tool(**tool) for tool in body["tools"]) if body.get("tools") else None
        return ChatRequest(
            model=body["model"],
            messages=tuple(self.heard(turn) for turn in body["say"]),
            stream=body.get("lines"),
            tools=tools,
            response_format=body.get("form"),
            **(body.get("ask") or {}),
        )

    def heard(self, turn: Mapping[str, Any]) -> Message:
        """Read a turn."""
        return Message(role=turn["who"], parts=tuple(self.heard_part(part) for part in turn["parts"]))

    def heard_part(self, part: Mapping[str, Any]) -> Any:
        """Read a part."""
        if "text" in part:
            return Text(text=part["text"])
        if "call" in part:
            return ToolCall(id=part["id"], name=part["call"], arguments=part["with"])
        if "of" in part:
            parts = tuple(self.heard_part(inner) for inner in part["found"])
            return ToolResult(call_id=part["of"], parts=parts, is_error=part["wrong"])
        if "image" in part:
            return Media(kind="image", source=base64.b64decode(part["image"]))
        return Media(kind="image", source=part["image_at"])

    @hookimpl
    def render_response(self, request: Request, response: ChatResponse) -> HTTPResponse:
        """Write an answer."""
        return HTTPResponse(200, {"content-type": "application/json"}, to_json(self.rendered(response)))

    def rendered(self, response: ChatResponse) -> dict[str, Any]:
        """Write the body of an answer."""
        if len(response.choices) > 1:
            raise UnsupportedFeature("n: the format has one choice")
        calls = [{"name": call.name, "with": call.arguments} for call in response.tool_calls]
        body = {"id": response.id, "model": response.model, "said": response.text, "calls": calls}
        return {**body, "end": self.word(response.finish_reason), **self.stated(response.usage)}

    def word(self, reason: str) -> str:
        """Write a finish reason."""
        return {"length": "long", "tool_calls": "tools"}.get(reason, "done")

    def stated(self, usage: Usage | None) -> dict[str, Any]:
        """Write the usage."""
        if usage is None:
            return {}
        return {"used": [usage.input_tokens or 0, usage.output_tokens or 0, usage.cached_tokens or 0]}

    @hookimpl
    def render_error(self, error: JackfieldError) -> HTTPResponse:
        """Write an error."""
        return HTTPResponse(status_of(error), {"content-type": "application/json"}, to_json({"wrong": error.message}))

    @hookimpl
    def stream_encoder(self, request: Request, at: datetime) -> Any:
        """Open an encoder."""
        return self.encoder(self)

    decoder: ClassVar[Any]
    encoder: ClassVar[Any]


class Decoder:
    """Reads lines."""

    framing = "ndjson"

    def __init__(self, dialect: Dialect) -> None:
        self.dialect = dialect
        self.tracker = PartTracker()
        self.calls = 0
        self.is_whole = False
        self.has_begun = False

    def feed(self, event: Event) -> list[Delta]:
        """Read a line."""
        line = self.dialect.json(event.data)
        if "wrong" in line:
            raise ProviderError(str(line["wrong"]), body=event.data)
        out: list[Delta] = []
        if not self.has_begun:
            self.has_begun = True
            out.append(Started(line.get("id"), line.get("model")))
        if line.get("said"):
            self.say(line["said"], out)
        if "call" in line:
            self.called(line["call"], out)
        if "end" in line:
            self.ended(line, out)
        return out

    def say(self, text: str, out: list[Delta]) -> None:
        """Read text."""
        out.append(TextDelta(0, self.tracker.flow(0, "text", Text(text=""), out), text))

    def called(self, call: Mapping[str, Any], out: list[Delta]) -> None:
        """Read a call, which comes whole."""
        whole = self.dialect.call(call, self.calls)
        self.calls += 1
        state = whole.provider_state
        bare = whole.model_copy(update={"arguments": "", "provider_state": None})
        part = self.tracker.call(0, bare, out)
        out.append(ArgumentsDelta(0, part, whole.arguments))
        self.tracker.end(0, out)
        out[-1] = PartEnded(0, part, state.data if state is not None else None)

    def ended(self, line: Mapping[str, Any], out: list[Delta]) -> None:
        """Read the last line."""
        self.tracker.end(0, out)
        if (used := self.dialect.used(line)) is not None:
            out.append(UsageDelta(used))
        out.append(Finished(0, self.dialect.reason(line["end"]), line["end"]))
        self.is_whole = True

    def close(self) -> list[Delta]:
        """Read the end."""
        if not self.is_whole:
            raise StreamInterrupted("the last line is missing")
        return []


class Encoder:
    """Writes lines."""

    status = 200

    def __init__(self, dialect: Dialect) -> None:
        self.dialect = dialect
        self.headers = {"content-type": "application/x-ndjson"}
        self.open: dict[int, tuple[ToolCall, list[str]]] = {}
        self.finished: Finished | None = None
        self.usage: Usage | None = None

    def encode(self, delta: Delta) -> bytes:
        """Write a delta."""
        match delta:
            case Started(id=id_, model=model):
                return self.line({"id": id_, "model": model})
            case TextDelta(text=text):
                return self.line({"said": text})
            case PartStarted(part=part, value=ToolCall() as call):
                self.open[part] = (call, [call.arguments])
            case ArgumentsDelta(part=part, text=text):
                self.open[part][1].append(text)
            case Finished():
                self.finished = delta
            case UsageDelta(usage=usage):
                self.usage = usage
            case _:
                pass
        return b""

    def line(self, body: Mapping[str, Any]) -> bytes:
        """Write a line."""
        return to_json(body) + b"\n"

    def keep_alive(self) -> bytes:
        """Write nothing: every line says something."""
        return b""

    def fail(self, error: JackfieldError) -> bytes:
        """Write an error."""
        return self.line({"wrong": error.message})

    def close(self) -> bytes:
        """Write the calls, in their order, and the end."""
        written = b"".join(
            self.line({"call": {"name": call.name, "with": "".join(pieces)}}) for call, pieces in self.open.values()
        )
        reason = self.finished.reason if self.finished is not None else "unknown"
        return written + self.line({"end": self.dialect.word(reason), **self.dialect.stated(self.usage)})


Dialect.decoder = Decoder
Dialect.encoder = Encoder
