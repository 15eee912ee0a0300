"""Which of the installed plugins are let in: by lists of names, in the environment and in the configuration.

A name is that of a plugin or of the distribution that brings it. Every list counts: what one leaves out stays out, and
where there are two that admit, both must.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from .errors import ConfigurationError


class Admission:
    """The lists that are in force: `JACKFIELD_PLUGINS` and `plugins.allow`, `JACKFIELD_DISABLE` and `plugins.deny`.

    Raises:
        ConfigurationError: the configuration's are no lists of names.
    """

    def __init__(self, environ: Mapping[str, str], config: Mapping[str, Any] | None = None) -> None:
        table = (config or {}).get("plugins", {})
        if not isinstance(table, Mapping) or not table.keys() <= {"allow", "deny"}:
            raise ConfigurationError(f"plugins: a table with the lists allow and deny is needed, not {table!r:.60}")
        self._allow: dict[str, frozenset[str]] = {}
        self._deny: dict[str, frozenset[str]] = {}
        for lists, variable, key in (
            (self._allow, "JACKFIELD_PLUGINS", "allow"),
            (self._deny, "JACKFIELD_DISABLE", "deny"),
        ):
            if variable in environ:
                lists[variable] = _names(environ[variable].split(","))
            if key in table:
                if not isinstance(table[key], list) or not all(isinstance(name, str) for name in table[key]):
                    raise ConfigurationError(
                        f"plugins.{key}: a list of names of plugins or distributions is needed, not {table[key]!r:.60}"
                    )
                lists[f"plugins.{key} of the configuration"] = _names(table[key])

    def __bool__(self) -> bool:
        """Whether there is any list."""
        return bool(self._allow or self._deny)

    def denied(self, name: str, distribution: str = "") -> str | None:
        """Say which list leaves a plugin out; None: none does."""
        where = next((where for where, names in self._deny.items() if _stands(names, name, distribution)), None)
        return where and f"is left out by {where}"

    def refused(self, name: str, distribution: str = "") -> str | None:
        """Say why a plugin is not let in; None: it is."""
        if (why := self.denied(name, distribution)) is not None:
            return why
        where = next((where for where, names in self._allow.items() if not _stands(names, name, distribution)), None)
        return where and f"is not among those that {where} admits"


def normal_name(distribution: str) -> str:
    """Write the name of a distribution in its one normal form."""
    return re.sub(r"[-_.]+", "-", distribution).lower()


def _stands(names: frozenset[str], name: str, distribution: str) -> bool:
    return name in names or (bool(distribution) and normal_name(distribution) in names)


def _names(words: Any) -> frozenset[str]:
    """Return the names of a list, those of distributions in their normal form too."""
    given = {word.strip() for word in words if word.strip()}
    return frozenset(given | {normal_name(word) for word in given})
