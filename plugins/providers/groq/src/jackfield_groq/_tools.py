"""Tools that Groq runs, as requests ask for them.

Compound systems are told in a member of their own which of their tools to use
(https://console.groq.com/docs/compound/built-in-tools), other models find theirs among the tools
(https://console.groq.com/docs/tool-use/built-in-tools); both read 2026-11-20.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from jackfield import ChatRequest, Endpoint, HostedTool, HTTPRequest, NativeTool, Request, UnsupportedFeature, hookimpl
from jackfield.messages import ToolKind
from jackfield_dialect_openai import chat

_COMPOUND = ("groq/compound", "compound-beta")
_ENABLED: Mapping[ToolKind, str] = {
    "web_search": "web_search", "web_fetch": "visit_website", "code": "code_interpreter",
}  # fmt: skip
_BUILT_IN: Mapping[ToolKind, str] = {"web_search": "browser_search", "code": "code_interpreter"}


@hookimpl
def translate_request(request: Request, endpoint: Endpoint) -> HTTPRequest | None:
    """Write tools that Groq runs in the form of the model; any other request is the dialect's own."""
    if not isinstance(request, ChatRequest):
        return None
    tools = request.tools or ()
    hosted = [tool for tool in tools if isinstance(tool, HostedTool)]
    if not hosted:
        return None
    if request.model.startswith(_COMPOUND):
        rest = tuple(tool for tool in tools if not isinstance(tool, HostedTool))
        found = _translated(request.model_copy(update={"tools": rest or None}), endpoint)
        options = {name: value for tool in hosted for name, value in tool.options.items()}
        enabled = [_named(tool, _ENABLED) for tool in hosted]
        found.body["compound_custom"] = {"tools": {"enabled_tools": enabled, **options}}
        return found
    written = tuple(_built_in(tool) if isinstance(tool, HostedTool) else tool for tool in tools)
    return _translated(request.model_copy(update={"tools": written}), endpoint)


def _translated(request: ChatRequest, endpoint: Endpoint) -> HTTPRequest:
    found: HTTPRequest | None = chat.translate_request(request, endpoint)
    assert found is not None
    return found


def _built_in(tool: HostedTool) -> NativeTool:
    body: dict[str, Any] = {"type": _named(tool, _BUILT_IN), **tool.options}
    return NativeTool(dialect="openai-chat", body=body)


def _named(tool: HostedTool, names: Mapping[ToolKind, str]) -> str:
    """Return Groq's name of a tool; one of kind `native` has the name that its caller gives.

    Raises:
        UnsupportedFeature: the model has no such tool.
    """
    if tool.kind in names:
        return names[tool.kind]
    if tool.kind == "native" and tool.name:
        return tool.name
    raise UnsupportedFeature(f"tools: the model runs {', '.join(names)}, not {tool.kind}; take it out", param="tools")
