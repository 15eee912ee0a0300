"""IBM watsonx: its own addresses and members around chat completions; tokens that are bought from IAM with a key.

Source: ibm-watsonx-ai 1.8.1 (wheel), as the project's notes on wire formats have it; there is no recording of its chat.
"""

from __future__ import annotations

from collections.abc import Generator
from datetime import datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from jackfield import ChatRequest, Endpoint, HTTPRequest, Request, hookimpl
from jackfield.tokens import Tokens

if TYPE_CHECKING:
    from jackfield.hookspecs import AuthFlow

__all__ = ["authorize", "translate_request"]

_GRANT = "urn:ibm:params:oauth:grant-type:apikey"
_TOKENS = Tokens()


@hookimpl(wrapper=True)
def translate_request(request: Request, endpoint: Endpoint) -> Generator[Any, HTTPRequest | None, HTTPRequest | None]:
    """Ask `/text/chat` or its twin for streams, for a project or a space; a choice in words has a member of its own."""
    found = yield
    if found is None or not isinstance(request, ChatRequest):
        return found
    settings, body = endpoint.settings, found.body
    path = "chat_stream" if request.stream else "chat"
    query = urlencode({"version": settings.get("version", "")})
    found.url = f"{endpoint.base_url}/text/{path}?{query}"
    body["model_id"] = body.pop("model")
    for name in ("project_id", "space_id"):
        if value := settings.get(name):
            body.setdefault(name, value)
            break
    for name in ("stream", "stream_options"):
        body.pop(name, None)
    if isinstance(body.get("tool_choice"), str):
        body["tool_choice_option"] = body.pop("tool_choice")
    return found


@hookimpl
def authorize(http_request: HTTPRequest, endpoint: Endpoint, at: datetime) -> AuthFlow | None:
    """Buy a token with the key."""
    if endpoint.credential.kind != "ibm-iam":
        return None
    form = urlencode({"grant_type": _GRANT, "apikey": endpoint.credential.values["key"]})
    ask = HTTPRequest(
        "POST",
        f"{endpoint.settings['iam_url'].rstrip('/')}/identity/token",
        {"content-type": "application/x-www-form-urlencoded", "accept": "application/json"},
        form.encode(),
    )
    return _TOKENS.bearer(http_request, endpoint, ask, at, "look at WATSONX_API_KEY, a key of IBM Cloud's IAM")
