"""The catalogs and genai-prices' list of the same providers: what is sold there has a price here."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest
from genai_prices.data_snapshot import get_snapshot

from jackfield import Boards
from jackfield_prices._adapt import clauses_of, rules_of

#: Our providers for theirs, where the names differ or two of ours are one of theirs.
OURS = {
    "aws": ("amazon",), "azure": ("microsoft",), "google": ("google", "vertex"), "moonshotai": ("moonshot",),
    "meta": ("meta-ai",), "x-ai": ("xai",),
}  # fmt: skip
#: What no API takes as a name, so that no catalog has it.
NO_NAMES = {
    "aws": (r"regional\.", "stands for any region's prefix; the catalog has each of them"),
    "openrouter": (r"[^/]+", "a model without its maker, as the list kept those that are gone"),
}
BOARDS = Boards(environ={"JACKFIELD_DISABLE": "prices,otel"})


def listed() -> Iterator[tuple[str, Any]]:
    """Give every model that has a price, with its provider."""
    for provider in get_snapshot().providers:
        for model in provider.models:
            if rules_of(model):
                yield provider.id, model


def is_known(providers: tuple[str, ...], model: Any) -> bool:
    """Tell whether a catalog has one of the names of a model."""
    names = [model.id.lower(), *(name for name in clauses_of(model.match) if not name.endswith("*"))]
    return any(BOARDS.info(provider).model(name).rung != "unknown" for provider in providers for name in names)


def test_every_model_of_the_list_is_in_a_catalog(capsys: pytest.CaptureFixture[str]) -> None:
    known = set(BOARDS.providers())
    missing, nameless, here = [], 0, 0
    for theirs, model in listed():
        ours = tuple(name for name in OURS.get(theirs, (theirs,)) if name in known)
        if not ours:
            continue
        here += 1
        if is_known(ours, model):
            continue
        pattern = NO_NAMES.get(theirs, ("(?!)", ""))[0]
        if re.match(pattern + ("$" if pattern.endswith("+") else ""), model.id):
            nameless += 1
        else:
            missing.append(f"{theirs}/{model.id}")
    with capsys.disabled():
        print(f"\ngenai-prices lists {here} models of our providers; {nameless} under what is no name of an API")
    assert here > 1000
    assert not missing
