"""TransportSettings: how connections are made, alike for every HTTP library; and the TLS context that they ask for."""

from __future__ import annotations

import ssl
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self

from .errors import ConfigurationError
from .proxies import proxy_address


@dataclass(frozen=True, slots=True, kw_only=True)
class TransportSettings:
    """How connections are made.

    `library` is "httpx2", "httpx", "httptools" or "aiohttp" (for `AsyncClient` only), "http.client" (for `Client`
    only), or "fast": the cheapest for the client, httptools or http.client; None: httpx2 where it is installed, else
    httpx.
    `proxy` is the URL of a proxy for everything that `no_proxy` does not name; None: what HTTP_PROXY, HTTPS_PROXY,
    ALL_PROXY and NO_PROXY say, "": none. `ca_bundle` is a file of certificates (PEM) to trust beside the system's,
    `certificate` one to show, with its key in the same file or in `certificate_key`. `max_connections` are in use at
    once (with httpx: on each proxy); who waits for one does so for the time limit to connect. `max_idle` of them are
    kept for `idle_seconds` (aiohttp keeps all).

    Raises:
        ConfigurationError: a value is none of these.
    """

    library: str | None = None
    proxy: str | None = field(default=None, repr=False)  # may hold a password
    no_proxy: str | None = None
    ca_bundle: str | Path | None = None
    certificate: str | Path | None = None
    certificate_key: str | Path | None = None
    http2: bool = False
    max_connections: int = 1000
    max_idle: int = 100
    idle_seconds: float = 60.0

    def __post_init__(self) -> None:
        if self.max_connections < 1 or self.max_idle < 0 or self.idle_seconds <= 0:
            raise ConfigurationError("max_connections is at least 1, max_idle at least 0, idle_seconds more than 0")
        if self.certificate_key is not None and self.certificate is None:
            raise ConfigurationError("certificate_key is the key of a certificate; give certificate too")
        if self.proxy:
            proxy_address(self.proxy, "proxy")

    def without_http2(self, library: str) -> Self:
        """Return these, for a library that has no HTTP/2.

        Raises:
            ConfigurationError: they ask for it.
        """
        if self.http2:
            raise ConfigurationError(f"{library} has no HTTP/2; leave http2 out, or use another library")
        return self

    def trusted(self, environ: Mapping[str, str]) -> str | Path | None:
        """Return the file of certificates to trust beside the system's."""
        return self.ca_bundle or environ.get("SSL_CERT_FILE") or None


def tls_context(settings: TransportSettings, environ: Mapping[str, str]) -> ssl.SSLContext | None:
    """Make the TLS context of settings; None where they leave it to the library.

    Raises:
        ConfigurationError: a file cannot be read, or is no such certificate.
    """
    trusted = settings.trusted(environ)
    if trusted is None and settings.certificate is None:
        return None
    context = ssl.create_default_context()
    if trusted is not None:
        with _Explained("ca_bundle", trusted):
            context.load_verify_locations(cafile=trusted)
    if settings.certificate is not None:
        with _Explained("certificate", settings.certificate):
            context.load_cert_chain(settings.certificate, settings.certificate_key, password=_no_password)
    return context


def read_pem(name: str, path: str | Path) -> bytes:
    """Read a file of certificates or keys.

    Raises:
        ConfigurationError: it cannot be read, or holds none; names the setting.
    """
    with _Explained(name, path):
        data = Path(path).read_bytes()
        if b"-----BEGIN " not in data:
            raise ValueError
    return data


class _Explained:
    """Says which setting is wrong, in the place of what OpenSSL has to say."""

    def __init__(self, name: str, path: str | Path) -> None:
        self._where = f"{name} {str(path)!r}"

    def __enter__(self) -> None: ...

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        if isinstance(error, ssl.SSLError | ValueError):
            raise ConfigurationError(
                f"{self._where} is no PEM file of certificates (and of the key that belongs to them, without password)"
            ) from error
        if isinstance(error, OSError):
            raise ConfigurationError(f"{self._where} cannot be read: {error.strerror or error}") from error


def _no_password() -> str:
    """Refuse a password: OpenSSL would ask for it at the terminal."""
    return ""
