"""AWS Signature Version 4: a pure function of a request, a credential, a place and a time."""

from __future__ import annotations

import hmac
from collections.abc import Mapping
from datetime import UTC, datetime
from hashlib import sha256
from typing import Final
from urllib.parse import SplitResult, quote, urlsplit

ALGORITHM: Final = "AWS4-HMAC-SHA256"
#: Headers that are made anew, or that proxies and HTTP libraries change on the way (botocore 1.44.5, auth).
_UNSIGNED: Final = frozenset(
    {"authorization", "baggage", "connection", "expect", "keep-alive", "proxy-authenticate", "proxy-authorization",
     "te", "traceparent", "tracestate", "trailer", "transfer-encoding", "upgrade", "user-agent", "x-amz-date",
     "x-amz-security-token", "x-amzn-trace-id"}
)  # fmt: skip
_DEFAULT_PORTS: Final = {"http": 80, "https": 443}


def sign(
    method: str,
    url: str,
    headers: Mapping[str, str],
    body: bytes,
    credential: Mapping[str, str],
    region: str,
    service: str,
    at: datetime,
) -> dict[str, str]:
    """Return the headers that prove who asks, to be added to those of the request; names are in lower case.

    `credential` holds `access_key_id`, `secret_access_key`, and `session_token` where it is temporary.
    """
    stamp = at.astimezone(UTC).strftime("%Y%m%dT%H%M%SZ")
    added = {"x-amz-date": stamp}
    if token := credential.get("session_token"):
        added["x-amz-security-token"] = token
    parts = urlsplit(url)
    signed = {name.lower(): value for name, value in headers.items() if name.lower() not in _UNSIGNED}
    signed.setdefault("host", _host(parts))
    signed |= added
    names = ";".join(sorted(signed))
    lines = "".join(f"{name}:{' '.join(signed[name].split())}\n" for name in sorted(signed))
    canonical = "\n".join(
        (method.upper(), _path(parts.path), _query(parts.query), lines, names, sha256(body).hexdigest())
    )
    scope = f"{stamp[:8]}/{region}/{service}/aws4_request"
    text = f"{ALGORITHM}\n{stamp}\n{scope}\n{sha256(canonical.encode()).hexdigest()}"
    key = f"AWS4{credential['secret_access_key']}".encode()
    for step in (stamp[:8], region, service, "aws4_request"):
        key = _digest(key, step)
    signature = _digest(key, text).hex()
    who = f"Credential={credential['access_key_id']}/{scope}"
    return {"authorization": f"{ALGORITHM} {who}, SignedHeaders={names}, Signature={signature}", **added}


def _digest(key: bytes, text: str) -> bytes:
    return hmac.digest(key, text.encode(), "sha256")


def _host(parts: SplitResult) -> str:
    """Return what the HTTP library will send: no name and password, no port that is the usual one."""
    host = parts.hostname or ""
    host = f"[{host}]" if ":" in host else host
    return host if parts.port in (None, _DEFAULT_PORTS.get(parts.scheme)) else f"{host}:{parts.port}"


def _path(path: str) -> str:
    """Return the path without dots and double slashes, encoded again: what was a %3A in it is a %253A here."""
    kept: list[str] = []
    for step in path.split("/"):
        if step == "..":
            if kept:
                kept.pop()
        elif step not in ("", "."):
            kept.append(step)
    start = "/" if path.startswith("/") or not path else ""
    end = "/" if path.endswith("/") and kept else ""
    return quote(start + "/".join(kept) + end, safe="/~")


def _query(query: str) -> str:
    """Return the members of a query in order, as they are encoded."""
    if not query:
        return ""
    pairs = sorted(pair.partition("=")[::2] for pair in query.split("&"))
    return "&".join(f"{key}={value}" for key, value in pairs)
