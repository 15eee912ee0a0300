"""The serving side of every installed dialect, with scripted answers instead of a model.

Everything public is a name of this module, loaded when it is first used.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ._app import SandboxApp as SandboxApp
    from ._command import command as command
    from ._command import serve as serve
    from ._engine import Sandbox as Sandbox
    from ._sockets import protocol as protocol
    from ._stand_in import stand_in as stand_in
    from ._transport import AsyncSandboxTransport as AsyncSandboxTransport
    from ._transport import SandboxTransport as SandboxTransport

_HOME = {
    "AsyncSandboxTransport": "_transport",
    "Sandbox": "_engine",
    "SandboxApp": "_app",
    "SandboxTransport": "_transport",
    "command": "_command",
    "protocol": "_sockets",
    "serve": "_command",
    "stand_in": "_stand_in",
}

__all__ = [
    "AsyncSandboxTransport",
    "Sandbox",
    "SandboxApp",
    "SandboxTransport",
    "command",
    "protocol",
    "serve",
    "stand_in",
]


def __getattr__(name: str) -> Any:
    if (module := _HOME.get(name)) is not None:
        value = getattr(importlib.import_module(f".{module}", __name__), name)
        globals()[name] = value
        return value
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return __all__
