"""Acme Talk: turns go out, a reply comes back, whole or in lines of JSON (https://acme.example/reference)."""

from contextlib import suppress
from typing import Any

import jackfield as jf
from jackfield.errors import class_for_status

ENDS: dict[str, jf.FinishReason] = {"end": "stop", "limit": "length"}


@jf.hookimpl
def translate_request(request: jf.Request, endpoint: jf.Endpoint) -> jf.HTTPRequest | None:
    if not isinstance(request, jf.ChatRequest):
        return None
    if any(part.type != "text" for message in request.messages for part in message.parts):
        raise jf.UnsupportedFeature("messages: Acme takes nothing but text", param="messages")
    turns = [{"who": message.role, "says": message.text} for message in request.messages]
    body = {"model": request.model, "turns": turns, "stream": bool(request.stream)}
    body |= {name: value for name in ("temperature", "max_tokens") if (value := getattr(request, name)) is not None}
    return jf.HTTPRequest("POST", f"{endpoint.base_url}/talk", {}, body)


def read(answer: jf.HTTPResponse, *needed: str) -> dict[str, Any]:
    with suppress(ValueError):
        if isinstance(body := answer.json(), dict) and body.keys() >= {*needed}:
            return body
    raise jf.ResponseFormatError("Acme's answer cannot be read", body=answer.body)


@jf.hookimpl
def normalize_response(request: jf.Request, response: jf.HTTPResponse) -> jf.Response:
    body = read(response, "id", "reply", "why", "spent")
    message = jf.Message(role="assistant", parts=body["reply"])
    choice = jf.Choice(message=message, finish_reason=ENDS.get(body["why"], "unknown"), raw_finish_reason=body["why"])
    return jf.ChatResponse(id=body["id"], choices=(choice,), raw_usage=body["spent"], raw=body)


@jf.hookimpl
def normalize_error(request: jf.Request, response: jf.HTTPResponse) -> jf.JackfieldError | None:
    with suppress(jf.ResponseFormatError):
        return class_for_status(response.status)(str(read(response, "problem")["problem"]))
    return None


@jf.hookimpl
def usage_items(raw: dict[str, Any]) -> jf.Usage:
    return jf.Usage({"input": raw["in"], "output": raw["out"]})


class Decoder:
    framing: str | None = "ndjson"

    def __init__(self) -> None:
        self.parts, self.ended = jf.PartTracker(), False

    def feed(self, event: jf.Event) -> list[jf.Delta]:
        line, deltas = read(jf.HTTPResponse(200, body=event.data)), list[jf.Delta]()
        if "problem" in line:
            raise jf.ProviderError(str(line["problem"]), body=event.data)
        if "id" in line:
            deltas.append(jf.Started(line["id"]))
        if "more" in line:
            part = self.parts.flow(0, "text", jf.Text(text=""), deltas)
            deltas.append(jf.TextDelta(0, part, line["more"]))
        if "why" in line:
            self.parts.end(0, deltas)
            deltas += [jf.Finished(0, ENDS.get(line["why"], "unknown"), line["why"]), jf.UsageDelta(line["spent"])]
            self.ended = True
        return deltas

    def close(self) -> list[jf.Delta]:
        if not self.ended:
            raise jf.StreamInterrupted("Acme's last line is missing")
        return []


@jf.hookimpl
def stream_decoder() -> jf.StreamDecoder:
    return Decoder()
