"""`chat/completions`: the conversation made whole, the passages first, delta and message in every choice."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from pydantic import ValidationError
from pydantic_core import from_json, to_json

from jackfield import (
    AsyncClient,
    Board,
    ChatRequest,
    ChatResponse,
    HostedTool,
    HTTPRequest,
    JackfieldError,
    Reasoning,
    Response,
    UnsupportedFeature,
)
from jackfield_gateway._call import Call, Header
from jackfield_gateway._panel import Panel
from jackfield_gateway._replies import Shape, reply
from jackfield_gateway._retrieval import ABSENT, Passage, RetrievalQuery, Retrieved, Woven

from ._errors import of_validation, rendered
from ._requests import JamChat

_DEFAULTS = ("temperature", "top_p", "max_tokens", "presence_penalty", "frequency_penalty")
#: What a model that does not take it is asked without.
_IGNORED = frozenset({"stop", "tools"})
_NAME = re.compile(r"[^a-zA-Z0-9_-]")
_MESSAGE = {"content": None, "reasoning_content": None, "refusal": None, "tool_calls": None, "function_call": None}


class JamChats:
    """Answers it."""

    def __init__(self, panel: Panel) -> None:
        self._panel = panel

    async def answer(self, call: Call, _: Mapping[str, str]) -> None:
        """Answer `chat/completions`."""
        data = await call.body()
        try:
            given = from_json(data, allow_inf_nan=False)
        except ValueError as error:
            await call.reply(
                rendered(call, "validation_error", f"the body is not JSON: {error}", 422, "JSONDecodeError")
            )
            return
        try:
            body = JamChat.model_validate(given)
        except ValidationError as error:
            await call.reply(of_validation(call, error, given))
            return
        await self._answer(call, body)

    async def _answer(self, call: Call, body: JamChat) -> None:
        board = self._panel.boards.dialect("openai-chat")
        asker = call.asker("jamai__chat", body.user or call.headers.get("x-user-id"))
        client = await self._panel.client_of(asker)
        request = self._request(board, body, client)
        asker, fallbacks = self._panel.through(asker, body.model or "", request.model)
        self._panel.admit(asker, [request.model], fallbacks)
        woven: Woven | None = None
        if (rag := body.rag_params) is not None:
            if not (table := rag.table_id.strip()):
                message = "`rag_params.table_id` is required when `rag_params` is specified."
                await call.reply(rendered(call, "bad_input", message, 422, "BadInputError"))
                return
            if (retriever := self._panel.retriever) is None:
                await call.reply(rendered(call, "not_implemented", f"rag_params: {ABSENT}", 501, "NotImplementedError"))
                return
            query = RetrievalQuery(
                collection=table,
                messages=request.messages,
                model=request.model,
                k=rag.k,
                user=body.user or None,
                project=call.project,
                key=call.key,
                options=rag.model_dump(exclude={"table_id", "k"}),
            )
            woven = await call.unless_gone(Woven.of(retriever, query))
            request = request.model_copy(update={"messages": woven.found.messages})
        request, ignored = self._taken(request, client)
        shape = _JamShape(call.request_id, request.model, woven, ignored, bool(body.stream))
        await reply(self._panel, call, board, request, asker, fallbacks or None, shape)

    def _request(self, board: Board, body: JamChat, client: AsyncClient) -> ChatRequest:
        """Read the conversation as OpenAI's dialect does, with the API's defaults beside it.

        Raises:
            JackfieldError: a message is wrong, or no provider has the model.
        """
        model = self._panel.drawn(body.model) if body.model else self._default(client)
        wire: dict[str, Any] = {"model": model, "messages": padded(body), "stream": body.stream or None}
        functions = [tool.model_dump() for tool in body.tools or () if tool.type == "function"]
        if functions:
            wire |= {"tools": functions, "tool_choice": body.tool_choice}
        read = board.parse_request(HTTPRequest("POST", "", {}, wire), {"operation": "chat"})
        assert isinstance(read, ChatRequest)
        more: dict[str, Any] = {name: getattr(body, name) for name in _DEFAULTS}
        more["max_tokens"] = body.max_completion_tokens or body.max_tokens
        suggested = body.unwritten(*_DEFAULTS) - ({"max_tokens"} if body.max_completion_tokens else set())
        more |= {
            "suggested": frozenset(suggested),
            "stop": tuple(body.stop) if body.stop else None,
            "logit_bias": body.logit_bias or None,
            "n": body.n if body.n > 1 else None,
            "user": body.user or None,
            "reasoning": _reasoning(body),
            "serving": {**read.serving, "include_usage": True},
        }
        if hosted := [tool for tool in body.tools or () if tool.type != "function"]:
            kinds = [HostedTool(kind="web_search" if tool.type == "web_search" else "code") for tool in hosted]
            if model.partition("/")[0] == "openai" or self._panel.boards.resolve(model)[0] == "openai":
                more["tools"] = (*(read.tools or ()), *kinds)
        return read.model_copy(update={name: value for name, value in more.items() if value is not None})

    def _default(self, client: AsyncClient) -> str:
        """Return the model that answers where none is named: of the first provider that can be asked."""
        boards = self._panel.boards
        for provider in ("openai", *boards.providers()):
            try:
                model = "/".join(boards.resolve(provider))
                client.exchange(ChatRequest(model=model, messages="."))
            except JackfieldError:
                continue
            return model
        raise UnsupportedFeature("model: no provider here can be asked; set a key, or name a model", param="model")

    def _taken(self, request: ChatRequest, client: AsyncClient) -> tuple[ChatRequest, list[str]]:
        """Return the request without what its model cannot take and the API ignores, and the names of that.

        Raises:
            JackfieldError: it cannot take something else.
        """
        ignored: list[str] = []
        while True:
            try:
                client.exchange(request)
            except UnsupportedFeature as error:
                name = error.param or ""
                if name not in _IGNORED or name in ignored or getattr(request, name) is None:
                    raise
                ignored.append(name)
                request = request.model_copy(update={name: None, **({"tool_choice": None} if name == "tools" else {})})
                continue
            return request, ignored


def padded(body: JamChat) -> list[dict[str, Any]]:
    """Return the messages as the API makes them whole: there is a user's turn first, and no empty system's.

    Source: the public server of the API (its preparation of a chat), read 2026-11-20.
    """
    rows = [message.model_dump(exclude_none=True) for message in body.messages]
    for row in rows:
        row.setdefault("content", "")
        if row["role"] == "system" and row["content"] == "":
            row["content"] = "."
        if "name" in row:
            row["name"] = _NAME.sub("_", row["name"])
    user = {"role": "user", "content": "."}
    if all(row["role"] == "system" for row in rows):
        return [*rows, user]
    if rows[0]["role"] == "assistant":
        return [{"role": "system", "content": "."}, user, *rows]
    if rows[0]["role"] == "system" and rows[1]["role"] == "assistant":
        return [rows[0], user, *rows[1:]]
    return rows


def _reasoning(body: JamChat) -> Reasoning | None:
    effort = body.reasoning_effort
    if effort is None and body.thinking_budget is None and body.reasoning_summary is None:
        return None
    if effort in ("disable", "none"):
        return Reasoning(enabled=False)
    return Reasoning(effort=effort, budget=body.thinking_budget, summary=body.reasoning_summary)


class _JamShape(Shape):
    """What the API does otherwise than OpenAI's dialect."""

    says_failures = False
    names_itself = True

    def __init__(self, request_id: str, model: str, woven: Woven | None, ignored: list[str], stream: bool) -> None:
        self._id = request_id
        self._model = model
        self._woven = woven
        self._found = None if woven is None else references(woven.found)
        self._stream = stream
        told: list[Header] = [(b"x-request-id", request_id.encode("latin-1", "replace"))]
        if stream:
            told.append((b"x-accel-buffering", b"no"))
        if ignored:
            told.append((b"x-jackfield-ignored", ", ".join(ignored).encode()))
        self.headers = told

    async def ended(self, response: ChatResponse) -> None:
        if self._woven is not None:
            await self._woven.ended(response)

    def members(self, response: Response) -> Mapping[str, Any]:
        return {} if self._stream else {"references": self._found}

    def opening(self) -> bytes:
        return b"" if self._found is None else b"data: " + to_json(self._found) + b"\n\n"

    def whole(self, body: dict[str, Any]) -> dict[str, Any]:
        for choice in body.get("choices", ()):
            choice["message"] = {"role": "assistant", **_MESSAGE, "audio": None, **choice["message"]}
            choice["delta"] = None
        usage = {"tool_usage_details": None, **(body.get("usage") or {})}
        empty = {"references": None, "service_tier": None, "system_fingerprint": None}
        return {**empty, **body, "id": self._id, "model": self._model, "usage": usage}

    def piece(self, data: bytes) -> bytes:
        return b"\n\n".join(map(self._event, data.split(b"\n\n")))

    def _event(self, event: bytes) -> bytes:
        if not event.startswith(b"data: {"):
            return event
        body = from_json(event.removeprefix(b"data: "))
        for choice in body.get("choices", ()):
            if (delta := choice.get("delta")) is not None:
                choice["message"] = {"role": "assistant", **_MESSAGE, **delta}
        return b"data: " + to_json({**body, "id": self._id, "model": self._model})


def references(found: Retrieved) -> dict[str, Any]:
    """Write passages as the API does."""
    chunks = [_chunk(passage) for passage in found.passages]
    return {"object": "chat.references", "chunks": chunks, "search_query": found.query, "finish_reason": None}


def _chunk(passage: Passage) -> dict[str, Any]:
    return {
        "text": passage.text,
        "title": passage.title,
        "page": passage.page,
        "file_name": passage.file_name,
        "file_path": passage.file_path,
        "document_id": passage.document,
        "chunk_id": passage.id,
        "context": {},
        "metadata": {name: str(value) for name, value in passage.metadata.items()},
    }
