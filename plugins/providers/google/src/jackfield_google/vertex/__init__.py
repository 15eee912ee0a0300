"""Google's Vertex AI: Gemini under a project's own address, Claude behind `rawPredict`; tokens from google-auth.

Claude's body has its version inside and its model in the address (recorded, google/messages).
"""

from __future__ import annotations

from collections.abc import Generator
from typing import Any
from urllib.parse import quote

from jackfield import ChatRequest, Endpoint, HTTPRequest, Request, TokenCountRequest, hookimpl

from ._tokens import signed

__all__ = ["authorize", "translate_request"]

VERSION = "vertex-2023-10-16"


@hookimpl(wrapper=True)
def translate_request(request: Request, endpoint: Endpoint) -> Generator[Any, HTTPRequest | None, HTTPRequest | None]:
    """Ask for Claude under its own address, and for counts in Vertex's form."""
    found = yield
    if found is not None and endpoint.dialect == "gemini" and isinstance(request, TokenCountRequest):
        # what is counted stands in the body itself there (recorded, google/count-tokens)
        (whole,), found.within = found.within, ()
        found.body = {name: value for name, value in found.body[whole].items() if name != "model"}
    if found is None or endpoint.dialect != "anthropic-messages":
        return found
    if isinstance(request, TokenCountRequest):
        # the model stays in the body there (anthropic 2.11.0, lib/vertex)
        found.url = f"{endpoint.base_url}/models/count-tokens:rawPredict"
        found.body["anthropic_version"] = VERSION
        del found.headers["anthropic-version"]
        return found
    if not isinstance(request, ChatRequest):
        return found
    verb = "streamRawPredict" if request.stream else "rawPredict"
    found.url = f"{endpoint.base_url}/models/{quote(found.body.pop('model'), safe='@')}:{verb}"
    found.body["anthropic_version"] = VERSION
    del found.headers["anthropic-version"]
    return found


@hookimpl
def authorize(http_request: HTTPRequest, endpoint: Endpoint) -> Generator[Any, Any, HTTPRequest] | None:
    """Send a token of google-auth's, where a file of credentials was named."""
    return signed(http_request, endpoint.credential) if endpoint.credential.kind == "google-auth" else None
