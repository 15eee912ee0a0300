"""`chat` and `stream` for those who need no client of their own: one is made of the environment on first use."""

from __future__ import annotations

import functools
from typing import Any

from .client import Client
from .conversation import ChatResponse
from .driver import Stream


@functools.cache
def _shared() -> Client:
    return Client()


def chat(model: str, messages: Any, *, system: str | None = None, **parameters: Any) -> ChatResponse:
    """Ask, with a client of the environment's that is made on first use. See `Client.chat`."""
    return _shared().chat(model, messages, system=system, **parameters)


def stream(model: str, messages: Any, *, system: str | None = None, **parameters: Any) -> Stream:
    """Ask and stream, with a client of the environment's that is made on first use. See `Client.stream`."""
    return _shared().stream(model, messages, system=system, **parameters)
