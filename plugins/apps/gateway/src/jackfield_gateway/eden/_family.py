"""The addresses of the API, with what each takes and gives."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from jackfield import Boards, HTTPResponse, JackfieldError, RequestTooLargeError
from jackfield.errors import status_of
from jackfield_gateway._call import Call
from jackfield_gateway._family import Address, Answer, Doc
from jackfield_gateway._panel import Panel

from ._catalog import Catalog, CatalogQuery
from ._chat import Chats
from ._costs import CostQuery, Costs
from ._failures import whole_failure
from ._llm import Generate, LlmChat, LlmChats
from ._refusals import Refused, rendered
from ._requests import MultimodalChat, TextChat, TextStream
from ._stream import LineStream

_SENTENCES = {"type": "object", "additionalProperties": {"type": "array", "items": {"type": "string"}}}
_NESTED = {"type": "object", "properties": {"type": {"type": "string"}}, "required": ["type", "message"]}


def _envelope(message: Mapping[str, Any]) -> dict[str, Any]:
    nested = {**_NESTED, "properties": {"type": {"type": "string"}, "message": message}}
    return {"type": "object", "properties": {"error": nested}, "required": ["error"]}


_BAD = _envelope({"anyOf": [_SENTENCES, {"type": "string"}]})
_ERROR = _envelope({"type": "string"})
_NOT_FOUND = {
    "anyOf": [{"type": "object", "properties": {"details": {"const": "Not Found"}}, "required": ["details"]}, _ERROR]
}
_REFUSALS = {400: _BAD, 403: _ERROR, 404: _NOT_FOUND, 405: _ERROR, 413: _ERROR, 415: _ERROR}
#: A provider's own failure, where it is the whole answer.
_FAILURES = {
    **_REFUSALS,
    401: _ERROR,
    402: _ERROR,
    408: _ERROR,
    422: _ERROR,
    429: _ERROR,
    500: _ERROR,
    501: _ERROR,
    503: _ERROR,
}
_ENTRY = {
    "type": "object",
    "properties": {
        "status": {"enum": ["success", "fail"]},
        "generated_text": {"type": "string"},
        "cost": {"type": ["number", "null"]},
        "provider": {"type": "string"},
        "provider_status_code": {"type": "integer"},
        "original_response": {},
    },
    "required": ["status", "cost"],
}
_ENTRIES = {"anyOf": [{"type": "object", "additionalProperties": _ENTRY}, {"type": "array", "items": _ENTRY}]}
_COMPLETION = {
    "type": "object",
    "required": ["id", "object", "choices"],
    "properties": {"cost": {"type": ["number", "null"]}},
}
_COSTS = {
    "type": "object",
    "properties": {"response": {"type": "array", "items": {"type": "object", "required": ["token", "data"]}}},
    "required": ["response"],
}
_CREDITS = {"type": "object", "properties": {"credits": {"type": ["number", "null"]}}, "required": ["credits"]}
_MESSAGES = [{"role": "user", "content": [{"type": "text", "content": {"text": "Why is the sky blue?"}}]}]
_ASK = {"model": "openai/gpt-4o-mini", "messages": [{"role": "user", "content": "Why is the sky blue?"}]}
_STREAMED = ("application/json", "text/event-stream")
_UUID = {"type": "string", "format": "uuid"}


class EdenFamily:
    """Eden's API, version 2."""

    prefix = "/v2/"

    def __init__(self, panel: Panel, credits: Decimal | None = None) -> None:
        boards = self._boards = panel.boards
        chats, lines, llm = Chats(panel), LineStream(panel), LlmChats(panel)
        catalog, costs = Catalog(panel), Costs(panel, credits)
        good = {200: _ENTRIES, **_REFUSALS}
        self.addresses: Sequence[Address] = (
            Address("POST", "/v2/multimodal/chat", _guarded(chats.multimodal, boards), Doc(
                "Chat about texts and media with one or many providers", good, MultimodalChat,
                {"providers": ["openai/gpt-4o-mini"], "messages": _MESSAGES},
            )),
            Address("POST", "/v2/text/chat", _guarded(chats.text, boards), Doc(
                "Chat with one or many providers", good, TextChat,
                {"providers": ["openai", "anthropic"], "text": "Why is the sky blue?"},
            )),
            Address("POST", "/v2/text/chat/stream", _guarded(lines.answer, boards), Doc(
                "Chat with one provider, line by line", {200: {"type": "string"}, **_FAILURES}, TextStream,
                {"providers": ["openai/gpt-4o-mini"], "text": "Why is the sky blue?"}, media_types=("text/plain",),
            )),
            Address("POST", "/v2/llm/chat", _guarded(llm.chat, boards), Doc(
                "Chat in OpenAI's form", {200: _COMPLETION, **_FAILURES}, LlmChat, _ASK, media_types=_STREAMED,
            )),
            Address("POST", "/v2/aiproducts/askyoda/v2/{project_id}/generate", _guarded(llm.generate, boards), Doc(
                "Chat in OpenAI's form about a project's documents", {200: _COMPLETION, **_FAILURES}, Generate, _ASK,
                path={"project_id": _UUID}, media_types=_STREAMED,
            )),
            Address("GET", "/v2/info/provider_subfeatures", _guarded(catalog.answer, boards), Doc(
                "Providers of each feature, with models and prices", {200: {"type": "array"}, **_REFUSALS},
                query=CatalogQuery,
            )),
            Address("GET", "/v2/cost_management", _guarded(costs.spent, boards), Doc(
                "What was spent over time", {200: _COSTS, **_REFUSALS}, query=CostQuery,
            )),
            Address("GET", "/v2/cost_management/credits", _guarded(costs.left, boards), Doc(
                "What is left to spend", {200: _CREDITS, **_REFUSALS},
            )),
        )  # fmt: skip

    def refused(self, error: JackfieldError, call: Call) -> HTTPResponse:
        """Render why a caller may not come in: a key that is missing or wrong is 403 here."""
        status = status_of(error)
        if status == 503:
            return whole_failure(self._boards, error)
        word = "unsupported_media_type" if status == 415 else "permission_error"
        return rendered(415 if status == 415 else 403, word, error.message)

    def failed(self, error: JackfieldError, call: Call) -> HTTPResponse:
        """Render an error that is the whole answer."""
        return whole_failure(self._boards, error)

    def nowhere(self, call: Call, methods: Sequence[str]) -> HTTPResponse:
        """Render that nothing is there."""
        if methods:
            return rendered(405, "method_not_allowed", f'Method "{call.method}" not allowed.')
        return HTTPResponse(404, {"content-type": "application/json"}, b'{"details":"Not Found"}')


def _guarded(answer: Answer, boards: Boards) -> Answer:
    """Write what is wrong with a request in the envelope of the API."""

    async def guarded(call: Call, variables: Mapping[str, str]) -> None:
        try:
            if call.method == "POST" and (kind := call.content_type) != "application/json":
                await call.reply(
                    rendered(415, "unsupported_media_type", f'Unsupported media type "{kind:.60}" in request.')
                )
                return
            await answer(call, variables)
        except Refused as refused:
            await call.reply(refused.rendered())
        except RequestTooLargeError as error:
            await call.reply(rendered(413, "payload_too_large", error.message))
        except JackfieldError as error:
            await call.reply(whole_failure(boards, error))

    return guarded
