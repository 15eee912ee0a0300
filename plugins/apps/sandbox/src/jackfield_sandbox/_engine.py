"""The engine: an HTTP request goes in, an answer comes out, and nothing is read or written in between.

It knows no dialect by name: routes, parsers and writers are those of what is installed.
"""

from __future__ import annotations

import hashlib
import threading
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from pydantic_core import to_json

from jackfield import (
    Board,
    Boards,
    ChatRequest,
    ChatResponse,
    EmbeddingRequest,
    HTTPRequest,
    HTTPResponse,
    InvalidRequestError,
    JackfieldError,
    Message,
    ModelsRequest,
    PluginError,
    Request,
    RerankRequest,
    Response,
    TokenCountRequest,
    UnsupportedOperation,
)

from ._delivery import Answer, damaged, dressed, refused, streamed, whole
from ._faults import Fault, find_fault
from ._others import embeddings, models, ranking, token_count
from ._routes import Match, Routes
from ._scenarios import Scenarios
from ._script import CREATED, answer
from ._streaming import deltas
from ._tools import unmet


class Sandbox:
    """The serving side of every installed dialect, with scripted answers. Safe to share between threads."""

    def __init__(self, boards: Boards | None = None, scenario: str | Path | None = None) -> None:
        self.boards = boards if boards is not None else Boards()
        self._scenarios = Scenarios(scenario) if scenario is not None else None
        self._flaps: dict[tuple[str, str], int] = {}
        self._routes: Routes | None = None
        self._lock = threading.Lock()

    @property
    def routes(self) -> Routes:
        """Where the sandbox listens; the data of the dialects is read when this is first asked."""
        with self._lock:
            if self._routes is None:
                self._routes = Routes(self.boards)
            return self._routes

    def answer(self, http_request: HTTPRequest) -> Answer:
        """Answer a request; whatever is wrong with it becomes an answer too."""
        match = self.routes.find(http_request)
        if match is None:
            return self.refuse(http_request, self._no_route(http_request))
        try:
            given = self._answer(self.boards.dialect(match.dialect), match, http_request)
        except JackfieldError as error:
            return self.refuse(http_request, error)
        return _marked(given, http_request)

    def refuse(self, http_request: HTTPRequest, error: JackfieldError) -> Answer:
        """Give an error in the dialect that the request is for or nearest to, as plain JSON where there is none."""
        match = self.routes.find(http_request)
        dialect = match.dialect if match is not None else self.routes.nearest(http_request)
        response = _plain(error)
        if dialect is not None:
            try:
                response = self.boards.dialect(dialect).render_error(error)
            except PluginError as broken:
                response = _plain(broken)
        return _marked(whole(response), http_request)

    def _answer(self, board: Board, match: Match, http_request: HTTPRequest) -> Answer:
        parsed = board.parse_request(http_request, match.for_parser())
        changes: dict[str, object] = {"serving": {**parsed.serving, "sandboxed": True}}
        if match.route.stream is not None and parsed.stream is None:
            changes["stream"] = match.route.stream
        request = parsed.model_copy(update=changes)
        fault = self._fault(http_request, request.model, match.dialect)
        if (refusal := refused(board, fault)) is not None:
            return refusal
        response = self._respond(request, match.dialect)
        if "refusal" in fault.marks and isinstance(response, ChatResponse):
            response = _filtered(response)
        if isinstance(request, ChatRequest) and isinstance(response, ChatResponse) and request.stream:
            encoder = board.stream_encoder(request, datetime.fromtimestamp(CREATED, UTC))
            steps = streamed(encoder, deltas(response), fault)
            given = dressed(Answer(encoder.status, dict(encoder.headers), steps), fault, is_stream=True)
        else:
            given = damaged(board, board.render_response(request, response), fault)
        if isinstance(request, ChatRequest) and (names := unmet(request)):
            said = ", ".join(names)
            given.headers["x-jackfield-sandbox-unmet"] = "".join(sign if " " <= sign <= "~" else "?" for sign in said)
        return given

    def _fault(self, http_request: HTTPRequest, model: str, dialect: str) -> Fault:
        fault = find_fault(http_request.headers, model)
        if fault is None and self._scenarios is not None:
            fault = self._scenarios.pick(model, dialect)
        if fault is None:
            return Fault()
        if not fault.flap:
            return fault
        key = (fault.flap_name, "" if fault.flap_name else repr(fault))
        with self._lock:
            failed = self._flaps.get(key, 0)
            self._flaps[key] = failed + 1
        return fault if failed < fault.flap else Fault()

    def _respond(self, request: Request, dialect: str) -> Response:
        if isinstance(request, ChatRequest):
            return answer(request)
        if isinstance(request, EmbeddingRequest):
            return embeddings(request)
        if isinstance(request, RerankRequest):
            return ranking(request)
        if isinstance(request, TokenCountRequest):
            return token_count(request)
        if isinstance(request, ModelsRequest):
            return models(self.boards, dialect)
        known = "chat, embedding, rerank, token_count, models"
        raise UnsupportedOperation(f"the sandbox has no script for {request.operation}; it has {known}")

    def _no_route(self, request: HTTPRequest) -> JackfieldError:
        if methods := self.routes.methods(request):
            message = f"{request.method} is not taken here; use {' or '.join(methods)}"
            return InvalidRequestError(message, status=405)
        known = "; ".join(f"{route.method} {route.path} ({dialect})" for dialect, route in self.routes)
        message = f"nothing listens at {request.method} {request.url}; there are {known or 'no dialects'}"
        return InvalidRequestError(message, status=404)


def _filtered(response: ChatResponse) -> ChatResponse:
    """Say nothing, and that this is for the content's sake."""
    choices = tuple(
        replace(
            choice, message=Message(role="assistant", parts=()), finish_reason="content_filter", raw_finish_reason=None
        )
        for choice in response.choices
    )
    return replace(response, choices=choices)


def _plain(error: JackfieldError) -> HTTPResponse:
    status = error.status or (500 if isinstance(error, PluginError) else 400)
    body = to_json({"error": {"type": type(error).__name__, "message": error.message}})
    return HTTPResponse(status, {"content-type": "application/json"}, body)


def _marked(given: Answer, request: HTTPRequest) -> Answer:
    """Say that the sandbox answers, and give the request an id that is its own again, every time."""
    body = request.body if isinstance(request.body, bytes) else to_json(request.body)
    asked = f"{request.method} {request.url}\n".encode() + body
    given.headers["x-jackfield-sandbox"] = "1"
    given.headers["x-request-id"] = f"req_{hashlib.sha256(asked).hexdigest()[:24]}"
    return given
