"""`llm/chat` and a project's `generate`: chats in OpenAI's form, with the ranges and the envelope of this API."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Literal
from uuid import UUID

from pydantic import Field

from jackfield import (
    Board,
    ChatRequest,
    ChatResponse,
    Fallback,
    HTTPRequest,
    InvalidInput,
    JackfieldError,
    Reasoning,
    Response,
    UnknownDialect,
)
from jackfield_gateway._call import Call
from jackfield_gateway._panel import Panel
from jackfield_gateway._replies import Shape, reply
from jackfield_gateway._retrieval import ABSENT, RetrievalQuery, Woven
from jackfield_gateway._written import cost_number

from ._refusals import Refused, read, rendered
from ._requests import Body, Effort, Name
from ._targets import default_model, resolved

_MODES = ("auto", "none", "required")
_RETRIEVAL = ("conversation_id", "k", "min_score", "filter_documents")


class Pair(Body):
    """A pair of metadata."""

    key: Name = Field(max_length=64)
    value: Name = Field(max_length=512)


class BudgetedThinking(Body):
    """Thinking with a budget in tokens."""

    type: Literal["enabled", "disabled"]
    budget_tokens: int = Field(ge=1024)


class LlmChat(Body):
    """Body of `llm/chat`."""

    messages: list[dict[str, Any]] = Field(min_length=1)
    model: Name
    reasoning_effort: Effort | None = None
    metadata: list[Pair] | None = None
    frequency_penalty: float | None = Field(default=None, ge=-2, le=2)
    logit_bias: dict[str, float] | None = None
    logprobs: bool | None = None
    top_logprobs: int | None = Field(default=None, ge=0, le=20)
    max_completion_tokens: int | None = Field(default=None, ge=1)
    n: int | None = Field(default=None, ge=1)
    modalities: list[Name] | None = None
    prediction: dict[str, Any] | None = None
    audio: dict[str, Any] | None = None
    presence_penalty: float | None = Field(default=None, ge=-2, le=2)
    response_format: dict[str, Any] | None = None
    seed: int | None = None
    service_tier: Literal["auto", "default"] | None = None
    stop: list[Name] | None = None
    stream: bool = False
    stream_options: dict[str, Any] | None = None
    temperature: float | None = Field(default=None, ge=0, le=2)
    top_p: float | None = Field(default=None, ge=0, le=1)
    tools: list[Any] | None = None
    tool_choice: Name | dict[str, Any] | None = None
    parallel_tool_calls: bool | None = None
    user: Name | None = None
    function_call: Name | dict[str, Any] | None = None
    functions: list[dict[str, Any]] | None = None
    thinking: BudgetedThinking | None = None
    web_search_options: dict[str, Any] | None = None
    fallbacks: list[Name] | None = Field(default=None, max_length=5)


class Generate(LlmChat):
    """Body of `generate`."""

    filter_documents: dict[str, Any] = Field(default_factory=dict)
    min_score: float = 0.0
    k: int = Field(default=3, ge=1)
    max_tokens: int = Field(default=100, ge=1, le=16_385)
    conversation_id: UUID | None = None


#: Members that OpenAI's form does not have.
_NO_WIRE = {"thinking", "fallbacks", *_RETRIEVAL}


class _Extras(Shape):
    """What the API adds to OpenAI's answer."""

    def __init__(self, woven: Woven | None) -> None:
        self._woven = woven

    async def ended(self, response: ChatResponse) -> None:
        if self._woven is not None:
            await self._woven.ended(response)

    def members(self, response: Response) -> Mapping[str, Any]:
        return {"cost": cost_number(response.cost)}

    def whole(self, body: dict[str, Any]) -> dict[str, Any]:
        for choice in body.get("choices", ()):
            choice["message"] = {"tool_calls": None, "function_call": None, **choice["message"]}
        return {"provider_time": None, "edenai_time": None, **body}


