"""`info/provider_subfeatures`: which providers there are for each feature, with their models and the price tables."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import parse_qsl

from pydantic_core import to_json

from jackfield import HTTPResponse, JackfieldError
from jackfield_gateway._call import Call
from jackfield_gateway._panel import Panel
from jackfield_gateway._price_lists import price_list

from ._refusals import checked
from ._requests import Body
from ._targets import LISTS, names

#: The features that are served here, and their names in the API.
FEATURES: Mapping[str, tuple[str, str, str]] = {
    "multimodal": ("multimodal", "chat", "Multimodal chat"),
    "text": ("text", "chat", "Chat"),
    "llm": ("llm", "chat", "LLM chat"),
}


class CatalogQuery(Body):
    """The query: every member narrows the list."""

    feature__name: str | None = None
    subfeature__name: str | None = None
    provider__name: str | None = None
    phase__name: str | None = None
    language: str | None = None
    gender: str | None = None
    is_working: bool | None = None


class Catalog:
    """Answers it."""

    def __init__(self, panel: Panel) -> None:
        self._boards = panel.boards

    async def answer(self, call: Call, _: Mapping[str, str]) -> None:
        """Answer `info/provider_subfeatures`."""
        query = checked(CatalogQuery, dict(parse_qsl(call.query)))
        rows = [row for row in self._rows(query) if query.is_working in (None, row["is_working"])]
        await call.reply(HTTPResponse(200, {"content-type": "application/json"}, to_json(rows)))

    def _rows(self, query: CatalogQuery) -> Iterator[dict[str, Any]]:
        for key, (feature, subfeature, title) in FEATURES.items():
            if query.feature__name not in (None, feature) or query.subfeature__name not in (None, subfeature):
                continue
            found = price_list(LISTS[key])
            for provider in dict.fromkeys([*found.defaults, *(row["provider"] for row in found.rows)]):
                if query.provider__name in (None, provider):
                    yield self._row(key, feature, subfeature, title, provider)

    def _row(self, key: str, feature: str, subfeature: str, title: str, provider: str) -> dict[str, Any]:
        found = price_list(LISTS[key])
        rows = [row for row in found.rows if row["provider"] == provider]
        default = found.defaults.get(provider)
        fullname, is_here = self._title(provider)
        return {
            "name": f"{provider} {subfeature}",
            "provider": {"name": provider, "fullname": fullname, "description": None},
            "feature": {"name": feature, "fullname": feature.capitalize(), "description": None},
            "subfeature": {"name": subfeature, "fullname": title, "description": None},
            "phase": "",
            "is_working": is_here,
            "description_title": None,
            "description_content": None,
            "version": rows[0]["version"] if rows else "",
            "pricings": [_pricing(row) for row in rows],
            "models": {
                "models": [row["model"] for row in rows if row["model"] != "-"],
                "default_model": default,
            },
            "languages": [],
            "constraints": {},
            "llm_details": {},
            "tts_models": {},
            "regions": [],
        }

    def _title(self, provider: str) -> tuple[str, bool]:
        """Return a provider's name for people, and whether it can be asked here at all."""
        other = names()["providers"].get(provider)
        try:
            resolved, _ = self._boards.resolve(f"{other['provider'] if other else provider}/-")
            return self._boards.info(resolved).title if other is None else provider.capitalize(), True
        except JackfieldError:
            return provider, False


def _pricing(row: Mapping[str, Any]) -> dict[str, Any]:
    """Write a price: for a million tokens, billed by the single one."""
    return {
        "model_name": "default" if row["model"] == "-" else row["model"],
        "price": row["price"],
        "price_unit_quantity": 1_000_000,
        "min_price_quantity": 1,
        "price_unit_type": "token",
        "detail_type": None,
        "detail_value": None,
        "get_detail_type_display": "",
        "is_post_call": True,
    }
