"""`models` and `models/ids`: what the catalogs know, in the API's words."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qs

from pydantic_core import to_json

from jackfield import HTTPResponse
from jackfield_gateway._call import Call
from jackfield_gateway._models import ModelRows, Row

from ._errors import rendered

_CAPABILITIES = ("completion", "chat", "tool", "image", "audio", "document", "embed", "rerank", "reasoning")
_CONTEXT = 4096  # what the API says where nothing is known
_DAY = "2026-01-01"


class JamModels:
    """Answers both."""

    def __init__(self, rows: ModelRows) -> None:
        self._rows = rows

    async def models(self, call: Call, _: Mapping[str, str]) -> None:
        """Answer `models`."""
        query = parse_qs(call.query)
        if (wanted := await self._wanted(call, query)) is not None:
            model = query.get("model", [""])[0]
            found = [_info(row) for row in await self._rows.all() if model in ("", row.id) and _suits(row, wanted)]
            await _send(call, {"object": "models.info", "data": found})

    async def ids(self, call: Call, _: Mapping[str, str]) -> None:
        """Answer `models/ids`; the one that is preferred comes first."""
        query = parse_qs(call.query)
        if (wanted := await self._wanted(call, query)) is not None:
            found = [row.id for row in await self._rows.all() if _suits(row, wanted)]
            prefer = query.get("prefer", [""])[0]
            await _send(call, sorted(found, key=lambda name: (name != prefer, name)))

    async def _wanted(self, call: Call, query: Mapping[str, list[str]]) -> list[str] | None:
        """Return the capabilities that are asked for; None where one is unknown, and that has been said."""
        wanted = query.get("capabilities", [])
        if unknown := [name for name in wanted if name not in _CAPABILITIES]:
            message = f"capabilities: {unknown[0]!r:.60} is none of {', '.join(_CAPABILITIES)}"
            await call.reply(rendered(call, "validation_error", message, 422, "RequestValidationError"))
            return None
        return wanted


async def _send(call: Call, body: Any) -> None:
    headers = {"content-type": "application/json", "x-request-id": call.request_id}
    await call.reply(HTTPResponse(200, headers, to_json(body)))


def _capabilities(row: Row) -> list[str]:
    known = ["chat"]
    known += ["tool"] if "tools" in row.capabilities else []
    known += [kind for kind in ("image", "audio", "document") if kind in row.media]
    known += ["reasoning"] if "reasoning" in row.capabilities else []
    return known


def _suits(row: Row, wanted: list[str]) -> bool:
    return set(wanted) <= {*_capabilities(row)}


def _info(row: Row) -> dict[str, Any]:
    stamp = f"{row.checked or _DAY}T00:00:00Z"
    return {
        "id": row.id,
        "type": "llm",
        "name": row.id.partition("/")[2],
        "owned_by": row.title,
        "capabilities": [name for name in _capabilities(row) if name != "document"],
        "context_length": row.context or _CONTEXT,
        "languages": ["en"],
        "max_output_tokens": row.max_output,
        "created_at": stamp,
        "updated_at": stamp,
    }
