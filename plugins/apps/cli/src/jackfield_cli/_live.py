"""`jackfield models --live`: what a provider itself says that it serves."""

from __future__ import annotations

from datetime import UTC, datetime

from jackfield import Client, ListedModel

from ._models import names_match
from ._setup import open_boards
from ._tables import show_json, show_table


def show_live_models(provider: str, pattern: str | None, as_json: bool) -> int:
    """Ask a provider for its models and print those that a pattern names."""
    with Client(boards=open_boards()) as client:
        info = client.boards.info(provider)
        listed = client.models(provider).models
    found = [model for model in listed if names_match(pattern, f"{provider}/{model.id}", model.id)]
    rungs = {model.id: info.model(model.id).rung for model in found}
    if as_json:
        show_json([{**model.model_dump(mode="json"), "catalog": rungs[model.id]} for model in found])
    else:
        rows = [(f"{provider}/{model.id}", _day(model), model.owner or "", rungs[model.id]) for model in found]
        show_table(("model", "created", "owner", "in the catalog"), rows)
    return 0


def _day(model: ListedModel) -> str:
    return "" if model.created is None else datetime.fromtimestamp(model.created, UTC).strftime("%Y-%m-%d")
