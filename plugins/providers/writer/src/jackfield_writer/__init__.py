"""Writer: its catalog, and the address of its chat, which has another name than the format's (recorded)."""

from __future__ import annotations

from collections.abc import Generator
from typing import Any

from jackfield import HTTPRequest, hookimpl

__all__ = ["translate_request"]


@hookimpl(wrapper=True)
def translate_request() -> Generator[Any, HTTPRequest | None, HTTPRequest | None]:
    """Ask `/chat`."""
    found = yield
    if found is not None and found.url.endswith("/chat/completions"):
        found.url = found.url.removesuffix("/completions")
    return found
