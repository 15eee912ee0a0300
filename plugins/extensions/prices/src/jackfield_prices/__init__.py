"""Prices of models that no catalog knows, from the package genai-prices: a layer below every catalog."""

from __future__ import annotations

from collections.abc import Generator
from typing import Any

from jackfield import Priced, hookimpl

from ._library import library
from ._refresh import refresh

__all__ = ["price_sheet", "refresh"]


@hookimpl(wrapper=True)
def price_sheet(provider: str, model: str) -> Generator[Any, Priced | None, Priced | None]:
    """Answer where the catalogs do not."""
    found = yield
    return found if found is not None else library().find(provider, model)
