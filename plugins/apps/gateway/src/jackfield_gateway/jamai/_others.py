"""`embeddings` and `rerank`: OpenAI's form and the one of rerankers, with the API's word for what a text is for."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from pydantic_core import from_json

from jackfield import HTTPRequest, Request
from jackfield_gateway._call import Call
from jackfield_gateway._panel import Panel
from jackfield_gateway._replies import reply

from ._errors import of_validation, rendered

_B = TypeVar("_B", bound=BaseModel)


class JamEmbedding(BaseModel):
    """Body of `embeddings`. Source: memory of the API's public SDK; the notes name the route alone."""

    model_config = ConfigDict(extra="ignore")

    model: str = Field(min_length=1)
    input: str | list[str]
    type: Literal["query", "document"] = "document"
    encoding_format: Literal["float", "base64"] = "float"
    dimensions: int | None = Field(default=None, ge=1)


class JamRerank(BaseModel):
    """Body of `rerank`. Source: memory of the API's public SDK; the notes name the route alone."""

    model_config = ConfigDict(extra="ignore")

    model: str = Field(min_length=1)
    query: str
    documents: list[str] = Field(min_length=1)
    top_n: int | None = Field(default=None, ge=1)
    return_documents: bool = False


class JamOthers:
    """Answers both."""

    def __init__(self, panel: Panel) -> None:
        self._panel = panel

    async def embeddings(self, call: Call, _: Mapping[str, str]) -> None:
        """Answer `embeddings`."""
        if (body := await _read(call, JamEmbedding)) is not None:
            wire = body.model_dump(exclude_none=True, exclude={"type"})
            await self._answer(call, "embedding", wire, {"input_type": body.type, "suggested": _unwritten(body)})

    async def rerank(self, call: Call, _: Mapping[str, str]) -> None:
        """Answer `rerank`."""
        if (body := await _read(call, JamRerank)) is not None:
            await self._answer(call, "rerank", body.model_dump(exclude_none=True), {})

    async def _answer(self, call: Call, operation: str, wire: dict[str, Any], more: Mapping[str, Any]) -> None:
        board = self._panel.boards.dialect("openai-chat")
        request: Request = board.parse_request(HTTPRequest("POST", "", {}, wire), {"operation": operation})
        request = request.model_copy(update=dict(more))
        asker = call.asker(f"jamai__{operation}", call.headers.get("x-user-id"))
        await reply(self._panel, call, board, request, asker, None)


def _unwritten(body: JamEmbedding) -> frozenset[str]:
    """Name what the caller did not write: a model that does not take it is asked without, and nothing is said of it."""
    return frozenset() if "type" in body.model_fields_set else frozenset({"input_type"})


async def _read(call: Call, kind: type[_B]) -> _B | None:
    """Read a body; None where it is wrong, and that has been said."""
    try:
        given = from_json(await call.body(), allow_inf_nan=False)
    except ValueError as error:
        await call.reply(rendered(call, "validation_error", f"the body is not JSON: {error}", 422, "JSONDecodeError"))
        return None
    try:
        return kind.model_validate(given)
    except ValidationError as error:
        await call.reply(of_validation(call, error, given))
        return None
