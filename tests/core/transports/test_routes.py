"""How connections are made: TLS with an authority of the test's own, certificates of clients, proxies."""

from __future__ import annotations

import base64
import ssl
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import trustme

from jackfield.errors import ConfigurationError, ConnectionFailed
from tests.core.transports.driving import Driver, post
from tests.core.transports.peers import END, STREAM_HEAD, Proxy, Server, piece, proxying, serving, whole


@pytest.fixture(scope="session")
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture(scope="session")
def bundle(authority: trustme.CA, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Write two authorities into one file, the right one last."""
    path = tmp_path_factory.mktemp("tls") / "bundle.pem"
    trustme.CA().cert_pem.write_to_path(str(path))
    authority.cert_pem.write_to_path(str(path), append=True)
    return path


@pytest.fixture
def secure(authority: trustme.CA) -> Iterator[Server]:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1", "provider.invalid").configure_cert(context)
    with serving(context) as found:
        yield found


@pytest.fixture
def proxy(server: Server) -> Iterator[Proxy]:
    with proxying() as found:
        found.upstream = server.port
        yield found


def test_own_authority_is_trusted(driver: Driver, secure: Server, bundle: Path) -> None:
    secure.scripts = [[STREAM_HEAD, piece(b"1"), 0.02, piece(b"2"), END]]
    driver.open(ca_bundle=bundle)
    for _ in range(2):
        assert driver.send(post(secure.url)).body() == b"12"
    assert secure.opened == 1


def test_authority_of_the_environment_is_trusted(driver: Driver, secure: Server, bundle: Path) -> None:
    secure.scripts = [whole(b"{}")]
    driver.open({"SSL_CERT_FILE": str(bundle)})
    assert driver.send(post(secure.url)).body() == b"{}"


@pytest.mark.parametrize("trusts_another", [False, True])
def test_unknown_authority_is_refused(driver: Driver, secure: Server, tmp_path: Path, trusts_another: bool) -> None:
    secure.scripts = [whole(b"{}")]
    other = tmp_path / "other.pem"
    trustme.CA().cert_pem.write_to_path(str(other))
    driver.open(ca_bundle=other if trusts_another else None)
    with pytest.raises(ConnectionFailed, match=r"certificate is not trusted.*ca_bundle") as caught:
        driver.send(post(f"{secure.url}/v1?key=sk-query"))
    assert not caught.value.retryable
    assert "sk-" not in str(caught.value)
    assert not secure.heads


def test_certificate_for_another_host_is_refused(driver: Driver, secure: Server, bundle: Path) -> None:
    secure.scripts = [whole(b"{}")]
    driver.open(ca_bundle=bundle)
    with pytest.raises(ConnectionFailed, match="certificate is not trusted"):
        driver.send(post(f"https://localhost:{secure.port}/"))


@pytest.mark.parametrize("in_one_file", [False, True])
def test_certificate_of_the_client(
    driver: Driver, authority: trustme.CA, bundle: Path, tmp_path: Path, in_one_file: bool
) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    authority.configure_trust(context)
    context.verify_mode = ssl.CERT_REQUIRED
    mine = authority.issue_cert("me@example.invalid")
    shown, key = tmp_path / "shown.pem", tmp_path / "key.pem"
    mine.cert_chain_pems[0].write_to_path(str(shown))
    mine.private_key_pem.write_to_path(str(shown if in_one_file else key), append=in_one_file)
    with serving(context) as server:
        server.scripts = [whole(b"{}")]
        driver.open(ca_bundle=bundle, certificate=shown, certificate_key=None if in_one_file else key)
        assert driver.send(post(server.url)).body() == b"{}"
        assert "me@example.invalid" in str(server.shown)
        driver.close()
        driver.open(ca_bundle=bundle)
        with pytest.raises(ConnectionFailed, match="no connection"):
            driver.send(post(server.url)).body()


@pytest.mark.parametrize("name", ["ca_bundle", "certificate"])
@pytest.mark.parametrize("content", [None, b"", b"no certificate"])
def test_wrong_files_are_told_at_once(driver: Driver, tmp_path: Path, name: str, content: bytes | None) -> None:
    path = tmp_path / "file.pem"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(ConfigurationError, match=f"{name} .*file.pem' (is no PEM|cannot be read)"):
        driver.open(None, **{name: path})


def test_proxy_of_the_environment(driver: Driver, server: Server, proxy: Proxy) -> None:
    server.scripts = [[STREAM_HEAD, piece(b"1"), END]]
    driver.open({"HTTP_PROXY": f"127.0.0.1:{proxy.port}"})
    assert driver.send(post("http://provider.invalid/v1/x?y=1")).body() == b"1"
    assert proxy.heads[0].startswith("POST http://provider.invalid/v1/x?y=1 HTTP/1.1")


def test_explicit_proxy_goes_first_and_may_need_a_password(driver: Driver, server: Server, proxy: Proxy) -> None:
    server.scripts = [whole(b"{}")]
    driver.open({"http_proxy": "http://127.0.0.1:1"}, proxy=f"http://user:p%40ss@127.0.0.1:{proxy.port}")
    assert driver.send(post("http://provider.invalid/")).body() == b"{}"
    expected = base64.b64encode(b"user:p@ss").decode()
    assert f"proxy-authorization: basic {expected}".lower() in proxy.heads[0].lower()


def test_no_proxy_passes_it_by(driver: Driver, server: Server, proxy: Proxy) -> None:
    server.scripts = [whole(b"{}")]
    address = f"http://127.0.0.1:{proxy.port}"
    driver.open({"ALL_PROXY": address, "NO_PROXY": "example.com, 127.0.0.0/8"})
    assert driver.send(post(server.url)).body() == b"{}"
    driver.open({"NO_PROXY": "unused.invalid"}, proxy=address, no_proxy=f"127.0.0.1:{server.port}")
    assert driver.send(post(server.url)).body() == b"{}"
    driver.open({"HTTP_PROXY": address}, proxy="")
    assert driver.send(post(server.url)).body() == b"{}"
    assert not proxy.heads


def test_environment_of_the_process_is_not_read(
    driver: Driver, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    server.scripts = [whole(b"{}")]
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    driver.open({})
    assert driver.send(post(server.url)).body() == b"{}"


def test_tunnel_to_a_secure_server(driver: Driver, secure: Server, bundle: Path, proxy: Proxy) -> None:
    proxy.upstream = secure.port
    secure.scripts = [[STREAM_HEAD, piece(b"1"), END]]
    driver.open({"HTTPS_PROXY": f"http://127.0.0.1:{proxy.port}"}, ca_bundle=bundle)
    assert driver.send(post("https://provider.invalid/v1?key=sk-query")).body() == b"1"
    old = driver.library == "http.client" and sys.version_info < (3, 12)  # it speaks HTTP/1.0 to proxies
    assert proxy.heads[0].startswith(f"CONNECT provider.invalid:443 HTTP/1.{0 if old else 1}")
    assert "sk-" not in proxy.heads[0]
    assert secure.heads[0].startswith("POST /v1?key=sk-query HTTP/1.1")


@pytest.mark.parametrize(
    ("driver", "is_secure"),
    [("http.client", False), ("async-httptools", False), ("async-httptools", True), ("uvloop-httptools", True)],
    indirect=["driver"],
)
def test_proxy_that_speaks_tls(
    driver: Driver, server: Server, secure: Server, authority: trustme.CA, bundle: Path, is_secure: bool
) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    upstream = secure if is_secure else server
    upstream.scripts = [[STREAM_HEAD, piece(b"1"), END]]
    with proxying(context) as proxy:
        proxy.upstream = upstream.port
        driver.open(ca_bundle=bundle, proxy=f"https://user:sk-proxy@127.0.0.1:{proxy.port}")
        assert driver.send(post(f"{upstream.scheme}://provider.invalid/v1")).body() == b"1"
        driver.close()
    expected = base64.b64encode(b"user:sk-proxy").decode()
    assert f"proxy-authorization: basic {expected}".lower() in proxy.heads[0].lower()
    assert ("proxy-authorization" in upstream.heads[0].lower()) is not is_secure


def test_proxy_that_refuses_is_told(driver: Driver, secure: Server, bundle: Path, proxy: Proxy) -> None:
    proxy.refuses = True
    driver.open(ca_bundle=bundle, proxy=f"http://user:sk-proxy@127.0.0.1:{proxy.port}")
    with pytest.raises(ConnectionFailed) as caught:
        driver.send(post("https://provider.invalid/?key=sk-query"))
    assert "sk-" not in str(caught.value)


def test_proxy_that_is_not_there_is_told(driver: Driver, server: Server) -> None:
    driver.open(proxy="http://user:sk-proxy@127.0.0.1:1")
    with pytest.raises(ConnectionFailed, match="no connection") as caught:
        driver.send(post("http://provider.invalid/?key=sk-query"))
    assert "sk-" not in str(caught.value)
