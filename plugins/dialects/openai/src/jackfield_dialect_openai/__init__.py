"""The wire formats of OpenAI: `chat` is the dialect `openai-chat`, `responses` is `openai-responses`.

Each is imported when it is used.
"""

from __future__ import annotations

import importlib
from types import ModuleType

__all__ = ["chat", "responses"]


def __getattr__(name: str) -> ModuleType:
    if name in __all__:
        return importlib.import_module(f".{name}", __name__)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
