"""`cost_management`: what was spent over time, by key, day, feature and provider, of what the records hold."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from typing import Any, ClassVar
from urllib.parse import parse_qsl
from uuid import UUID

from pydantic import ConfigDict, Field
from pydantic_core import to_json

from jackfield import HTTPResponse
from jackfield_gateway._call import Call
from jackfield_gateway._panel import Panel
from jackfield_gateway._records import Spent
from jackfield_gateway.state.clock import Period

from ._refusals import Refused, checked
from ._requests import Body, Name

#: What the steps of the API are.
_PERIODS: tuple[Period, ...] = ("day", "week", "month", "year")
_JSON = {"content-type": "application/json"}


class CostQuery(Body):
    """The query. `step` is 1 for days, 2 for weeks, 3 for months, 4 for years."""

    model_config = ConfigDict(extra="forbid")
    nullable: ClassVar[frozenset[str]] = frozenset()

    begin: date
    end: date
    step: int = Field(ge=1, le=4)
    provider: Name | None = Field(default=None, max_length=200)
    subfeature: Name | None = Field(default=None, max_length=200)
    feature: Name | None = Field(default=None, max_length=200)
    phase: Name | None = Field(default=None, max_length=200)
    token: Name | None = None
    user: Name | None = None
    group_by: Name | None = None
    workflow_id: UUID | None = None
    rag_project_id: UUID | None = None


class Costs:
    """Answers both addresses; `credits` is what there was to spend, None where nothing limits it."""

    def __init__(self, panel: Panel, credits: Decimal | None = None) -> None:
        self._panel = panel
        self._credits = credits

    async def spent(self, call: Call, _: Mapping[str, str]) -> None:
        """Answer `cost_management`."""
        query = checked(CostQuery, dict(parse_qsl(call.query, keep_blank_values=True)))
        if query.end < query.begin:
            raise Refused.of("end", "Ensure that end is not before begin.")
        if query.group_by not in (None, "user"):
            raise Refused.of("group_by", f'"{query.group_by}" is not a valid choice.')
        project = None if call.sees_all else call.project
        found: dict[str, dict[str, dict[str, dict[str, Any]]]] = {}
        for entry in await self._panel.records.spent(query.begin, query.end, _PERIODS[query.step - 1], project):
            if _wanted(entry, query):
                who = (entry.user or "") if query.group_by == "user" else entry.key
                period = entry.begins.isoformat()
                row = found.setdefault(who, {}).setdefault(period, {}).setdefault(
                    entry.route, {"total_cost": 0.0, "details": 0, "cost_per_provider": {}}
                )  # fmt: skip
                cost = float(entry.cost)
                row["total_cost"] += cost
                row["details"] += entry.count
                row["cost_per_provider"][entry.provider] = row["cost_per_provider"].get(entry.provider, 0.0) + cost
        label = "user" if query.group_by == "user" else "token"
        rows = [{"token": who, **({label: who}), "data": dict(sorted(data.items()))} for who, data in found.items()]
        await call.reply(HTTPResponse(200, dict(_JSON), to_json({"response": rows})))

    async def left(self, call: Call, _: Mapping[str, str]) -> None:
        """Answer `cost_management/credits`."""
        left: float | None = None
        if self._credits is not None and call.sees_all:
            rows = await self._panel.records.spent(date(1970, 1, 1), date(9999, 12, 30), "year")
            left = float(self._credits - sum((row.cost for row in rows), Decimal(0)))
        await call.reply(HTTPResponse(200, dict(_JSON), to_json({"credits": left})))


def _wanted(entry: Spent, query: CostQuery) -> bool:
    feature, _, subfeature = entry.route.partition("__")
    if query.workflow_id is not None or query.rag_project_id is not None or query.phase is not None:
        return False  # nothing here belongs to one
    return (
        query.provider in (None, entry.provider)
        and query.subfeature in (None, entry.route, subfeature)
        and query.feature in (None, feature)
        and query.token in (None, entry.key)
        and query.user in (None, entry.user)
    )
