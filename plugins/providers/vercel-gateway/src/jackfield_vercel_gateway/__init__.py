"""Vercel AI Gateway: its catalog, and what only this gateway counts so.

Of Google's models it states `completion_tokens` without the reasoning beside it, and bills both (recorded: the stated
cost of seven exchanges is that of the sum; of OpenAI's models reasoning is within).
"""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import replace
from typing import Any

from jackfield import Request, Usage, hookimpl

__all__ = ["usage_items"]


@hookimpl(wrapper=True)
def usage_items(request: Request) -> Generator[Any, Usage, Usage]:
    """Count reasoning into the output where it stands beside it."""
    usage = yield
    out, thought = (usage.counts.get(name) for name in ("output", "output.reasoning"))
    if out is None or not thought or not request.model.startswith("google/"):
        return usage
    return replace(usage, counts={**usage.counts, "output": out + thought})
