"""The addresses of the API, with what each takes and gives."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from pydantic import BaseModel

from jackfield import HTTPResponse, JackfieldError
from jackfield_gateway._call import Call
from jackfield_gateway._family import Address, Answer, Doc
from jackfield_gateway._models import ModelRows
from jackfield_gateway._panel import Panel

from ._chat import JamChats
from ._errors import at_the_door, of_error, rendered
from ._models import JamModels
from ._others import JamEmbedding, JamOthers, JamRerank
from ._requests import JamChat

_ERROR: Mapping[str, Any] = {
    "type": "object",
    "properties": {
        "object": {"const": "error"}, "error": {"type": "string"}, "message": {"type": "string"},
        "request_id": {"type": "string"},
    },
    "required": ["object", "error", "message", "detail", "request_id", "exception", "request_headers"],
}  # fmt: skip
_REFUSALS = dict.fromkeys((401, 403, 404, 405, 413, 415, 422), _ERROR)
_FAILURES = _REFUSALS | dict.fromkeys((429, 500, 501, 503), _ERROR)
_COMPLETION = {"type": "object", "required": ["id", "object", "model", "choices", "usage", "references"]}
_RANKED = {"type": "object", "required": ["model", "results", "usage"]}
_LIST = {"type": "object", "required": ["object", "data"]}


class ModelQuery(BaseModel):
    """The query of both lists."""

    model: str = ""
    prefer: str = ""


class JamFamily:
    """JamAI Base's API, version 1."""

    prefix = "/api/v1/"

    def __init__(self, panel: Panel, rows: ModelRows) -> None:
        chats, models, others = JamChats(panel), JamModels(rows), JamOthers(panel)
        ask = {"model": "openai/gpt-4o-mini", "messages": [{"role": "user", "content": "Why is the sky blue?"}]}
        self.addresses: Sequence[Address] = (
            Address("POST", "/api/v1/chat/completions", _guarded(chats.answer), Doc(
                "Chat in OpenAI's form, with references", {200: _COMPLETION, **_FAILURES}, JamChat, ask,
                media_types=("application/json", "text/event-stream"),
            )),
            Address("POST", "/api/v1/embeddings", _guarded(others.embeddings), Doc(
                "Embeddings of texts", {200: _LIST, **_FAILURES}, JamEmbedding,
                {"model": "openai/text-embedding-3-small", "input": ["Why is the sky blue?"], "type": "query"},
            )),
            Address("POST", "/api/v1/rerank", _guarded(others.rerank), Doc(
                "Documents in the order in which they answer a query", {200: _RANKED, **_FAILURES}, JamRerank,
                {"model": "cohere/rerank-v3.5", "query": "Why is the sky blue?", "documents": ["Light scatters."]},
            )),
            Address("GET", "/api/v1/models", _guarded(models.models), Doc(
                "Models with what they can do", {200: _LIST, **_REFUSALS}, query=ModelQuery,
            )),
            Address("GET", "/api/v1/models/ids", _guarded(models.ids), Doc(
                "Names of models", {200: {"type": "array", "items": {"type": "string"}}, **_REFUSALS}, query=ModelQuery,
            )),
        )  # fmt: skip

    def refused(self, error: JackfieldError, call: Call) -> HTTPResponse:
        """Render why a caller may not come in."""
        return at_the_door(call, error)

    def failed(self, error: JackfieldError, call: Call) -> HTTPResponse:
        """Render an error that is the whole answer."""
        return of_error(call, error)

    def nowhere(self, call: Call, methods: Sequence[str]) -> HTTPResponse:
        """Render that nothing is there."""
        if methods:
            message = f"{call.path:.200} takes {' and '.join(methods)}, not {call.method}"
            return rendered(call, "method_not_allowed", message, 405, "HTTPException")
        return rendered(call, "resource_not_found", f"nothing is at {call.path:.200}", 404, "HTTPException")


def _guarded(answer: Answer) -> Answer:
    """Write what is wrong with a request in the envelope of the API."""

    async def guarded(call: Call, variables: Mapping[str, str]) -> None:
        if call.method == "POST" and (kind := call.content_type) != "application/json":
            message = f"the content type is {kind!r:.60}; it has to be application/json"
            await call.reply(rendered(call, "unsupported_media_type", message, 415, "UnsupportedMediaTypeError"))
            return
        try:
            await answer(call, variables)
        except JackfieldError as error:
            await call.reply(of_error(call, error))

    return guarded
