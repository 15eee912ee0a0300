"""The core's own answers: what a board says where neither dialect nor provider says anything."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from functools import partial
from typing import TYPE_CHECKING, Any

from pydantic_core import to_json

from . import fitting, pricing
from .catalog import ModelInfo
from .conversation import ChatRequest
from .errors import ConfigurationError, InvalidInput, JackfieldError
from .fitting import Fitted
from .hookspecs import hookimpl
from .operations import Request
from .pricing import Cost, Priced, Sheet
from .thinking import merge_patch, write_thinking
from .usage import Usage
from .wire import Endpoint, Facts, HTTPRequest, HTTPResponse, is_sendable

if TYPE_CHECKING:
    from .board import Board

_MOST_SHEETS = 10_000
_REQUEST_IDS = ("x-request-id", "request-id", "x-amzn-requestid", "apim-request-id")
SANDBOX_HEADER = "x-jackfield-sandbox"
#: Headers and query members that `provider_options` may never set: they prove who asks or frame the request.
_FORBIDDEN = frozenset(
    {"authorization", "proxy-authorization", "x-api-key", "api-key", "x-goog-api-key", "cookie", "host",
     "content-length", "content-type", "transfer-encoding", "connection"}
)  # fmt: skip


class Defaults:
    """The lowest plugin of every board."""

    def __init__(self, board: Board) -> None:
        self._board = board
        self._sheets: dict[str, Priced | None] = {}

    @hookimpl
    def fit_request(self, request: Request, model: ModelInfo) -> Fitted:
        """Fit from the catalog."""
        return fitting.fit_request(request, model)

    @hookimpl
    def authorize(self, http_request: HTTPRequest, endpoint: Endpoint, at: datetime) -> HTTPRequest:
        """Send the credential as the catalog's auth kind says."""
        credential = endpoint.credential
        kind, _, name = credential.kind.partition(":")
        value = next(iter(credential.values.values()), "")
        if kind == "bearer":
            http_request.headers["authorization"] = f"Bearer {value}"
        elif kind == "header":
            http_request.headers[name.lower()] = value
        elif kind == "query":
            from urllib.parse import quote

            mark = "&" if "?" in http_request.url else "?"
            http_request.url += f"{mark}{quote(name)}={quote(value)}"
        elif kind != "none":
            raise ConfigurationError(
                f"nothing installed knows the auth kind {credential.kind!r}; its provider's plugin should",
                provider=endpoint.provider,
            )
        return http_request

    @hookimpl
    def normalize_headers(self, head: HTTPResponse) -> Facts:
        """Read the usual names."""
        headers = head.headers
        request_id = None
        for name in _REQUEST_IDS:
            if (request_id := headers.get(name)) is not None:
                break
        return Facts(request_id, None, None, headers.get(SANDBOX_HEADER) == "1", headers)

    @hookimpl
    def price_sheet(self, provider: str, model: str, facts: Mapping[str, str], at: datetime) -> Priced | None:
        """Find the sheet in the catalogs."""
        if model in self._sheets:
            return self._sheets[model]
        info = self._board.model(model)
        sheet = Sheet(provider, info.id, info.rules, info.currency, info.source, info.checked)
        if info.unpriced is not None:
            sheet = replace(sheet, notes=(info.unpriced,))
        found = Priced(sheet, info.rung) if info.rules or info.unpriced is not None else None
        if len(self._sheets) < _MOST_SHEETS:  # names come from callers
            self._sheets[model] = found
        return found

    @hookimpl
    def compute_cost(self, usage: Usage, sheet: Priced | None, facts: Mapping[str, str], at: datetime) -> Cost:
        """Compute exactly; what has to be multiplied is, when somebody reads it."""
        if sheet is None or usage.stated_cost is not None:
            return pricing.compute_cost(usage, sheet, facts, at)
        return Cost.later(partial(self._reckon, usage, sheet, facts, at))

    def _reckon(self, usage: Usage, sheet: Priced, facts: Mapping[str, str], at: datetime) -> Cost:
        try:
            return pricing.compute_cost(usage, sheet, facts, at)
        except Exception as error:
            self._board.refuse("compute_cost", error)

    @hookimpl
    def render_error(self, error: JackfieldError) -> HTTPResponse:
        """Render an error as plain JSON."""
        body = {"error": {"type": type(error).__name__, "message": error.message}}
        return HTTPResponse(error.status or 500, {"content-type": "application/json"}, to_json(body))


def finish_body(http_request: HTTPRequest, request: Request, endpoint: Endpoint, model: ModelInfo) -> None:
    """Apply the catalog's renames and drops, then the caller's `provider_options`: dialect first, provider last."""
    body: dict[str, Any] = http_request.body
    if (model.rename or model.drop) and isinstance(request, ChatRequest):
        for old, new in model.rename.items():
            if old in body:
                body.setdefault(new, body.pop(old))
        for name in model.drop:
            body.pop(name, None)
    if model.thinking is not None and isinstance(request, ChatRequest) and request.reasoning is not None:
        write_thinking(body, request.reasoning, model.thinking)
    if model.prefill is not None and isinstance(request, ChatRequest) and request.goes_on:
        body["messages"][-1] |= model.prefill
    if not request.provider_options:
        return
    for step in http_request.within:
        body = body[step]
    for name in (endpoint.dialect, endpoint.provider):
        if not (options := request.provider_options.get(name)):
            continue
        for key, value in options.items():
            if key == "headers":
                http_request.headers.update(_allowed(value, "header"))
            elif key == "query":
                _add_query(http_request, _allowed(value, "query member"))
            else:
                merge_patch(body, {key: value})


def _allowed(values: Any, what: str) -> dict[str, str]:
    if not isinstance(values, Mapping):
        raise InvalidInput(f"provider_options need a {what} by name, not {values!r:.60}")
    found = {str(name).lower() if what == "header" else str(name): str(value) for name, value in values.items()}
    if refused := sorted(name for name in found if name.lower() in _FORBIDDEN):
        raise InvalidInput(f"provider_options may not set the {what} {refused[0]}; use the client's configuration")
    if what == "header" and (broken := sorted(name for name, value in found.items() if not is_sendable(name + value))):
        raise InvalidInput(f"the header {broken[0]!r} of provider_options holds what no header can carry")
    return found


def _add_query(http_request: HTTPRequest, values: Mapping[str, str]) -> None:
    from urllib.parse import urlencode

    mark = "&" if "?" in http_request.url else "?"
    http_request.url += mark + urlencode(values)
