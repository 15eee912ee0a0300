"""`jackfield models`: what the catalogs know of models, and what these cost today."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from fnmatch import fnmatchcase
from typing import Any

from jackfield import Boards, ModelInfo, ProviderInfo

from ._failures import lines_of
from ._prices import price, rates_of, shown
from ._setup import open_boards
from ._tables import show_json, show_table

_HEADINGS = ("model", "context", "max output", "input", "cached", "output", "capabilities")
UNKNOWN = "unknown"


def show_models(pattern: str | None, provider: str | None, as_json: bool) -> int:
    """Print a row for every model that a pattern names, of one provider or of all."""
    boards = open_boards()
    at = datetime.now(UTC)
    rows = [row for info in _infos(boards, provider) for row in _rows(info, pattern, at)]
    if as_json:
        show_json(rows)
    elif rows:
        show_table(_HEADINGS, [_cells(row) for row in rows])
    else:
        sys.stderr.write("no model of an installed catalog has such a name\n")
    return 0


def names_match(pattern: str | None, *names: str) -> bool:
    """Tell whether a pattern (`*`, `?`, `[...]`) or a part of a name fits one of the names."""
    if pattern is None:
        return True
    wanted = pattern.lower()
    if any(mark in wanted for mark in "*?["):
        return any(fnmatchcase(name.lower(), wanted) for name in names)
    return any(wanted in name.lower() for name in names)


def _infos(boards: Boards, provider: str | None) -> Iterator[ProviderInfo]:
    """Give the catalogs; one that cannot be read is named, unless it is the only one that is asked for."""
    if provider is not None:
        yield boards.info(provider)
        return
    for name in boards.providers():
        try:
            yield boards.info(name)
        except Exception as error:
            sys.stderr.write(f"{name}: {lines_of(error)[0]}\n")


def _rows(info: ProviderInfo, pattern: str | None, at: datetime) -> Iterator[dict[str, Any]]:
    for name in info.model_names():
        try:
            model = info.model(name)
            if names_match(pattern, f"{info.name}/{name}", name, *model.aliases):
                yield _row(model, at)
        except Exception as error:  # any third party's data; one model that is broken hides no other
            sys.stderr.write(f"{info.name}/{name}: {lines_of(error)[0]}\n")


def _row(model: ModelInfo, at: datetime) -> dict[str, Any]:
    rates = rates_of(model, at)
    return {
        "model": f"{model.provider}/{model.id}",
        "aliases": list(model.aliases),
        "dialect": model.dialect,
        "operations": list(model.operations),
        "context": model.context,
        "max_output": model.max_output,
        "capabilities": sorted(model.capabilities) if model.capabilities is not None else None,
        "input": price(rates, "input"),
        "cached": price(rates, "input.cache_read"),
        "output": price(rates, "output"),
        "rates": {selector: shown(rate) for selector, rate in rates.items()},
        "currency": "USD",
        "deprecated": model.deprecated,
        "retired": model.retired,
        "successor": model.successor,
        "source": model.source,
        "checked": model.checked,
    }


def _cells(row: dict[str, Any]) -> list[str]:
    sizes = [str(row[name] or UNKNOWN) for name in ("context", "max_output")]
    into = row["input"] or UNKNOWN
    cached = row["cached"] or ("" if row["input"] else UNKNOWN)
    out = row["output"] or UNKNOWN
    capabilities = UNKNOWN if row["capabilities"] is None else ", ".join(row["capabilities"])
    if end := _end(row, datetime.now(UTC).date().isoformat()):
        capabilities = end + (f"; {capabilities}" if capabilities else "")
    return [row["model"], *sizes, into, cached, out, capabilities]


def _end(row: dict[str, Any], today: str) -> str:
    """Say when a model ends, or that its provider advises against it."""
    if row["retired"]:
        return f"{'retired' if row['retired'] <= today else 'retires'} {row['retired']}"
    if row["deprecated"]:
        return f"deprecated {'since' if row['deprecated'] <= today else 'from'} {row['deprecated']}"
    return ""
