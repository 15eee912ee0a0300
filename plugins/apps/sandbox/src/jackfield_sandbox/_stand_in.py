"""The sandbox in the place of one provider, whatever the provider's own code would do to a request."""

from __future__ import annotations

from typing import Any, Final

from jackfield import Boards

#: Never resolved: a transport of the sandbox answers before any socket is opened.
_NOWHERE: Final = "http://sandbox.invalid/v1"


def stand_in(boards: Boards, provider: str, transport: Any) -> dict[str, Any]:
    """Return the overrides with which a client over these boards has a provider answered for by the sandbox.

    From then on the provider is its catalog alone, on all of these boards: models, limits, prices and renamed members
    stay, and its hooks are left out. They write what its own address asks for (a model in the path, a signature), and
    the serving side of a dialect reads the dialect.

    Raises:
        PluginError: the provider's package is broken.
    """
    if (found := boards.found("provider", provider)) is not None:
        boards.register("provider", provider, None, found.folder)
    return {"api_key": "sandbox", "transport": transport, "base_url": _NOWHERE}