class LlmChats:
    """Answers both."""

    def __init__(self, panel: Panel) -> None:
        self._panel = panel

    async def chat(self, call: Call, _: Mapping[str, str]) -> None:
        """Answer `llm/chat`."""
        body = read(LlmChat, await call.body())
        board, request = self._request(body)
        await self._answer(call, board, request, body, "llm__chat")

    async def generate(self, call: Call, variables: Mapping[str, str]) -> None:
        """Answer a project's `generate`."""
        body = read(Generate, await call.body())
        try:
            project = UUID(variables["project_id"])
        except ValueError:
            await call.reply(rendered(404, "not_found", "there is no such project; its id is a UUID"))
            return
        board, request = self._request(body)
        if request.max_tokens is None:
            suggested = body.unwritten("max_tokens")
            request = request.model_copy(update={"max_tokens": body.max_tokens, "suggested": suggested})
        if (retriever := self._panel.retriever) is None:
            if written := [name for name in _RETRIEVAL if name in body.model_fields_set]:
                await call.reply(rendered(501, "retrieval_error", f"{', '.join(written)}: {ABSENT}"))
                return
            await self._answer(call, board, request, body, "askyoda__generate")
            return
        self._panel.admit(call.asker("askyoda__generate"), [request.model])
        query = RetrievalQuery(
            collection=str(project),
            messages=request.messages,
            model=request.model,
            k=body.k,
            min_score=body.min_score,
            filters=body.filter_documents,
            conversation=None if body.conversation_id is None else str(body.conversation_id),
            user=request.user,
            project=call.project,
            key=call.key,
        )
        woven = await call.unless_gone(Woven.of(retriever, query))
        request = request.model_copy(update={"messages": woven.found.messages})
        await self._answer(call, board, request, body, "askyoda__generate", woven)

    def _request(self, body: LlmChat) -> tuple[Board, ChatRequest]:
        """Read a body that is right by the API's own rules as the dialect reads it."""
        try:
            board = self._panel.boards.dialect("openai-chat")
        except UnknownDialect as error:
            raise Refused.of("non_field_errors", error.message) from None
        wire = body.model_dump(exclude_unset=True, exclude=_NO_WIRE)
        wire["model"] = self._named(body.model)
        if body.metadata is not None:
            wire["metadata"] = {pair.key: pair.value for pair in body.metadata}
        if isinstance(choice := body.tool_choice, str) and choice not in _MODES:
            wire["tool_choice"] = {"type": "function", "function": {"name": choice}}
        if isinstance(choice := body.function_call, str) and choice not in _MODES:
            wire["function_call"] = {"name": choice}
        form = body.response_format or {}
        if form.get("type") == "json_object" and isinstance(form.get("schema"), Mapping):
            schema = {"name": form.get("name", "answer"), "schema": form["schema"]}
            wire["response_format"] = {"type": "json_schema", "json_schema": schema}
        try:
            request = board.parse_request(HTTPRequest("POST", "", {}, wire), {"operation": "chat"})
        except InvalidInput as error:
            parameter = re.split(r"[.\[]", error.param or "non_field_errors", maxsplit=1)[0]
            raise Refused.of(parameter, error.message) from None
        assert isinstance(request, ChatRequest)
        if (thinking := body.thinking) is not None:
            on = thinking.type == "enabled"
            reasoning = Reasoning(enabled=on, budget=thinking.budget_tokens if on else None)
            request = request.model_copy(update={"reasoning": reasoning})
        return board, request

    def _named(self, model: str) -> str:
        provider, _, rest = model.partition("/")
        rest = rest or default_model("llm", provider)
        if (found := resolved(self._panel.boards, provider, rest)) is not None:
            return found
        try:
            return "/".join(self._panel.boards.resolve(model))
        except JackfieldError as error:
            raise Refused.of("model", error.message) from None

    async def _answer(
        self, call: Call, board: Board, request: ChatRequest, body: LlmChat, route: str, woven: Woven | None = None
    ) -> None:
        others = [self._named(name) for name in body.fallbacks or ()]
        fallback = Fallback(tuple(others)) if others else None
        await reply(self._panel, call, board, request, call.asker(route), fallback, _Extras(woven))
