"""Endpoints: where a provider answers and who asks, out of overrides, configuration and environment.

A credential is looked for under its own provider's names only, and never shown: errors name variables, not values.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from .catalog import ProviderInfo, Setting
from .errors import ConfigurationError, MissingCredential
from .wire import Credential, Endpoint, host_of, is_sendable, origin_of

_FIELD = re.compile(r"\{(\w+)\}")
#: A setting may end in the slash that its template goes on with.
_SLASHES = re.compile(r"(?<!:)//+")
_OWN = frozenset({"base_url", "api_key", "api_keys", "dialect", "headers", "settings", "transport"})


def resolve(info: ProviderInfo, dialect: str, overrides: Mapping[str, Any], environ: Mapping[str, str]) -> Endpoint:
    """Resolve the endpoint of a provider in a dialect.

    `overrides` are those of `Client(providers=...)`: base_url, api_key, headers, and by name settings and the values
    of a credential that has several; `credential` may be an object that gives tokens, where the provider takes one.

    Raises:
        ConfigurationError: a setting has no value.
        MissingCredential: no way to prove who asks is complete; names the variables.
    """
    table = info.for_dialect(dialect)
    settings = {name: str(value) for name, value in overrides.get("settings", {}).items()}
    for name, setting in info.settings.items():
        if name not in settings and (value := _setting(name, setting, settings, overrides, environ)) is not None:
            settings[name] = value
    template = overrides.get("base_url") or table.get("base_url") or table.get("provider", {}).get("base_url", "")
    base_url = _SLASHES.sub("/", _fill(str(template), settings, info)).rstrip("/")
    if (region := table.get("regions", {}).get(host_of(base_url))) is not None:
        settings.setdefault("region", str(region))  # prices may differ by it
    if "?" in base_url or "#" in base_url:
        raise ConfigurationError(
            f"the base URL {base_url.partition('?')[0]!r} has a query behind it; give its values as settings",
            provider=info.name,
        )
    if not base_url:
        raise ConfigurationError(
            f"no base URL; give Client(providers={{{info.name!r}: {{'base_url': ...}}}})", provider=info.name
        )
    credential = _credential(info, overrides, environ)
    headers = {
        name.lower(): value
        for name, text in {**table.get("headers", {})}.items()
        if (value := _fill_all(str(text), settings)) is not None
    }
    headers |= {str(name).lower(): str(value) for name, value in overrides.get("headers", {}).items()}
    headers = {name: _sendable(value, f"the header {name}", info) for name, value in headers.items()}
    return Endpoint(
        info.name, dialect, base_url, settings, credential, headers, origin_of(info.name, base_url, credential)
    )


def resolve_all(
    info: ProviderInfo, dialect: str, overrides: Mapping[str, Any], environ: Mapping[str, str]
) -> tuple[Endpoint, ...]:
    """Resolve the endpoints of a provider: one for each of its `api_keys`, where there are several. See `resolve`."""
    if "api_keys" not in overrides:
        return (resolve(info, dialect, overrides, environ),)
    given = {name: value for name, value in overrides.items() if name != "api_keys"}
    return tuple(resolve(info, dialect, {**given, "api_key": key}, environ) for key in _keys(info, overrides))


def _keys(info: ProviderInfo, overrides: Mapping[str, Any]) -> list[str]:
    keys = overrides["api_keys"]
    if not isinstance(keys, list | tuple) or not keys or not all(isinstance(key, str) and key for key in keys):
        raise ConfigurationError("api_keys: a list of keys is needed; give api_key for one", provider=info.name)
    if overrides.get("api_key") is not None:
        raise ConfigurationError("api_key and api_keys: give one of them", provider=info.name)
    return list(dict.fromkeys(keys))


def has_credential(info: ProviderInfo, overrides: Mapping[str, Any], environ: Mapping[str, str]) -> bool:
    """Tell whether a provider could be asked: a key is set, or it needs none."""
    try:
        _credential(info, overrides, environ)
    except MissingCredential:
        return False
    return True


def key_names(info: ProviderInfo) -> list[str]:
    """Return the environment names under which the provider's keys are looked for."""
    return list(dict.fromkeys(name for way in info.auth for names in way.values.values() for name in names))


