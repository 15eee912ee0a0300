"""Proxies: which proxy a request goes through, from a setting or from the environment, the same for every library."""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping
from urllib.parse import urlsplit

from .errors import ConfigurationError


class Proxies:
    """Tells the proxy of a URL.

    `proxy` goes before the environment, "" is none; `no_proxy` before the environment's NO_PROXY. Lower-case names go
    before upper-case ones.

    Raises:
        ConfigurationError: an address is no URL of a proxy; names where it stands.
    """

    def __init__(self, proxy: str | None, no_proxy: str | None, environ: Mapping[str, str]) -> None:
        self._by_scheme: dict[str, str] = {}
        for scheme in ("http", "https"):
            if (found := _found(proxy, scheme, environ)) is not None:
                self._by_scheme[scheme] = found
        text = no_proxy if no_proxy is not None else environ.get("no_proxy") or environ.get("NO_PROXY") or ""
        self._past = [entry for part in text.split(",") if (entry := part.strip().lower())]
        self._known: dict[str, str | None] = {}

    def route(self, url: str) -> str | None:
        """Return the address of the proxy for a URL, or None where the request goes straight."""
        if not self._by_scheme:
            return None
        scheme, _, rest = url.partition("://")
        authority = rest.partition("/")[0].partition("?")[0]
        key = f"{scheme}://{authority}".lower()
        if key not in self._known:
            if len(self._known) > 1000:
                self._known.clear()
            self._known[key] = self._decide(key)
        return self._known[key]

    def _decide(self, origin: str) -> str | None:
        try:
            parts = urlsplit(origin)
            host, port = parts.hostname or "", parts.port
        except ValueError:
            return None  # the library will say what is wrong with it
        if port is None:
            port = 443 if parts.scheme == "https" else 80
        if any(_names(entry, host, port) for entry in self._past):
            return None
        return self._by_scheme.get(parts.scheme)


def proxy_address(text: str, where: str) -> str:
    """Return the URL of a proxy, with its scheme.

    Raises:
        ConfigurationError: it is none; what it says is not repeated, for it may hold a password.
    """
    address = text if "://" in text else f"http://{text}"
    try:
        parts = urlsplit(address)
        fine = parts.scheme in ("http", "https") and bool(parts.hostname) and (parts.port or 1) > 0
    except ValueError:
        fine = False
    if not fine:
        raise ConfigurationError(f"{where} is no address of a proxy; it is written http://host:port")
    return address


def _found(proxy: str | None, scheme: str, environ: Mapping[str, str]) -> str | None:
    if proxy is not None:
        return proxy_address(proxy, "proxy") if proxy else None
    for name in (f"{scheme}_proxy", f"{scheme.upper()}_PROXY", "all_proxy", "ALL_PROXY"):
        if name == "HTTP_PROXY" and "REQUEST_METHOD" in environ:
            continue  # under CGI it is a header of the caller's: https://httpoxy.org
        if text := environ.get(name, "").strip():
            return proxy_address(text, name)
    return None


def _names(entry: str, host: str, port: int) -> bool:
    """Tell whether an entry of NO_PROXY names a host: `*`, a host and all below it, an address, a network; a port."""
    if entry == "*":
        return True
    try:
        return ipaddress.ip_address(host) in ipaddress.ip_network(entry.strip("[]"), strict=False)
    except ValueError:
        pass
    name, colon, number = entry.rpartition(":")
    if colon and number.isdecimal():
        if int(number) != port:
            return False
        entry = name
    entry = entry.strip("[]").removeprefix("*").removeprefix(".")
    return bool(entry) and (host == entry or host.endswith(f".{entry}"))
