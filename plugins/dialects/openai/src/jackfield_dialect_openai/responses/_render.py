"""Serve: render answers in the format."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from pydantic_core import to_json

from jackfield import (
    ChatRequest,
    ChatResponse,
    Finished,
    HTTPResponse,
    ModelsResponse,
    Request,
    Response,
    Started,
    TokenCountResponse,
    UnsupportedFeature,
    Usage,
    UsageDelta,
    derive_id,
    hookimpl,
    unroll,
)
from jackfield_dialect_openai.chat._serve import models_body

from ._calls import NAME
from ._parameters import write_parameters
from ._writer import Writer

_JSON = {"content-type": "application/json"}
_INCOMPLETE = {"length": "max_output_tokens", "context": "max_output_tokens", "content_filter": "content_filter"}
#: The format's own words for why an answer is incomplete, or not yet there (openai 3.51.0, response.py).
_WHY = frozenset({"max_output_tokens", "max_messages", "content_filter", "steered"})
#: The format counts drawn images beside searches; what it counted there is no usage of ours.
_NO_IMAGES = {
    "input_tokens": 0,
    "input_tokens_details": {"image_tokens": 0, "text_tokens": 0},
    "output_tokens": 0,
    "output_tokens_details": {"image_tokens": 0, "text_tokens": 0},
    "total_tokens": 0,
}
_STATUSES = frozenset({"cancelled", "queued", "in_progress"})
#: Members of a request that have no word of ours and that an answer says again.
_ECHOED = (
    "background", "max_tool_calls", "prompt", "prompt_cache_retention", "reasoning", "text", "tool_choice",
    "truncation",
)  # fmt: skip


@hookimpl
def render_response(request: Request, response: Response) -> HTTPResponse | None:
    """Render a whole answer."""
    if isinstance(response, ModelsResponse):
        return HTTPResponse(200, dict(_JSON), to_json(models_body(response)))
    if isinstance(response, TokenCountResponse):
        counted = {"object": "response.input_tokens", "input_tokens": response.input_tokens}
        return HTTPResponse(200, dict(_JSON), to_json(counted))
    if not isinstance(response, ChatResponse) or not isinstance(request, ChatRequest):
        return None
    check_choices(len(response.choices))
    head = Head(request, response.created or 0)
    writer = Writer(head.seed)
    for delta in unroll(response):
        writer.feed(delta)
        head.feed(delta)
    writer.close()
    return HTTPResponse(200, dict(_JSON), to_json(head.whole(writer.output)))


def check_choices(count: int) -> None:
    """Refuse several choices.

    Raises:
        UnsupportedFeature: there are several.
    """
    if count > 1:
        raise UnsupportedFeature(f"n: the format has one answer, not {count}; leave it out", param="n")


class Head:
    """What an answer says beside its items: the request again, id, model, status and usage."""

    def __init__(self, request: ChatRequest, created: int) -> None:
        self.seed: Any = [request.model, created, [message.text for message in request.messages]]
        echo = _echo(request)
        self._body: dict[str, Any] = {
            "id": derive_id("resp_", self.seed, 0),
            "object": "response",
            "created_at": created,
            "model": request.model,
            "error": None,
            "incomplete_details": None,
            "instructions": None,
            "metadata": {},
            "parallel_tool_calls": True,
            "temperature": None,
            "top_p": None,
            "tool_choice": "auto",
            "tools": [],
            "truncation": "disabled",
            **echo,
            "text": {"format": {"type": "text"}, **echo.get("text", {})},
            "output": [],
        }
        if request.serving.get("sandboxed"):
            self._body["metadata"] = {**self._body["metadata"], "jackfield": "sandbox"}
        self._finished: Finished | None = None
        self._usage: UsageDelta | None = None

    def feed(self, delta: Any) -> None:
        """Take what a delta says of the whole answer."""
        if isinstance(delta, Started):
            known = {"id": delta.id, "model": delta.model, "created_at": delta.created}
            self._body |= {name: value for name, value in known.items() if value is not None}
        elif isinstance(delta, Finished):
            self._finished = delta
        elif isinstance(delta, UsageDelta):
            self._usage = delta

    def begun(self) -> dict[str, Any]:
        """Return the answer as it is when it begins."""
        return {**self._body, "status": "in_progress"}

    def whole(self, output: Sequence[dict[str, Any]]) -> dict[str, Any]:
        """Return the answer as it is in the end."""
        body = {**self._body, "status": "completed", "output": list(output)}
        finished = self._finished
        reason, raw = (finished.reason, finished.raw) if finished is not None else ("unknown", None)
        if why := raw if raw in _WHY else _INCOMPLETE.get(reason):
            body |= {"status": "incomplete", "incomplete_details": {"reason": why}}
        elif raw in _STATUSES or reason == "cancelled":
            body["status"] = raw if raw in _STATUSES else reason
        elif reason == "error":
            what = "the provider broke the answer off"
            body |= {"status": "failed", "error": {"code": "server_error", "message": what}}
        usage = self._usage
        body["usage"] = usage_body(usage.usage if usage is not None else None)
        if usage is not None and usage.usage is not None and (count := _searches(usage.usage)):
            body["tool_usage"] = {"image_gen": _NO_IMAGES, "web_search": {"num_requests": count}}
        if usage is not None and usage.service_tier:
            body["service_tier"] = usage.service_tier
        return body


def _echo(request: ChatRequest) -> dict[str, Any]:
    """Return what an answer says again of its request."""
    echo: dict[str, Any] = {}
    write_parameters(request, echo)
    for name in ("stream", "include", "prompt_cache_options"):
        echo.pop(name, None)
    options = request.provider_options.get(NAME) or {}
    for name in _ECHOED:
        if (value := options.get(name)) is not None:
            echo[name] = {**echo.get(name, {}), **value} if isinstance(value, Mapping) else value
    if (conversation := options.get("conversation")) is not None:
        echo["conversation"] = {"id": conversation} if isinstance(conversation, str) else conversation
    for message in request.messages:
        state = message.provider_state
        if state is not None and isinstance(state.data, dict) and state.data.get("instructions"):
            echo["instructions"] = message.text
    return echo


def _searches(usage: Usage) -> int:
    return int(sum(item.count for item in usage.others if "web_search" in item.tags))


def usage_body(usage: Usage | None) -> dict[str, Any] | None:
    """Write a usage object; None where nothing is known."""
    if usage is None:
        return None
    counts = usage.counts
    into, out = usage.input_tokens or 0, usage.output_tokens or 0
    given = {"cached_tokens": "input.cache_read", "cache_write_tokens": "input.cache_write"}
    return {
        "input_tokens": into,
        "input_tokens_details": {name: counts.get(selector, 0) for name, selector in given.items()},
        "output_tokens": out,
        "output_tokens_details": {"reasoning_tokens": counts.get("output.reasoning", 0)},
        "total_tokens": into + out,
    }
