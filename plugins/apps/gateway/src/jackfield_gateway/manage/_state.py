"""The audit log, the configuration in force, and how the providers do."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from typing import Any

from pydantic import Field

from jackfield import JackfieldError
from jackfield.endpoints import has_credential
from jackfield_gateway.state import Audit

from ._people import OfOrganisation
from ._visit import Visit

_SECRET = re.compile(r"key|token|secret|password|authorization|credential|cookie", re.IGNORECASE)
_VALUE = re.compile(r"=[^&]*")
_HIDDEN = "***"


class OfAudit(OfOrganisation):
    """A page of the audit log, the newest first."""

    limit: int = Field(default=50, ge=1, le=1000)
    cursor: str | None = Field(default=None, max_length=200)


async def audit(visit: Visit) -> Any:
    """List who changed what."""
    query = visit.query
    rows, after = await Audit(visit.team.store).page(
        limit=query.limit, cursor=query.cursor, organisation_id=visit.organisation(query.organisation_id)
    )
    return {"data": rows, "next": after}


async def configuration(visit: Visit) -> Any:
    """Show the settings in force, and the configuration file's tables, without what is secret in them."""
    app = visit.app
    if not visit.is_operator:
        return {"settings": {"aliases": masked(app.settings.model_dump(mode="json")["aliases"])}}
    source = None if app.boards.source is None else app.boards.source.name
    settings = app.settings.model_dump(mode="json")
    return {"source": source, "settings": masked(settings), "file": masked(dict(app.boards.config))}


async def providers(visit: Visit) -> Any:
    """Show which providers can be asked, and how the last questions to them went in this process."""
    boards, healths, rows = visit.app.boards, visit.app.observation.healths.of, []
    for name in boards.providers():
        try:
            info = boards.info(name)
        except JackfieldError as error:
            rows.append({"name": name, "title": name, "is_set_up": False, "problem": error.message})
            continue
        overrides = visit.app.client.overrides(name)
        health = healths.get(name)
        rows.append(
            {
                "name": name,
                "title": info.title,
                "is_set_up": "transport" in overrides or has_credential(info, overrides, os.environ),
                "requests": 0 if health is None else health.requests,
                "failing": None if health is None else health.failing,
                "last_success": None if health is None else health.last_success,
                "last_failure": None if health is None else health.last_failure,
                "last_error": None if health is None else health.last_error,
            }
        )
    return {"data": rows}


def masked(value: Any, name: str = "") -> Any:
    """Return a value without secrets: what is named like one, headers, and passwords in URLs."""
    if isinstance(value, Mapping):
        hides = name == "headers"
        return {str(key): _HIDDEN if hides else masked(member, str(key)) for key, member in value.items()}
    if isinstance(value, list | tuple):
        return [masked(member, name) for member in value]
    if isinstance(value, str):
        return _HIDDEN if _SECRET.search(name) and not name.endswith("_file") else _url(value)
    return value


def _url(text: str) -> str:
    """Return a text without what a URL in it says of who asks: before the last @, and in its query."""
    scheme, mark, rest = text.partition("://")
    if not mark:
        return text
    place, question, query = rest.partition("?")
    if "@" in place:
        place = f"{_HIDDEN}@{place.rpartition('@')[2]}"
    return f"{scheme}://{place}{question}{_VALUE.sub(f'={_HIDDEN}', query)}"
