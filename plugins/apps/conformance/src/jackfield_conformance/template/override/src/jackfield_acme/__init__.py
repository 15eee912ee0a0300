"""Acme: its catalog, and what Acme alone writes so (https://acme.example/reference)."""

from collections.abc import Generator, Mapping
from dataclasses import replace
from typing import Any

from jackfield import ChatRequest, HTTPRequest, Request, Usage, hookimpl


@hookimpl(wrapper=True)
def translate_request(request: Request) -> Generator[None, HTTPRequest, HTTPRequest]:
    """Ask for the user's name as Acme calls it."""
    http_request = yield
    if isinstance(request, ChatRequest) and request.user is not None:
        http_request.body["end_user"] = {"name": http_request.body.pop("user")}
    return http_request


@hookimpl(wrapper=True)
def usage_items(raw: Mapping[str, Any]) -> Generator[None, Usage, Usage]:
    """Read what Acme counts beside the tokens of chat completions."""
    usage = yield
    cached = raw.get("tokens_from_cache")
    return usage if cached is None else replace(usage, counts={**usage.counts, "input.cache_read": cached})
