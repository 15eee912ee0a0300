"""The gateway: every installed provider behind every installed dialect, over HTTP."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ._app import GatewayApp as GatewayApp
    from ._command import command as command

__all__ = ["GatewayApp", "command"]


def __getattr__(name: str) -> Any:
    if name == "GatewayApp":
        from ._app import GatewayApp

        return GatewayApp
    if name == "command":
        from ._command import command

        return command
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