def _credential(info: ProviderInfo, overrides: Mapping[str, Any], environ: Mapping[str, str]) -> Credential:
    ways = info.auth
    key = _keys(info, overrides)[0] if "api_keys" in overrides else overrides.get("api_key")
    if key is not None:
        way = next((way for way in ways if way.kind != "none"), None)
        kind, name = (way.kind, next(iter(way.values), "token")) if way else ("bearer", "token")
        return Credential(kind, {name: _secret(str(key), kind, "api_key", info)})
    if (source := overrides.get("credential")) is not None and not isinstance(source, str):
        if (way := next((way for way in ways if "credential" in way.values), None)) is None:
            raise ConfigurationError("credential: this provider takes no object; give api_key", provider=info.name)
        return Credential(way.kind, source=source)
    if not ways:
        return Credential("none")
    given = {name: str(value) for way in ways for name in way.values if (value := overrides.get(name)) is not None}
    source = given or environ
    for way in ways:
        # what is given is not mixed with what the environment says of another key
        places = {name: (name,) for name in way.values} if given else way.values
        values = {
            name: _secret(source[found], way.kind, found, info)
            for name, names in places.items()
            if (found := next((place for place in names if source.get(place)), None)) is not None
        }
        if len(values) == len(way.values):
            return Credential(way.kind, values)
    hint = f"; {info.hint}" if info.hint else ""
    raise MissingCredential(
        f"no key: set {_ways(info)}, or give Client(providers={{{info.name!r}: {{'api_key': ...}}}}){hint}",
        provider=info.name,
    )


def _ways(info: ProviderInfo) -> str:
    """Say which variables together prove who asks; of ways of one kind, the one that needs fewest."""
    needed = [
        way
        for way in info.auth
        if not any(other.kind == way.kind and other.values.keys() < way.values.keys() for other in info.auth)
    ]
    return " or ".join(" and ".join(map(" or ".join, way.values.values())) for way in needed if way.values)


def _secret(value: str, kind: str, where: str, info: ProviderInfo) -> str:
    """Check a value that goes into a header as it is; other kinds sign with it, or have it in a file's form."""
    return _sendable(value, where, info) if kind.partition(":")[0] in ("bearer", "header") else value


def _sendable(value: str, where: str, info: ProviderInfo) -> str:
    """Return a value without white space around it; refuse what a header cannot carry, without showing it."""
    value = value.strip()
    if not is_sendable(value):
        raise ConfigurationError(
            f"{where} holds a line break or a character that no header can carry; copy it again", provider=info.name
        )
    return value


def _setting(
    name: str, setting: Setting, known: Mapping[str, str], overrides: Mapping[str, Any], environ: Mapping[str, str]
) -> str | None:
    """Return the value of a setting; what it follows from stands before it in the catalog."""
    if name not in _OWN and name in overrides:
        return str(overrides[name])
    if (found := next((environ[variable] for variable in setting.env if environ.get(variable)), None)) is not None:
        return found
    text = next((case for other, texts in setting.cases.items() if (case := texts.get(known.get(other, "")))), None)
    text = text or setting.default
    return None if text is None else _fill_all(text, known)


def _fill(template: str, settings: Mapping[str, str], info: ProviderInfo) -> str:
    for name in _FIELD.findall(template):
        if name not in settings:
            setting = info.settings.get(name)
            where = f"set {' or '.join(setting.env)}, or give" if setting and setting.env else "give"
            raise ConfigurationError(
                f"the setting {name!r} has no value; {where} Client(providers={{{info.name!r}: {{{name!r}: ...}}}})",
                provider=info.name,
            )
    return _FIELD.sub(lambda match: settings[match[1]], template)


def _fill_all(template: str, settings: Mapping[str, str]) -> str | None:
    """Fill a template, or None where one of its settings has no value."""
    if any(name not in settings for name in _FIELD.findall(template)):
        return None
    return _FIELD.sub(lambda match: settings[match[1]], template)
