"""The gateway: every installed provider behind every installed dialect, over HTTP, and the APIs that it stands for."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ._app import GatewayApp as GatewayApp
    from ._command import command as command
    from ._keys import db_command as db_command
    from ._keys import keys_command as keys_command
    from ._price_lists import PriceList as PriceList
    from ._price_lists import price_list as price_list
    from ._price_lists import price_lists as price_lists
    from ._records import Entry as Entry
    from ._records import RecentRecords as RecentRecords
    from ._records import Records as Records
    from ._retrieval import Passage as Passage
    from ._retrieval import RetrievalQuery as RetrievalQuery
    from ._retrieval import Retrieved as Retrieved
    from ._retrieval import Retriever as Retriever
    from ._settings import Settings as Settings
    from ._settings import read_settings as read_settings
    from ._team import Team as Team

__all__ = [
    "Entry",
    "GatewayApp",
    "Passage",
    "PriceList",
    "RecentRecords",
    "Records",
    "RetrievalQuery",
    "Retrieved",
    "Retriever",
    "Settings",
    "Team",
    "command",
    "db_command",
    "keys_command",
    "price_list",
    "price_lists",
    "read_settings",
]
_HOME = {
    "Entry": "_records",
    "GatewayApp": "_app",
    "Passage": "_retrieval",
    "PriceList": "_price_lists",
    "RecentRecords": "_records",
    "Records": "_records",
    "RetrievalQuery": "_retrieval",
    "Retrieved": "_retrieval",
    "Retriever": "_retrieval",
    "Settings": "_settings",
    "Team": "_team",
    "command": "_command",
    "db_command": "_keys",
    "keys_command": "_keys",
    "price_list": "_price_lists",
    "price_lists": "_price_lists",
    "read_settings": "_settings",
}


def __getattr__(name: str) -> Any:
    if name in _HOME:
        return getattr(import_module(f".{_HOME[name]}", __name__), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
