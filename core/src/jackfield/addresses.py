"""Addresses that somebody else wrote: which of them lead to a public host, and nowhere that only we can reach.

A name is judged by what it resolves to, and whoever connects does so to what was judged: a name that resolves anew
(rebinding) is judged anew.
"""

from __future__ import annotations

import ipaddress
import re
import socket
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final, TypeAlias
from urllib.parse import quote, urlsplit

from .errors import ConnectionFailed, InvalidInput

Address: TypeAlias = ipaddress.IPv4Address | ipaddress.IPv6Address
Network: TypeAlias = ipaddress.IPv4Network | ipaddress.IPv6Network
Resolve: TypeAlias = Callable[..., Sequence[tuple[Any, ...]]]

_PORTS: Final = {"http": 80, "https": 443}
#: Characters of a path or a query that are sent as they are; others are written as percent signs and digits.
_AS_IT_IS: Final = "/%:@!$&'()*+,;=~?-._[]"
#: What is written so is read differently by different readers.
_AMBIGUOUS: Final = re.compile(r"[\s\\\x00-\x20\x7f]")
#: What IANA's registry of special addresses keeps from the internet, whatever the version of Python knows of it.
_SPECIAL: Final = tuple(
    ipaddress.IPv4Network(text)
    for text in (
        "0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12", "192.0.0.0/24",
        "192.0.2.0/24", "192.168.0.0/16", "198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24", "224.0.0.0/3",
    )
)  # fmt: skip
#: Global unicast; everything else of IPv6 is local, mapped, translated (NAT64 64:ff9b::/96) or reserved.
_UNICAST: Final = ipaddress.IPv6Network("2000::/3")
#: Inside it, what hides an IPv4 address or is nobody's: Teredo, ORCHID, documentation, 6to4.
_HIDING: Final = tuple(
    ipaddress.IPv6Network(text)
    for text in ("2001::/32", "2001:10::/28", "2001:20::/28", "2001:db8::/32", "2002::/16", "3fff::/20")
)


@dataclass(frozen=True, slots=True)
class Vetted:
    """A URL whose host was judged: connect to one of `addresses`, and to nothing that the name says by then."""

    url: str
    scheme: str
    host: str
    port: int
    target: str
    addresses: tuple[str, ...]


def is_public(address: Address) -> bool:
    """Tell whether an address is one that anybody on the internet may reach."""
    if isinstance(address, ipaddress.IPv4Address):
        return not any(address in network for network in _SPECIAL)
    if address not in _UNICAST or address.scope_id is not None:
        return False
    return not any(address in network for network in _HIDING)


def vet(url: str, allowed: Sequence[Network] = (), resolve: Resolve = socket.getaddrinfo) -> Vetted:
    """Judge a URL; `allowed` networks are reached beside public ones. Blocks while the name is resolved.

    Raises:
        InvalidInput: it is no URL of http or https, can be read in two ways, or leads to an address that is not public.
        ConnectionFailed: its name has no address.
    """
    shown = f"{url:.100}"
    if _AMBIGUOUS.search(url):
        raise InvalidInput(f"the address {shown!r} has a backslash, white space or a control character in it")
    try:
        parts = urlsplit(url)
        port = parts.port or _PORTS.get(parts.scheme, 0)
    except ValueError as error:
        raise InvalidInput(f"the address {shown!r} is no URL: {error}") from None
    if parts.scheme not in _PORTS or not parts.hostname:
        raise InvalidInput(f"the address {shown!r} is no URL of http or https")
    if "@" in parts.netloc:
        raise InvalidInput("an address with a user or a password in it is not asked")
    host = parts.hostname
    addresses = _addresses(host, port, resolve)
    for text in addresses:
        address = ipaddress.ip_address(text)
        if not is_public(address) and not any(address in network for network in allowed):
            raise InvalidInput(f"{host:.100} is at {text}, which is no public address; it is not asked")
    if not addresses:
        raise ConnectionFailed(f"{host:.100} has no address")
    target = quote(parts.path or "/", _AS_IT_IS) + (f"?{quote(parts.query, _AS_IT_IS)}" if parts.query else "")
    return Vetted(url, parts.scheme, host, port, target, addresses)


def _addresses(host: str, port: int, resolve: Resolve) -> tuple[str, ...]:
    """Return what a name resolves to; what is an address already is that."""
    try:
        return (str(ipaddress.ip_address(host)),)
    except ValueError:
        pass  # a name, or a form that only resolvers read
    try:
        rows = resolve(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise ConnectionFailed(f"{host:.100} has no address: {error}") from None
    return tuple(dict.fromkeys(str(row[4][0]) for row in rows))
