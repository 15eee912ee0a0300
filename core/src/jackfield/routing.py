"""Routes: by the name of a model the board, the endpoint and the bare name; found once, and kept by the client."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from .endpoints import resolve_all

if TYPE_CHECKING:
    from .board import Board
    from .boards import Boards
    from .catalog import ModelInfo
    from .key_rings import KeyRing
    from .wire import Endpoint


class Routing:
    """Finds who is asked. A base of both clients."""

    boards: Boards
    _overrides: dict[str, dict[str, Any]]
    _environ: Mapping[str, str]
    _generation: int
    _routes: dict[str, tuple[Board, Endpoint, str]]
    #: By provider and model, where there are several keys.
    _rings: dict[tuple[str, str], KeyRing]

    def _route(self, name: str) -> tuple[Board, Endpoint, str]:
        if self._generation != self.boards.generation:
            self._generation = self.boards.generation
            self._routes = {}
        routes = self._routes  # what is found is of this generation, whatever another thread reads meanwhile
        if (known := routes.get(name)) is None:
            provider, model = self.boards.resolve(name, self._overrides)
            overrides = self._overrides.get(provider, {})
            info = self.boards.info(provider)
            dialect = str(overrides.get("dialect") or info.model(model).dialect)
            endpoints = resolve_all(info, dialect, overrides, self._environ)
            if len(endpoints) > 1:
                from .key_rings import KeyRing

                self._rings.setdefault((provider, model), KeyRing(endpoints))
            known = (self.boards.open(provider, dialect), endpoints[0], model)
            if len(routes) < 10_000:
                routes[name] = known
        return known

    def _known(self, name: str) -> ModelInfo:
        """Return what the catalogs know of a model; `MissingCredential` where it cannot be asked."""
        board, _, model = self._route(name)
        return board.model(model)
