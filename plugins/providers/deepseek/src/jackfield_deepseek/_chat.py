"""An answer that goes on from a beginning is asked for at the beta address."""

from __future__ import annotations

from collections.abc import Generator
from typing import Any

from jackfield import ChatRequest, Endpoint, HTTPRequest, Request, hookimpl

__all__ = ["translate_request"]


@hookimpl(wrapper=True)
def translate_request(request: Request, endpoint: Endpoint) -> Generator[Any, HTTPRequest | None, HTTPRequest | None]:
    """Ask there; the address may be that already."""
    found = yield
    if found is not None and isinstance(request, ChatRequest) and request.goes_on:
        base = endpoint.base_url.removesuffix("/beta").removesuffix("/v1")
        found.url = f"{base}/beta{found.url.removeprefix(endpoint.base_url)}"
    return found
