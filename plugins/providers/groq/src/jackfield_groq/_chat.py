"""Groq: its catalog, and what only Groq writes so: a stream's usage in a member of its own, and tools that it runs.

Recorded: groq/chat-completions.
"""

from __future__ import annotations

from typing import Any

from jackfield_dialect_openai.chat import variant

from ._runs import read_runs
from ._tools import translate_request

__all__ = ["normalize_response", "stream_decoder", "translate_request"]


def _amend(body: dict[str, Any]) -> None:
    if isinstance(own := body.get("x_groq"), dict):
        for name in ("usage", "error"):
            if own.get(name) and body.get(name) is None:
                body[name] = own[name]


normalize_response, stream_decoder = variant(_amend, read_runs)
