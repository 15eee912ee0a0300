"""The addresses of the management API. Each has the least role that it takes; what changes something is audited."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, TypeAlias
from urllib.parse import parse_qsl

from pydantic import BaseModel, ValidationError
from pydantic_core import from_json, to_json

from jackfield import HTTPResponse, InvalidInput, InvalidRequestError, JackfieldError
from jackfield.errors import status_of
from jackfield_gateway._call import Call
from jackfield_gateway._family import Address, Doc, Role
from jackfield_gateway._written import waits

from . import _history as history
from . import _money as money
from . import _people as people
from . import _state as state
from ._visit import Visit

if TYPE_CHECKING:
    from jackfield_gateway._app import GatewayApp

Handler: TypeAlias = Callable[[Visit], Awaitable[Any]]
_JSON = {"content-type": "application/json"}
_OBJECT = {"type": "object"}
_LIST = {"type": "object", "properties": {"data": {"type": "array"}}, "required": ["data"]}
_ERROR = {
    "type": "object",
    "properties": {"error": {"type": "object", "required": ["message", "type"]}},
    "required": ["error"],
}
_ID = {"id": {"type": "string", "pattern": "^[0-9a-f]{32}$"}}
_REFUSED = (400, 401, 403, 404, 408, 409, 413, 415, 503)
#: What asking a provider again may end in, too.
_FAILED = (402, 422, 429, 500, 501, 502, 504)


class ManageFamily:
    """The management API, for gateways with a team."""

    prefix = "/api/manage/"

    def __init__(self, app: GatewayApp) -> None:
        self._app = app
        add = self._address
        self.addresses: Sequence[Address] = (
            add("GET", "me", "viewer", "Who the key is", people.me),
            add("GET", "organisations", "admin", "List organisations", people.organisations),
            add("POST", "organisations", "admin", "Make an organisation", people.add_organisation,
                people.NewOrganisation),
            add("GET", "projects", "admin", "List projects", people.projects, query=people.OfOrganisation),
            add("POST", "projects", "admin", "Make a project", people.add_project, people.NewProject),
            add("GET", "users", "admin", "List users", people.users, query=people.OfOrganisation),
            add("POST", "users", "admin", "Make a user", people.add_user, people.NewUser),
            add("PATCH", "users/{id}", "admin", "Change a user", people.change_user, people.ChangedUser),
            add("GET", "keys", "admin", "List keys", people.keys, query=people.OfKeys),
            add("POST", "keys", "admin", "Issue a key", people.add_key, people.NewKey),
            add("POST", "keys/{id}/revoke", "admin", "Revoke a key", people.revoke_key),
            add("POST", "keys/{id}/rotate", "admin", "Rotate a key", people.rotate_key, people.Rotation),
            add("GET", "budgets", "viewer", "List budgets", money.budgets, query=money.OfBudgets),
            add("PUT", "budgets", "admin", "Set a budget", money.set_budget, money.SetBudget),
            add("DELETE", "budgets/{id}", "admin", "Remove a budget", money.remove_budget),
            add("GET", "credentials", "admin", "List credentials", money.credentials, query=money.OfCredentials),
            add("PUT", "credentials", "admin", "Seal a credential", money.put_credential, money.PutCredential),
            add("DELETE", "credentials", "admin", "Remove a credential", money.remove_credential,
                query=money.OneCredential),
            add("GET", "requests", "viewer", "List requests", history.requests, query=history.OfRequests),
            add("GET", "requests/{id}", "viewer", "Show a request", history.request),
            add("POST", "requests/{id}/replay", "admin", "Ask a request again", history.replay),
            add("GET", "usage", "viewer", "Add up usage and cost", history.usage, query=history.OfUsage),
            add("GET", "audit", "admin", "List changes", state.audit, query=state.OfAudit),
            add("GET", "configuration", "admin", "Show the configuration", state.configuration),
            add("GET", "providers", "viewer", "Show the health of providers", state.providers),
        )  # fmt: skip

    def refused(self, error: JackfieldError, call: Call) -> HTTPResponse:
        """Render why a caller may not come in."""
        return _rendered(error)

    def failed(self, error: JackfieldError, call: Call) -> HTTPResponse:
        """Render an error that is the whole answer."""
        return _rendered(error)

    def nowhere(self, call: Call, methods: Sequence[str]) -> HTTPResponse:
        """Render that nothing is there."""
        if methods:
            what = f"{call.path} takes {' and '.join(methods)}, not {call.method}"
            return _rendered(InvalidRequestError(what, status=405))
        return _rendered(InvalidRequestError(f"nothing is at {call.path:.200}; GET / lists what there is", status=404))

    def _address(
        self, method: str, path: str, role: Role, summary: str, handler: Handler,
        takes: type[BaseModel] | None = None, query: type[BaseModel] | None = None,
    ) -> Address:  # fmt: skip
        changes = method != "GET" and handler is not history.replay  # that one waits for a provider

        async def answer(call: Call, variables: Mapping[str, str]) -> None:
            visit = Visit(self._app, call, variables)
            try:
                if query is not None:
                    visit.query = _read(query, dict(parse_qsl(call.query, keep_blank_values=True)))
                if takes is not None:
                    visit.body = _read(takes, await _json(call))
                found = await (_changed(visit, handler) if changes else handler(visit))
            except JackfieldError as error:
                await call.reply(_rendered(error), waits(error))
                return
            if not isinstance(found, HTTPResponse):
                found = HTTPResponse(200, dict(_JSON), to_json(found))
            await call.reply(found, [(b"cache-control", b"no-store")])

        good = _LIST if method == "GET" and query is not None else _OBJECT
        statuses = (*_REFUSED, *_FAILED) if path.endswith("replay") else _REFUSED
        gives = {200: good, **dict.fromkeys(statuses, _ERROR)}
        kinds = ("application/json", "text/csv") if path == "usage" else ("application/json",)
        doc = Doc(summary, gives, takes, None, query, _ID if "{id}" in path else {}, kinds)
        return Address(method, f"{self.prefix}{path}", answer, doc, role)


async def _changed(visit: Visit, handler: Handler) -> Any:
    """Change something and write it into the audit log: both, or neither."""
    async with visit.team.store.together():
        found = await handler(visit)
    for done in visit.after:
        done()
    return found


async def _json(call: Call) -> object:
    if call.content_type != "application/json":
        what = f"content-type: application/json is taken, not {call.content_type!r:.60}"
        raise InvalidRequestError(what, status=415)
    body = await call.body()
    try:
        return from_json(body)
    except ValueError as error:
        raise InvalidInput(f"the body is not JSON: {error}") from None


def _read(kind: type[BaseModel], given: object) -> BaseModel:
    """Check what was sent; what is wrong is named, and never shown."""
    try:
        return kind.model_validate(given, strict=False)
    except ValidationError as error:
        row = error.errors(include_url=False, include_input=False, include_context=False)[0]
        place = ".".join(str(step)[:100] for step in row["loc"]) or "body"
        known = ", ".join(kind.model_fields)
        reason = f"nothing has this name; there are {known}" if row["type"] == "extra_forbidden" else row["msg"]
        raise InvalidInput(f"{place}: {reason[:1].lower()}{reason[1:]}", param=place) from None


def _rendered(error: JackfieldError) -> HTTPResponse:
    kind = type(error).__name__
    body = {"error": {"message": error.message, "type": kind, "param": error.param, "code": error.code}}
    return HTTPResponse(status_of(error), dict(_JSON), to_json(body))
