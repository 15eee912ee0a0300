"""The ASGI application: finds who answers a request, lets callers in, and keeps what all of them share."""

from __future__ import annotations

import traceback
from collections.abc import Mapping
from decimal import Decimal
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

from pydantic_core import to_json

from jackfield import AsyncClient, Board, Boards, HTTPResponse, JackfieldError, PermissionDenied
from jackfield.errors import status_of
from jackfield.fetching import FetchLimits

from ._call import Call, Gone, Receive, Scope, Send
from ._dialects import Dialects
from ._door import Door, own_keys
from ._edge import Edge
from ._family import Family, Role, Table
from ._guard import Guard
from ._models import ModelRows
from ._observation import Observation
from ._panel import Panel
from ._records import Records
from ._retrieval import Retriever, find_retriever
from ._rounds import Rounds, rounds_here
from ._routes import Match, Routes
from ._settings import FIXED, Settings, read_settings
from ._written import waits
from .eden._family import EdenFamily
from .jamai._family import JamFamily

if TYPE_CHECKING:
    from ._team import Team

_JSON = {"content-type": "application/json"}
#: What is answered to anybody: whether the process lives, and whether it should be asked.
_OPEN = frozenset({"/healthz", "/readyz"})
_MORE = (("/", "GET"), ("/openapi.json", "GET"), ("/healthz", "GET"), ("/readyz", "GET"), ("/metrics", "GET"))


