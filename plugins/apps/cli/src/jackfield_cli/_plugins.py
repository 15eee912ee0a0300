"""Commands that plugins bring: found by entry point, imported only when one is run."""

from __future__ import annotations

import difflib
import os
from collections.abc import Mapping
from typing import Any

from jackfield.admission import Admission
from jackfield.discovery import Found, discover, pick
from jackfield.errors import ConfigurationError, InvalidInput, PluginError

from ._main import BUILT_IN

#: Commands that first-party plugins bring, and what installs them.
KNOWN: Mapping[str, str] = {
    "new-provider": "jackfield-conformance",
    "sandbox": "jackfield-sandbox",
    "serve": "jackfield-gateway",
}


def installed_commands() -> dict[str, list[Found]]:
    """Return the commands of installed plugins by name, as far as the environment admits them."""
    return discover("command", admission())


def admission() -> Admission:
    """Return which plugins the environment and the configuration admit.

    Raises:
        ConfigurationError: the configuration cannot be read; who is let in without it is not known.
    """
    if not os.environ.get("JACKFIELD_CONFIG"):
        return Admission(os.environ)
    from ._setup import read_config

    return Admission(os.environ, read_config())


def plugin_commands() -> dict[str, str]:
    """Return what the help says of each command of a plugin: who brings it."""
    try:
        found = installed_commands()
    except ConfigurationError:  # the help helps also there; the command itself will say what is wrong
        return {}
    return {name: brought_by(rows) for name, rows in found.items() if name not in BUILT_IN}


def brought_by(rows: list[Found]) -> str:
    """Name every distribution that brings a plugin of one name."""
    return " and ".join(sorted({row.who for row in rows}))


def run_plugin(name: str, argv: list[str]) -> int:
    """Import the plugin that brings a command and run it with the words that follow.

    Raises:
        InvalidInput: no plugin brings it.
        ConfigurationError: two do, or it cannot be imported.
    """
    commands = installed_commands()
    found = pick(commands, name)
    if found is None:
        raise _unknown(name, [*BUILT_IN, *commands])
    return called(found.who, found.load(), argv)


def called(who: str, command: Any, argv: list[str]) -> int:
    """Call a plugin's command; nothing counts as well done.

    Raises:
        PluginError: it is no function.
    """
    if not callable(command):
        raise PluginError(f"{who}: its command is no function; it takes a list of words and returns a status")
    return int(command(argv) or 0)


def _unknown(name: str, known: list[str]) -> ConfigurationError | InvalidInput:
    if name in KNOWN:
        return ConfigurationError(
            f"the command {name!r} is brought by a plugin that is not installed: pip install {KNOWN[name]}"
        )
    near = difflib.get_close_matches(name, sorted({*known, *KNOWN}), n=1)
    if not near:
        return InvalidInput(f"there is no command {name!r}; jackfield --help lists them")
    if near[0] in known:
        return InvalidInput(f"there is no command {name!r}; did you mean {near[0]}?")
    return InvalidInput(f"there is no command {name!r}; did you mean {near[0]}? pip install {KNOWN[near[0]]}")
