"""Connections: the transports of a client, opened when they are needed, and clients of others over the same ones."""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from types import MappingProxyType
from typing import Any, Self

#: What of a provider's overrides says nothing of who asks.
_NO_CREDENTIAL = frozenset({"base_url", "dialect", "settings", "transport"})


class Connections:
    """What a client says of providers, and what it has opened for them."""

    _overrides: dict[str, dict[str, Any]]
    _environ: Mapping[str, str]
    _given_transport: Any
    _transports: dict[str | None, Any]
    _routes: dict[str, Any]
    _opening: AbstractContextManager[Any]
    _rings: dict[Any, Any]
    _forms: dict[Any, Any]
    #: Whether the connections are those of another client.
    _is_guest = False

    def on_behalf(self, providers: Mapping[str, Mapping[str, Any]]) -> Self:
        """Return a client of somebody with overrides of their own, over the connections of this one, which owns them.

        What is given of a provider's credential replaces that of this client, and is mixed with none of it.
        """
        other = copy.copy(self)
        other._is_guest = True
        other._overrides = {**self._overrides}
        for name, values in providers.items():
            kept = {key: value for key, value in self._overrides.get(name, {}).items() if key in _NO_CREDENTIAL}
            other._overrides[name] = {**kept, **values}
        other._routes, other._rings, other._forms = {}, {}, {}
        other.__dict__.pop("_side_by_side", None)
        return other

    def overrides(self, provider: str) -> Mapping[str, Any]:
        """Return what this client says of a provider, over the configuration and the environment."""
        return MappingProxyType(self._overrides.get(provider, {}))

    def _transport_for(self, provider: str, opener: Callable[[Any, Mapping[str, str]], Any]) -> Any:
        given = self._overrides.get(provider, {}).get("transport")
        key = provider if given is not None else None
        if (found := self._transports.get(key)) is None:
            with self._opening:
                if (found := self._transports.get(key)) is None:
                    given = given if given is not None else self._given_transport
                    found = self._transports[key] = opener(given, self._environ)
        return found

    def _released(self) -> list[Any]:
        """Forget every transport; return those that were made here, neither given nor another client's."""
        if self._is_guest:
            return []
        given = [self._given_transport, *(values.get("transport") for values in self._overrides.values())]
        found = [found for found in self._transports.values() if not any(found is known for known in given)]
        self._transports.clear()
        return found
