"""The gateway: every installed provider behind every installed dialect, over HTTP."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ._app import GatewayApp as GatewayApp
    from ._command import command as command
    from ._price_lists import PriceList as PriceList
    from ._price_lists import price_list as price_list
    from ._price_lists import price_lists as price_lists

__all__ = ["GatewayApp", "PriceList", "command", "price_list", "price_lists"]
_HOME = {
    "GatewayApp": "_app", "command": "_command", "PriceList": "_price_lists", "price_list": "_price_lists",
    "price_lists": "_price_lists",
}  # fmt: skip


def __getattr__(name: str) -> Any:
    if name in _HOME:
        return getattr(import_module(f".{_HOME[name]}", __name__), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
