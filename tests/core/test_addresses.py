"""One table of addresses: every form in which one that is not public has been written to get past a check."""

from __future__ import annotations

import ipaddress
import socket
from typing import Any

import pytest

from jackfield import ConnectionFailed, InvalidInput
from jackfield.addresses import is_public, vet

PUBLIC = [
    "1.1.1.1",
    "8.8.8.8",
    "192.88.99.2",
    "2606:4700:4700::1111",
    "2a00:1450:4001:81b::200e",
    "2001:4860:4860::8888",
]
HIDDEN = [
    "127.0.0.1", "127.255.255.254", "0.0.0.1", "0.1.2.3", "10.0.0.1", "172.16.0.1", "172.31.255.255", "192.168.1.1",
    "169.254.169.254", "100.64.0.1", "100.127.255.255", "192.0.0.8", "192.0.2.1", "198.18.0.1", "198.51.100.1",
    "203.0.113.1", "224.0.0.1", "239.255.255.255", "240.0.0.1", "255.255.255.255",
    "::", "::1", "::ffff:127.0.0.1", "::ffff:10.0.0.1", "::ffff:8.8.8.8", "::127.0.0.1", "::ffff:0:127.0.0.1",
    "64:ff9b::7f00:1", "64:ff9b::a9fe:a9fe", "64:ff9b:1::1", "100::1", "2001::1", "2001:0:4136:e378::1",
    "2001:10::1", "2001:20::1", "2001:db8::1", "2002:7f00:1::", "2002:a9fe:a9fe::", "3fff::1", "fc00::1", "fd00::1",
    "fe80::1", "fe80::1%1", "fec0::1", "ff02::1", "5f00::1",
]  # fmt: skip
#: Forms that resolvers read as an IPv4 address of this machine or of the metadata service.
ODD = ["127.1", "127.0.1", "2130706433", "0x7f000001", "0x7f.1", "0177.0.0.1", "0", "0x0", "2852039166", "0xa9fea9fe"]


@pytest.mark.parametrize("text", PUBLIC)
def test_anybody_may_reach_a_public_address(text: str) -> None:
    assert is_public(ipaddress.ip_address(text))


@pytest.mark.parametrize("text", HIDDEN)
def test_no_other_address_is_public(text: str) -> None:
    assert not is_public(ipaddress.ip_address(text))


def resolving(*addresses: str) -> Any:
    """Resolve every name to these addresses."""

    def resolve(host: str, port: int, **_: Any) -> list[Any]:
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port)) for address in addresses]

    return resolve


@pytest.mark.parametrize("text", HIDDEN)
@pytest.mark.parametrize("scheme", ["http", "https"])
def test_a_name_that_leads_to_one_is_refused(text: str, scheme: str) -> None:
    with pytest.raises(InvalidInput, match="no public address"):
        vet(f"{scheme}://example.com/a.png", resolve=resolving(text))


@pytest.mark.parametrize("host", ODD)
def test_odd_forms_are_judged_by_what_they_resolve_to(host: str) -> None:
    with pytest.raises(InvalidInput, match="no public address"):
        vet(
            f"http://{host}/a.png",
            resolve=lambda *_, **__: [(2, 1, 6, "", (socket.inet_ntoa(socket.inet_aton(host)), 0))],
        )


@pytest.mark.parametrize("host", ["[::1]", "[::ffff:127.0.0.1]", "[64:ff9b::7f00:1]", "127.0.0.1"])
def test_addresses_themselves_are_refused(host: str) -> None:
    with pytest.raises(InvalidInput, match="no public address"):
        vet(f"http://{host}/a.png", resolve=resolving(host.strip("[]")))


def test_one_hidden_address_among_public_ones_is_enough() -> None:
    with pytest.raises(InvalidInput, match="no public address"):
        vet("http://example.com/", resolve=resolving("1.1.1.1", "127.0.0.1"))


@pytest.mark.parametrize(
    "url",
    [
        "http://example.com\\@127.0.0.1/", "http://127.0.0.1\\.example.com/", "http://exa mple.com/",
        "http://example.com/\r\nhost: x", "http://example.com/\x00", "http://user@example.com/",
        "http://user:password@example.com/", "http://example.com@127.0.0.1/", "file:///etc/passwd",
        "ftp://example.com/", "gopher://example.com/", "//example.com/", "example.com", "http://", "http:///a",
        "http://example.com:99999/", "http://[::1", "data:text/plain,x", "javascript:alert(1)", "",
    ],
)  # fmt: skip
def test_what_can_be_read_in_two_ways_or_is_no_web_address_is_refused(url: str) -> None:
    with pytest.raises(InvalidInput):
        vet(url, resolve=resolving("1.1.1.1"))


def test_what_was_judged_is_what_is_connected_to() -> None:
    found = vet("https://example.com:8443/a%20b?c=d#e", resolve=resolving("1.1.1.1", "8.8.8.8"))
    assert (found.host, found.port, found.target) == ("example.com", 8443, "/a%20b?c=d")
    assert found.addresses == ("1.1.1.1", "8.8.8.8")


def test_networks_may_be_allowed() -> None:
    found = vet("http://inside/", (ipaddress.ip_network("10.0.0.0/8"),), resolving("10.1.2.3"))
    assert found.addresses == ("10.1.2.3",)
    with pytest.raises(InvalidInput, match="no public address"):
        vet("http://inside/", (ipaddress.ip_network("10.0.0.0/8"),), resolving("10.1.2.3", "192.168.1.1"))


def test_a_name_without_an_address_is_told() -> None:
    def resolve(*_: Any, **__: Any) -> Any:
        raise socket.gaierror(-2, "Name or service not known")

    with pytest.raises(ConnectionFailed, match="has no address"):
        vet("http://nowhere.example/", resolve=resolve)