class GatewayApp:
    """Serves every installed dialect, and the APIs that it stands for, over the providers of a client.

    `providers` are the client's overrides, `key` what callers have to send (None: programs on this machine only, see
    `Door`). `settings` are what an operator sets; without them those of the boards' configuration. `records` keeps what
    was asked, `retriever` finds passages, `media` bounds what is fetched from addresses in messages, `credits` is what
    there is to spend, in US dollars. `team` has keys, budgets and history in a database, in the place of `key` and
    `records`.

    Raises:
        ConfigurationError: the configuration has settings that are wrong, or limits that need what is not installed.
    """

    def __init__(
        self,
        providers: Mapping[str, Mapping[str, Any]] | None = None,
        key: str | None = None,
        boards: Boards | None = None,
        transport: Any = None,
        records: Records | None = None,
        retriever: Retriever | None = None,
        media: FetchLimits | None = None,
        credits: Decimal | None = None,
        team: Team | None = None,
        settings: Settings | None = None,
    ) -> None:
        boards = Boards.of() if boards is None else boards
        self.settings = settings = read_settings(boards.config, {}) if settings is None else settings
        self.client = AsyncClient(
            providers=providers, boards=boards, transport=transport or settings.transport, retries=settings.retries,
            unsupported="record", media=True if media is None else media,
        )  # fmt: skip
        self.boards = boards
        self.routes = Routes(boards)
        retriever = retriever or find_retriever(boards.config.get("retrieval", {}))
        self.team = team
        self.panel = Panel(self.client, team or records, retriever, media, settings)
        self.panel.guard = self.guard = Guard(self.client, settings)
        self.observation = Observation(self)
        self.panel.observers.append(self.observation.ended)
        rows = ModelRows(boards)
        self.families: tuple[Family, ...] = (EdenFamily(self.panel, credits), JamFamily(self.panel, rows))
        if team is not None:
            from .manage import ManageFamily

            self.families = (ManageFamily(self), *self.families)
        self._table = Table(self.families)
        self._dialects = Dialects(self.panel, rows)
        self._key = key
        self._doors: dict[int, Door] = {}
        self._description: bytes | None = None
        #: Those of the loop that serves; None where nobody has said that it begins.
        self._rounds: Rounds | None = None
        #: Settings that win over those that are read again.
        self.overrides: Mapping[str, Any] = {}
        #: Providers that the sandbox stands in for.
        self.sandboxed: Mapping[str, Any] = {}
        self._take(settings)

    def _take(self, settings: Settings) -> None:
        self.settings = settings
        self.edge = Edge(settings)
        self._doors.clear()
        self.panel.use(settings)
        self.observation.use(settings)
        if self.team is not None:
            self.team.use(settings)

    def reload(self, environ: Mapping[str, str]) -> list[str]:
        """Read the configuration again, all of it or nothing; return the settings that take a restart to change.

        Raises:
            ConfigurationError: it is wrong; what is in force stays in force.
        """
        read: list[Settings] = []
        self.observation.count()
        self.boards.reload(lambda config: read.append(read_settings(config, environ)))
        found, now = read[0].model_copy(update=self.overrides), self.settings
        changed = [name for name in sorted(FIXED) if getattr(found, name) != getattr(now, name)]
        self._take(found.model_copy(update={name: getattr(now, name) for name in FIXED}))
        return changed

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one ASGI connection."""
        if scope["type"] == "lifespan":
            await self._lifespan(receive, send)
        elif scope["type"] == "http":
            call = Call(scope, receive, send, self.settings.max_body, self._rounds)
            try:
                if self.edge.origins and (answer := self.edge.preflight(call)) is not None:
                    await call.reply(answer)
                else:
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
                    await self._open()
                except JackfieldError as error:
                    await send({"type": "lifespan.startup.failed", "message": str(error)})
                    return
                await send({"type": "lifespan.startup.complete"})
            else:
                await self._close()
                await send({"type": "lifespan.shutdown.complete"})
                return

    async def _open(self) -> None:
        self._rounds = rounds_here()
        if self.team is not None:
            await self.team.open(self.settings)
            self.guard.ledger, self.panel.lending = self.team.ledger, self.team.lending
        self.observation.is_ready = True

    async def _close(self) -> None:
        self._rounds = None
        self.observation.is_ready = False
        await self.client.close()
        await self.guard.close()
        if self.team is not None:
            await self.team.close()

    async def _http(self, call: Call) -> None:
        if (found := self._table.find(call.method, call.path)) is not None:
            family, address, variables = found
            refusal = await self._refusal(call, "authorization")
            if refusal is None and address.role is not None:
                refusal = _below(call, address.role)
            if refusal is not None:
                await call.reply(family.refused(refusal, call), waits(refusal))
            else:
                await address.answer(call, variables)
        elif (match := self.routes.find(call.method, call.path, call.headers)) is not None:
            await self._in_dialect(call, match)
        else:
            refusal = None if call.path in _OPEN else await self._refusal(call, "authorization")
            await call.reply(await self._nowhere(call) if refusal is None else self._refused(call, refusal))

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
        if self.team is not None:
            refusal = await self.team.refusal(call, key_header)
        else:
            if (door := self._doors.get(call.port)) is None:
                door = self._doors[call.port] = Door(self._key, call.port, self.edge.allows)
            call.key = "local" if self._key is None else "gateway"
            refusal = door.refusal(call.method, call.headers, key_header)
        if refusal is None and self.settings.byok:
            try:
                call.own = own_keys(call.headers, self.boards)
            except JackfieldError as error:
                return error
        return refusal

    def _refused(self, call: Call, refusal: JackfieldError) -> HTTPResponse:
        family = self._table.family(call.path)
        return _rendered(None, refusal) if family is None else family.refused(refusal, call)

    async def _nowhere(self, call: Call) -> HTTPResponse:
        """Answer what no API has an address for."""
        reads = call.method in ("GET", "HEAD")
        if reads and call.path == "/":
            lines = ["Jackfield gateway", "", *self.addresses, "", f"providers: {', '.join(self.boards.providers())}"]
            return HTTPResponse(200, {"content-type": "text/plain; charset=utf-8"}, "\n".join([*lines, ""]).encode())
        if reads and (answer := await self.observation.answer(call)) is not None:
            return answer
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
        return [f"{method} {path}" for path, method in sorted({*rows, *_MORE})]

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


def _below(call: Call, role: Role) -> JackfieldError | None:
    """Return why a caller may not ask what takes a role; without a team, everybody who comes in may."""
    if call.identity is None or call.identity.may(role):
        return None
    return PermissionDenied(
        f"this takes the role {role}; the key {call.identity.name!r} has {call.identity.role}", status=403
    )
