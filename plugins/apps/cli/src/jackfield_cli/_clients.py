"""The clients that ask: one for every provider with a key, and with --demo one over the sandbox for each without."""

from __future__ import annotations

import os
from collections.abc import Iterable
from importlib import import_module
from importlib.util import find_spec
from typing import Any

from jackfield import Client, ProviderInfo
from jackfield.endpoints import resolve
from jackfield.errors import ConfigurationError
from jackfield.exchange import Unsupported

from ._setup import open_boards


class Clients:
    """Opens clients by model and keeps them."""

    def __init__(self, demo: bool, unsupported: Unsupported, timeout: float | None) -> None:
        if demo and find_spec("jackfield_sandbox") is None:
            raise ConfigurationError("--demo needs the sandbox, which is a plugin: pip install jackfield-sandbox")
        self._demo = demo
        self._options: dict[str, Any] = {
            "boards": open_boards(),
            "unsupported": unsupported,
            "timeout": timeout,
        }
        self._clients: dict[str, Client] = {}
        self._plain = Client(**self._options)

    def notes(self, models: Iterable[str]) -> list[str]:
        """Say for which providers the sandbox will answer."""
        names = dict.fromkeys(self._sandboxed(model) for model in models) if self._demo else {}
        return [f"demo: {name} is not set up here; the sandbox answers, with made-up words" for name in names if name]

    def of(self, model: str) -> Client:
        """Return the client that asks a model.

        Raises:
            UnknownProvider: nobody has the model.
        """
        provider = self._sandboxed(model) if self._demo else None
        if provider is None:
            return self._plain
        if provider not in self._clients:
            self._clients[provider] = self._over_sandbox(provider)
        return self._clients[provider]

    def close(self) -> None:
        """Close the connections of every client."""
        for client in (self._plain, *self._clients.values()):
            client.close()

    def _sandboxed(self, model: str) -> str | None:
        """Return the provider of a model if nothing here lets us ask it."""
        provider, _ = self._plain.boards.resolve(model)
        return None if _is_ready(self._plain.boards.info(provider), {}, os.environ) else provider

    def _over_sandbox(self, name: str) -> Client:
        sandbox = import_module("jackfield_sandbox")
        transport = sandbox.SandboxTransport(self._plain.boards)
        return Client({name: sandbox.stand_in(self._plain.boards, name, transport)}, **self._options)


def _is_ready(info: ProviderInfo, overrides: dict[str, Any], environ: Any) -> bool:
    try:
        resolve(info, info.dialect, overrides, environ)
    except ConfigurationError:
        return False
    return True
