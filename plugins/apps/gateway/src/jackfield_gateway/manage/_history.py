"""Requests, what they used and cost, and asking one of them again."""

from __future__ import annotations

import csv
import io
from datetime import datetime
from typing import Any, Literal, cast

from pydantic import Field, ValidationError

from jackfield import ChatRequest, ChatResponse, HTTPResponse, InvalidInput
from jackfield_gateway.state import Filter, Group, Requests, decimal

from ._people import Body, Id
from ._visit import Missing, Visit

_GROUPS = ("key_id", "project_id", "user", "route", "provider", "model")
_FILTERS = ("since", "until", "key_id", "user", "route", "provider", "model", "status", "failed", "sandboxed")


class Which(Body):
    """Which requests: all that is given holds. Times without a zone are UTC."""

    since: datetime | None = None
    until: datetime | None = None
    organisation_id: Id | None = None
    project_id: Id | None = None
    key_id: Id | None = None
    user: str | None = Field(default=None, max_length=500)
    route: str | None = Field(default=None, max_length=500)
    provider: str | None = Field(default=None, max_length=500)
    model: str | None = Field(default=None, max_length=500)
    status: int | None = Field(default=None, ge=0, le=999)
    failed: bool | None = None
    sandboxed: bool | None = None


class OfRequests(Which):
    """A page of requests, the newest first."""

    limit: int = Field(default=50, ge=1, le=1000)
    cursor: str | None = Field(default=None, max_length=200)


class OfUsage(Which):
    """Sums; `by` names what they are told apart by, with commas between."""

    by: str = Field(default="", max_length=200)
    period: Literal["day", "week", "month", "year"] | None = None
    format: Literal["json", "csv"] = "json"


async def requests(visit: Visit) -> Any:
    """List requests."""
    page = await Requests(visit.team.store).page(
        await _wanted(visit), limit=visit.query.limit, cursor=visit.query.cursor
    )
    return {"data": [_row(one) for one in page.rows], "next": page.next}


async def request(visit: Visit) -> Any:
    """Show one request; what was said in it, where it is kept, is for administrators."""
    found = await _one(visit)
    row = {**_row(found), "attempts": found.attempts, "content": found.content}
    if visit.identity.may("admin"):
        row |= {"asked": found.asked, "answered": found.answered}
    return row


async def replay(visit: Visit) -> Any:
    """Ask a chat that was kept whole once more, by this key and on its bill."""
    found = await _one(visit)
    if found.content != "full" or found.asked is None:
        what = "what was asked is not kept whole; set gateway.content to full for requests to come"
        raise InvalidInput(what, status=409)
    try:
        asked = ChatRequest.model_validate_json(found.asked)
    except ValidationError:
        raise InvalidInput("what was asked is no chat, which alone can be asked again", status=409) from None
    asker = visit.call.asker("manage__replay", found.user)
    answer = await visit.app.panel.chat(asker, asked.model_copy(update={"stream": None}))
    await visit.noted("request.replay", found.id)
    return {"replays": found.id, "response": _answer(answer)}


async def usage(visit: Visit) -> Any:
    """Add up requests, tokens and cost."""
    query = visit.query
    names = [name.strip() for name in query.by.split(",") if name.strip()]
    totals = await Requests(visit.team.store).totals(
        await _wanted(visit), by=cast("list[Group]", names), period=query.period
    )
    rows = [
        {
            **({"begins": None if one.begins is None else one.begins.date().isoformat()} if query.period else {}),
            **dict(zip(names, one.by, strict=True)),
            "requests": one.requests, "failed": one.failed, "unpriced": one.unpriced,
            "input_tokens": one.input_tokens, "output_tokens": one.output_tokens,
            "cached_tokens": one.cached_tokens, "reasoning_tokens": one.reasoning_tokens,
            "cost": format(decimal(one.cost), "f"), "currency": one.currency,
        }
        for one in totals
    ]  # fmt: skip
    return {"data": rows} if query.format == "json" else _csv(rows)


async def _wanted(visit: Visit) -> Filter:
    """Return the filter of a query, within what the caller may see: an administrator's organisation, else a project."""
    query = visit.query
    values: dict[str, Any] = {name: getattr(query, name) for name in _FILTERS}
    if not visit.identity.may("admin"):
        if query.project_id not in (None, visit.identity.project_id):
            raise Missing(f"project_id: there is no project {query.project_id[:100]!r}", status=404)
        return Filter(**values, project_id=visit.identity.project_id)
    project = None if query.project_id is None else (await visit.project(query.project_id)).id
    return Filter(**values, project_id=project, organisation_id=visit.organisation(query.organisation_id))


async def _one(visit: Visit) -> Any:
    request_id = visit.variables["id"]
    found = await Requests(visit.team.store).one(request_id)
    if found is not None and not visit.is_operator:
        if not visit.identity.may("admin"):
            found = found if found.project_id == visit.identity.project_id else None
        elif found.project_id is None:
            found = None
        else:
            await visit.project(found.project_id)
    if found is None:
        raise Missing(f"there is no request {request_id[:100]!r}", status=404, param="id")
    return found


def _row(one: Any) -> dict[str, Any]:
    return {
        "id": one.id, "started": one.started, "status": one.status, "route": one.route, "key_id": one.key_id,
        "project_id": one.project_id, "user": one.user, "user_agent": one.user_agent, "provider": one.provider,
        "model": one.model, "input_tokens": one.input_tokens, "output_tokens": one.output_tokens,
        "cached_tokens": one.cached_tokens, "reasoning_tokens": one.reasoning_tokens,
        "cost": None if one.cost is None else format(decimal(one.cost), "f"), "currency": one.currency,
        "first_delta_ms": one.first_delta_ms, "total_ms": one.total_ms, "sandboxed": one.sandboxed,
        "error_class": one.error_class,
    }  # fmt: skip


def _answer(answer: ChatResponse) -> dict[str, Any]:
    return {
        "provider": answer.provider, "model": answer.model, "text": answer.text,
        "tool_calls": [{"name": call.name, "arguments": call.arguments} for call in answer.tool_calls],
        "cost": None if answer.cost is None or answer.cost.total is None else str(answer.cost.total),
    }  # fmt: skip


def _csv(rows: list[dict[str, Any]]) -> HTTPResponse:
    """Write rows for a spreadsheet; a cell that would be taken for a formula is not one any more."""
    out = io.StringIO()
    if rows:
        writer = csv.DictWriter(out, list(rows[0]), lineterminator="\r\n")
        writer.writeheader()
        writer.writerows({name: _cell(value) for name, value in row.items()} for row in rows)
    headers = {"content-type": "text/csv; charset=utf-8", "content-disposition": 'attachment; filename="usage.csv"'}
    return HTTPResponse(200, headers, out.getvalue().encode("utf-8", "replace"))


def _cell(value: Any) -> Any:
    return f"'{value}" if isinstance(value, str) and value[:1] in ("=", "+", "-", "@", "\t", "\r") else value
