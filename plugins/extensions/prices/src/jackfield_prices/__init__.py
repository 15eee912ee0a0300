"""Prices of models that no catalog knows, from the package genai-prices: a layer below every catalog."""

from __future__ import annotations

from jackfield import Priced, hookimpl

from ._library import library
from ._refresh import refresh

__all__ = ["price_sheet", "refresh"]


@hookimpl(trylast=True)
def price_sheet(provider: str, model: str) -> Priced | None:
    """Answer where the catalogs do not."""
    return library().find(provider, model)
