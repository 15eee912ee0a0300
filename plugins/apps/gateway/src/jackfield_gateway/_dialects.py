"""The addresses of every installed dialect: what a caller sends in one is asked of any provider, and answered in it."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from functools import cache, partial
from typing import Any
from urllib.parse import parse_qs

from pydantic_core import from_json, to_json

from jackfield import (
    Board,
    ChatRequest,
    Fallback,
    HTTPRequest,
    HTTPResponse,
    InvalidInput,
    ListedModel,
    ModelsRequest,
    ModelsResponse,
    Request,
    Response,
)

from ._call import Call
from ._models import ModelRows
from ._panel import Panel
from ._price_lists import price_list, price_lists
from ._replies import Shape, reply, told_of
from ._routes import Match
from ._written import attempt, cost_number

_JSON = {"content-type": "application/json"}
#: A caller who sends it is told in the answer what it cost, and who was tried.
DETAILS = "x-jackfield-details"


class Dialects:
    """Answers them."""

    def __init__(self, panel: Panel, rows: ModelRows) -> None:
        self._panel = panel
        self._rows = rows

    async def answer(self, call: Call, match: Match, board: Board) -> None:
        """Answer a call that a dialect has an address for.

        Raises:
            JackfieldError: what came before an answer had begun.
        """
        asked = HTTPRequest(call.method, call.target, call.headers, await call.body())
        described = match.described()
        parse = partial(board.parse_request, asked, described)
        relay = None if DETAILS in call.headers else board.relay_request(asked, described)
        if relay is not None and relay.model not in _names():
            asker = call.asker(f"{board.dialect.name}__{match.route.operation}")
            relayed = self._panel.relay(asker, board, relay, parse)
            if (found := await call.unless_gone(relayed)) is not None:
                response, whole = found
                await call.reply(HTTPResponse(200, _JSON, whole.body), told_of(response))
                return
        request = parse()
        if isinstance(request, ModelsRequest):
            await call.reply(await self._models(board, request, call.query))
            return
        if not request.model:
            raise InvalidInput("model: a name is needed, such as provider/model", param="model")
        if (known := _names().get(request.model)) is not None:
            request = request.model_copy(update={"model": known})
        request, fallback = _fallback(request, board.dialect.name)
        shape = _Details() if _wants_details(call, board, request) else None
        asker = call.asker(f"{board.dialect.name}__{request.operation}")
        await reply(self._panel, call, board, request, asker, fallback, shape)

    async def _models(self, board: Board, request: Request, query: str) -> HTTPResponse:
        """List the models that the catalogs name, or a price list's; contexts and prices stand beside them."""
        wanted = parse_qs(query).get("price_list", [""])[0]
        if wanted:
            if wanted not in price_lists():
                raise InvalidInput(
                    f"price_list: {wanted!r:.60} is none of {', '.join(price_lists())}", param="price_list"
                )
            known = [_listed(row) for row in price_list(wanted).rows]
        else:
            known = [
                (row.id, row.provider, _about(row.context, row.input, row.output, row.max_output))
                for row in await self._rows.all()
            ]
            known = [(name, "alias", _about(None, None, None, None)) for name in self._panel.settings.aliases] + known
        listed = ModelsResponse(models=tuple(ListedModel(id=name, owner=owner) for name, owner, _ in known))
        answer = board.render_response(request, listed)
        body = from_json(answer.body)
        if board.dialect.name != "openai-chat" or not isinstance(body.get("data"), list):
            return answer
        for row, (_, _, about) in zip(body["data"], known, strict=True):
            row.update(about)
        return HTTPResponse(answer.status, answer.headers, to_json(body))


@cache
def _names() -> Mapping[str, str]:
    """Return who is asked under the names of the reseller's list that no catalog has."""
    return {row["model"]: row["answers"] for row in price_list("reseller").rows if "answers" in row}


class _Details(Shape):
    """Says what an answer cost, and who was tried for it."""

    def members(self, response: Response) -> Mapping[str, Any]:
        cost = response.cost
        return {
            "jackfield": {
                "provider": response.provider,
                "model": response.model,
                "cost": cost_number(cost),
                "cost_status": "unknown" if cost is None else cost.status,
                "attempts": [attempt(row) for row in response.attempts],
                "adjustments": [
                    {"parameter": row.parameter, "action": row.action, "reason": row.reason}
                    for row in response.adjustments
                ],
            }
        }


def _wants_details(call: Call, board: Board, request: Request) -> bool:
    """Tell whether a caller is to be told; only one format has a place for it at the end of a stream."""
    if call.headers.get(DETAILS, "0").lower() in ("", "0", "false", "off"):
        return False
    return not request.stream or board.dialect.name == "openai-chat"


def _fallback(request: Request, dialect: str) -> tuple[Request, Fallback | None]:
    """Take the member `fallbacks` out of a chat: names of models, which no provider is to see.

    Raises:
        InvalidInput: it is no list of up to five names.
    """
    if not isinstance(request, ChatRequest):
        return request, None
    options = request.provider_options.get(dialect, {})
    if "fallbacks" not in options:
        return request, None
    left = {name: value for name, value in options.items() if name != "fallbacks"}
    others = {name: value for name, value in request.provider_options.items() if name != dialect}
    request = request.model_copy(update={"provider_options": {**others, **({dialect: left} if left else {})}})
    return request, Fallback.of(options["fallbacks"]) if options["fallbacks"] else None


def _listed(row: Mapping[str, Any]) -> tuple[str, str | None, dict[str, Any]]:
    owner = row.get("maker") or row.get("provider")
    prices = (row.get("input"), row.get("output", row.get("price")))
    return row["model"], owner, _about(row.get("context"), *prices, None)


def _about(context: int | None, into: Any, out: Any, most: int | None) -> dict[str, Any]:
    """Write what is known of a model; prices are decimal strings, US dollars per million tokens."""
    pricing = {name: None if value is None else _plain(value) for name, value in (("input", into), ("output", out))}
    return {"context_window": context, "max_output_tokens": most, "pricing": pricing}


def _plain(amount: Any) -> str:
    """Write an amount of money as a person does."""
    return f"{Decimal(amount).normalize():f}"
