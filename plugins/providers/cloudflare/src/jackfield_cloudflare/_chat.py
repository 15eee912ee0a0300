"""Cloudflare's own `run` beside the compatible address: its answers are wrapped.

Recorded: cloudflare/run and cloudflare/chat-completions.
"""

from __future__ import annotations

from collections.abc import Generator
from typing import Any
from urllib.parse import quote

from pydantic_core import to_json

from jackfield import ChatRequest, Endpoint, HTTPRequest, Request, hookimpl
from jackfield_dialect_openai.chat import variant

__all__ = ["normalize_response", "stream_decoder", "translate_request"]


@hookimpl(wrapper=True)
def translate_request(request: Request, endpoint: Endpoint) -> Generator[Any, HTTPRequest | None, HTTPRequest | None]:
    """Ask `run` for a model under the model's own address."""
    found = yield
    if found is not None and isinstance(request, ChatRequest) and endpoint.base_url.endswith("/run"):
        found.url = f"{endpoint.base_url}/{quote(found.body.pop('model'), safe='@/')}"
        found.body.pop("stream_options", None)
    return found


def _amend(body: dict[str, Any]) -> None:
    """Bring an answer of `run`, or a piece of one, to the form of chat completions."""
    if errors := body.get("errors"):
        body["error"] = errors[0]
    result = body.get("result", body)
    if not isinstance(result, dict):
        return
    if "choices" in result:  # a chat completion in an envelope
        body |= result
    if "choices" in body or result.keys().isdisjoint(("response", "tool_calls")):
        return
    said = result.get("response")
    content = said if said is None or isinstance(said, str) else to_json(said).decode()
    calls = [call if "function" in call else {"function": call} for call in result.get("tool_calls") or ()]
    body["choices"] = [{"index": 0, "message": {"content": content, "tool_calls": calls}}]
    body.setdefault("usage", result.get("usage"))


normalize_response, stream_decoder = variant(_amend)
