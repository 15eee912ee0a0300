"""Whether a provider could be asked from here: which variables are set, and which are missing. No value is shown."""

from __future__ import annotations

import re
from collections.abc import Mapping

from jackfield import ProviderInfo
from jackfield.endpoints import has_credential, key_names

_FIELD = re.compile(r"\{(\w+)\}")


def key_state(info: ProviderInfo, environ: Mapping[str, str]) -> str:
    """Return `set`, `none needed`, or which variables are missing."""
    if not has_credential(info, {}, environ):
        return f"missing: {ways_of(info)}"
    if any(environ.get(name) for name in key_names(info)):
        return "set"
    return "none needed"


def ways_of(info: ProviderInfo) -> str:
    """Say which variables together prove who asks, and what may stand in their place."""
    ways = (" and ".join("/".join(names) for names in way.values.values()) for way in info.auth)
    return " or ".join(way for way in ways if way)


def missing_settings(info: ProviderInfo, environ: Mapping[str, str]) -> list[str]:
    """Name the variables, or settings without one, that the address needs and that have no value."""
    missing = []
    for name in _FIELD.findall(str(info.table.get("provider", {}).get("base_url", ""))):
        setting = info.settings.get(name)
        if setting is None or (setting.default is None and not any(environ.get(variable) for variable in setting.env)):
            missing.append("/".join(setting.env) if setting and setting.env else name)
    return missing
