"""The ASGI application: finds who answers a request, lets callers in, and keeps what all of them share."""

from __future__ import annotations

import traceback
from collections.abc import Mapping
from decimal import Decimal
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

from pydantic_core import to_json

from jackfield import AsyncClient, Board, Boards, HTTPResponse, JackfieldError
from jackfield.errors import status_of
from jackfield.fetching import FetchLimits

from ._call import Call, Gone, Receive, Scope, Send
from ._dialects import Dialects
from ._door import Door
from ._family import Family, Table
from ._models import ModelRows
from ._panel import Panel
from ._records import Records
from ._retrieval import Retriever, find_retriever
from ._routes import Match, Routes
from ._written import waits
from .eden._family import EdenFamily
from .jamai._family import JamFamily

if TYPE_CHECKING:
    from ._team import Team

_JSON = {"content-type": "application/json"}


class GatewayApp:
    """Serves every installed dialect, and the APIs that it stands for, over the providers of a client.

    `providers` are the client's overrides, `key` what callers have to send (None: programs on this machine only, see
    `Door`), `max_body` the largest request in bytes. `retries` is how often a failure that may pass is tried again.
    `records` keeps what was asked, `retriever` finds passages, `media` bounds what is fetched from addresses in
    messages, `credits` is what there is to spend, in US dollars. `team` has keys and history in a database, in the
    place of `key` and `records`.
    """

    def __init__(
        self,
        providers: Mapping[str, Mapping[str, Any]] | None = None,
        key: str | None = None,
        boards: Boards | None = None,
        max_body: int = 64 * 1024 * 1024,
        transport: Any = None,
        retries: int = 2,
        records: Records | None = None,
        retriever: Retriever | None = None,
        media: FetchLimits | None = None,
        credits: Decimal | None = None,
        team: Team | None = None,
    ) -> None:
        self.client = AsyncClient(
            providers=providers, boards=boards, transport=transport, retries=retries, unsupported="record"
        )
        self.boards = self.client.boards
        self.routes = Routes(self.boards)
        retriever = retriever or find_retriever(self.boards.config.get("retrieval", {}))
        self._team = team
        self.panel = Panel(self.client, team or records, retriever, media)
        rows = ModelRows(self.boards)
        self.families: tuple[Family, ...] = (EdenFamily(self.panel, credits), JamFamily(self.panel, rows))
        self._table = Table(self.families)
        self._dialects = Dialects(self.panel, rows)
        self._key = key
        self._max_body = max_body
        self._doors: dict[int, Door] = {}
        self._description: bytes | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one ASGI connection."""
        if scope["type"] == "lifespan":
            await self._lifespan(receive, send)
        elif scope["type"] == "http":
            call = Call(scope, receive, send, self._max_body)
            try:
                await self._http(call)
            except Gone:
                pass
            except Exception as bug:
                await self._broke(call, bug)

    async def _lifespan(self, receive: Receive, send: Send) -> None:
        while True:
            message = await receive()
            if message["type"] == "lifespan.startup":
                try:
                    if self._team is not None:
                        await self._team.open()
                except JackfieldError as error:
                    await send({"type": "lifespan.startup.failed", "message": str(error)})
                    return
                await send({"type": "lifespan.startup.complete"})
            else:
                await self.client.close()
                if self._team is not None:
                    await self._team.close()
                await send({"type": "lifespan.shutdown.complete"})
                return

    async def _http(self, call: Call) -> None:
        if (found := self._table.find(call.method, call.path)) is not None:
            family, address, variables = found
            if (refusal := await self._refusal(call, "authorization")) is not None:
                await call.reply(family.refused(refusal, call), waits(refusal))
            else:
                await address.answer(call, variables)
        elif (match := self.routes.find(call.method, call.path, call.headers)) is not None:
            await self._in_dialect(call, match)
        else:
            refusal = None if call.path == "/healthz" else await self._refusal(call, "authorization")
            await call.reply(self._nowhere(call) if refusal is None else self._refused(call, refusal))

    async def _broke(self, call: Call, bug: Exception) -> None:
        """Tell the operator of a fault of ours, and the caller that there is one; what has begun breaks off."""
        traceback.print_exception(bug)
        if call.has_begun:
            return
        error = JackfieldError("the gateway has a fault; its operator sees which", status=500)
        if (family := self._table.family(call.path)) is not None:
            await call.reply(family.failed(error, call))
        else:
            match = self.routes.find(call.method, call.path, call.headers)
            await call.reply(_rendered(self.boards.dialect(match.dialect) if match else None, error))

    async def _in_dialect(self, call: Call, match: Match) -> None:
        board = self.boards.dialect(match.dialect)
        if (refusal := await self._refusal(call, board.dialect.key_header)) is not None:
            await call.reply(_rendered(board, refusal), waits(refusal))
            return
        try:
            await self._dialects.answer(call, match, board)
        except JackfieldError as error:
            await call.reply(_rendered(board, error))

    async def _refusal(self, call: Call, key_header: str) -> JackfieldError | None:
        if self._team is not None:
            return await self._team.refusal(call, key_header)
        if (door := self._doors.get(call.port)) is None:
            door = self._doors[call.port] = Door(self._key, call.port)
        call.key = "local" if self._key is None else "gateway"
        return door.refusal(call.method, call.headers, key_header)

    def _refused(self, call: Call, refusal: JackfieldError) -> HTTPResponse:
        family = self._table.family(call.path)
        return _rendered(None, refusal) if family is None else family.refused(refusal, call)

    def _nowhere(self, call: Call) -> HTTPResponse:
        """Answer what no API has an address for."""
        reads = call.method in ("GET", "HEAD")
        if reads and call.path == "/":
            lines = ["Jackfield gateway", "", *self.addresses, "", f"providers: {', '.join(self.boards.providers())}"]
            return HTTPResponse(200, {"content-type": "text/plain; charset=utf-8"}, "\n".join([*lines, ""]).encode())
        if reads and call.path == "/healthz":
            return HTTPResponse(200, _JSON, b'{"status":"ok"}')
        if reads and call.path == "/openapi.json":
            return HTTPResponse(200, _JSON, self._described())
        methods = sorted({*self._table.methods(call.path), *self.routes.methods(call.path)})
        if (family := self._table.family(call.path)) is not None:
            return family.nowhere(call, methods)
        if methods:
            status, what = 405, f"{call.path} takes {' and '.join(methods)}, not {call.method}"
        else:
            status, what = 404, f"nothing is at {call.path:.200}; GET / lists what there is"
        error = {"message": what, "type": "invalid_request_error", "param": None, "code": None}
        return HTTPResponse(status, _JSON, to_json({"error": error}))

    @property
    def addresses(self) -> list[str]:
        """Every address, for people."""
        rows = {(address.path, address.method) for family in self.families for address in family.addresses}
        rows |= {(route.path, route.method) for _, route in self.routes.all()}
        return [f"{method} {path}" for path, method in sorted({*rows, ("/openapi.json", "GET"), ("/healthz", "GET")})]

    def _described(self) -> bytes:
        if self._description is None:
            from ._openapi import description

            found = description(self.families, self.routes, version("jackfield-gateway"))
            self._description = to_json(found)
        return self._description


def _rendered(board: Board | None, error: JackfieldError) -> HTTPResponse:
    """Render an error in the dialect; without one, in the plain envelope that most clients read."""
    if board is not None:
        return board.render_error(error)
    body = {"error": {"message": error.message, "type": type(error).__name__, "param": error.param, "code": error.code}}
    return HTTPResponse(status_of(error), _JSON, to_json(body))
