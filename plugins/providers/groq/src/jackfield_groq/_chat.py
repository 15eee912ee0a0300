"""Groq: its catalog, and where only Groq puts the usage of a stream: in a member of its own (recorded)."""

from __future__ import annotations

from typing import Any

from jackfield_dialect_openai.chat import variant

__all__ = ["normalize_response", "stream_decoder"]


def _amend(body: dict[str, Any]) -> None:
    if isinstance(own := body.get("x_groq"), dict):
        for name in ("usage", "error"):
            if own.get(name) and body.get(name) is None:
                body[name] = own[name]


normalize_response, stream_decoder = variant(_amend)
