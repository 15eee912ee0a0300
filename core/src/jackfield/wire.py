"""What goes over the wire, as values: requests, responses, events, and the endpoint that they are for.

No socket lives here. Header names are in lower case throughout.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from pydantic_core import from_json, to_json

from .errors import InvalidInput


@dataclass(slots=True)
class HTTPRequest:
    """A request to be sent. `body` is a JSON value or bytes; it is encoded once, after the last hook has seen it.

    `refused` is set by an `authorize` that keeps what it signs with: a flow calls it where the provider answers that it
    does not know who asks (401), so that it is not used again. `within` names the members, from the outside in, that
    hold what a caller's `provider_options` are merged into, where that is not the body itself.
    """

    method: str
    url: str
    headers: dict[str, str] = field(default_factory=dict, repr=False)
    body: Any = None
    refused: Callable[[], None] | None = field(default=None, repr=False, compare=False)
    within: tuple[str, ...] = field(default=(), repr=False, compare=False)

    def __repr__(self) -> str:
        # neither headers nor the query: either may hold the credential
        return f"HTTPRequest({self.method} {self.url.partition('?')[0]})"

    def encode(self) -> HTTPRequest:
        """Encode a JSON body to bytes, in place.

        Raises:
            InvalidInput: something in it has no form in JSON.
        """
        body = self.body
        if body is None:
            self.body = b""
        elif not isinstance(body, bytes):
            try:
                self.body = to_json(body, inf_nan_mode="constants")
            except ValueError as error:
                reason = str(error).removeprefix("Error serializing to JSON: ")
                raise InvalidInput(f"the request cannot be written as JSON: {reason}") from None
            self.headers.setdefault("content-type", "application/json")
        return self

    def json(self) -> Any:
        """Return the body as a JSON value.

        Raises:
            ValueError: the body is not JSON.
        """
        return from_json(self.body) if isinstance(self.body, bytes) else self.body


@dataclass(slots=True)
class HTTPResponse:
    """An answer as it came: status, headers and the body's bytes (empty for the head of a stream)."""

    status: int
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""

    def json(self) -> Any:
        """Return the body as a JSON value.

        Raises:
            ValueError: the body is not JSON.
        """
        return from_json(self.body)


@dataclass(slots=True)
class Event:
    """A framed unit of a stream: its name, where it has one, and its data."""

    name: str | None
    data: bytes


@dataclass(frozen=True, slots=True)
class Credential:
    """What proves who asks. `kind` says how it is sent; the values never show in a repr.

    `source` is an object of the caller's that gives tokens, where the provider takes one in the place of values.
    """

    kind: str
    values: Mapping[str, str] = field(default_factory=dict, repr=False)
    source: Any = field(default=None, repr=False)

    def hidden(self, said: bytes) -> bytes:
        """Return what was said without the values, which a provider may repeat in an error."""
        for value in self.values.values():
            if len(value) >= 4:
                said = said.replace(value.encode(), b"***")
        return said

    @property
    def id(self) -> str:
        """A name for this credential that reveals nothing of it; objects of one class have one name."""
        seed = "\0".join(f"{name}={value}" for name, value in sorted(self.values.items()))
        if self.source is not None:
            seed += f"\0{type(self.source).__qualname__}"
        return hashlib.sha256(f"jackfield:{self.kind}:{seed}".encode()).hexdigest()[:16]


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Where one provider answers in one dialect, and with which settings and credential.

    `origin` stands for provider, host and credential: opaque state of an answer returns only where it is equal.
    """

    provider: str
    dialect: str
    base_url: str
    settings: Mapping[str, str] = field(default_factory=dict)
    credential: Credential = Credential("none")
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    origin: str = ""


@dataclass(slots=True)
class Facts:
    """What the head of an answer says of the service: who it is, what it served, what is left of limits."""

    request_id: str | None = None
    tier: str | None = None
    region: str | None = None
    sandboxed: bool = False
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)

    @property
    def limits(self) -> dict[str, str]:
        """What the provider says of rate limits, by header."""
        return {name: value for name, value in self.headers.items() if "ratelimit" in name}

    def served(self) -> dict[str, str]:
        """Return the facts that prices depend on."""
        found = {}
        if self.tier:
            found["tier"] = self.tier
        if self.region:
            found["region"] = self.region
        return found


def is_sendable(value: str) -> bool:
    """Tell whether a text can be the value of a header: ASCII without control characters."""
    return value.isascii() and (value.isprintable() or value.replace("\t", "").isprintable())


def host_of(base_url: str) -> str:
    """Return the host of a base URL, with its port."""
    return base_url.partition("://")[2].partition("/")[0]


def origin_of(provider: str, base_url: str, credential: Credential) -> str:
    """Return the origin of an endpoint: a hash of provider, host and credential id."""
    return hashlib.sha256(f"{provider}\0{host_of(base_url)}\0{credential.id}".encode()).hexdigest()[:16]


def derive_id(prefix: str, seed: Any, index: int | str) -> str:
    """Mint an id that is a function of its seed (a JSON value, a request) and its index: the same again, every time."""
    digest = hashlib.sha256(to_json(seed, fallback=str) + f"\0{index}".encode()).hexdigest()
    return f"{prefix}{digest[:24]}"
