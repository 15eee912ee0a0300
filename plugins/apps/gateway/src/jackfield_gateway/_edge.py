"""The edge: which web pages of others may call, and who a caller is behind proxies of the operator."""

from __future__ import annotations

import re
from collections.abc import Mapping
from ipaddress import ip_address, ip_network

from jackfield import HTTPResponse

from ._call import Call
from ._settings import Settings

_TOKENS = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~, -]{0,2000}")
_EXPOSED = (
    "retry-after, x-request-id, x-jackfield-request-id, x-jackfield-sandbox, x-jackfield-adjusted, "
    "x-ratelimit-limit-requests, x-ratelimit-remaining-requests, x-ratelimit-reset-requests, "
    "x-ratelimit-limit-tokens, x-ratelimit-remaining-tokens, x-ratelimit-reset-tokens"
)


class Edge:
    """What the settings say of origins and proxies; by default no page of another origin may read an answer."""

    def __init__(self, settings: Settings) -> None:
        self.origins = frozenset(origin.lower() for origin in settings.cors)
        self._proxies = tuple(ip_network(one) for one in settings.trusted_proxies)

    def allows(self, origin: str) -> bool:
        """Whether a page of an origin may call."""
        return "*" in self.origins or origin.lower() in self.origins

    def preflight(self, call: Call) -> HTTPResponse | None:
        """Answer a browser that asks whether a page may call; None where nobody asks that, or it may not.

        The headers for the page itself go with whatever the answer will be.
        """
        if (origin := call.headers.get("origin")) is None or not self.allows(origin):
            return None
        call.heads += [
            (b"access-control-allow-origin", origin.encode("latin-1")),
            (b"vary", b"origin"),
            (b"access-control-expose-headers", _EXPOSED.encode()),
        ]
        wanted = call.headers.get("access-control-request-method")
        if call.method != "OPTIONS" or wanted is None:
            return None
        headers = call.headers.get("access-control-request-headers", "")
        if not _TOKENS.fullmatch(headers) or wanted not in ("GET", "POST", "PUT", "PATCH", "DELETE"):
            return None
        allowed = {"access-control-allow-methods": wanted, "access-control-max-age": "600"}
        if headers:
            allowed["access-control-allow-headers"] = headers
        return HTTPResponse(204, allowed)

    def client(self, peer: str, headers: Mapping[str, str]) -> str:
        """Return the address of who calls: the last one that no trusted proxy has, as far as proxies are trusted."""
        if not self._proxies or not self._is_proxy(peer):
            return peer
        for hop in reversed(headers.get("x-forwarded-for", "").split(",")):
            if not (hop := hop.strip()):
                continue
            if not _is_address(hop):
                return peer
            peer = hop
            if not self._is_proxy(hop):
                break
        return peer

    def _is_proxy(self, address: str) -> bool:
        return _is_address(address) and any(ip_address(address) in network for network in self._proxies)


def _is_address(text: str) -> bool:
    try:
        ip_address(text)
    except ValueError:
        return False
    return True
