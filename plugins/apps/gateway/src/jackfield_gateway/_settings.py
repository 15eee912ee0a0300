"""The gateway's settings: the table `gateway` of jackfield.toml, and the environment over it. Whatever is not known is
refused, with the nearest name that is."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping
from decimal import Decimal
from ipaddress import ip_network
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from jackfield import ConfigurationError

PREFIX = "JACKFIELD_GATEWAY_"
#: The key of all callers, where there is no team; it stands in the environment alone.
KEY = f"{PREFIX}KEY"
#: What a configuration file may hold at its top, for whatever reads it.
TABLES = frozenset({"extensions", "gateway", "plugins", "prices", "providers", "retrieval"})
#: What the server reads once: another value takes a restart.
FIXED = frozenset(
    {"drain", "jwt", "limits_down", "limits_url", "max_header", "retries", "secret_file", "store", "transport"}
)


class _Table(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Alias(_Table):
    """A model's other name. One of `models` is drawn, by `weights` where there are some; `fallbacks` follow it."""

    models: tuple[str, ...] = Field(min_length=1)
    weights: tuple[float, ...] = ()
    fallbacks: tuple[str, ...] = Field(default=(), max_length=5)

    @model_validator(mode="before")
    @classmethod
    def _of_a_name(cls, value: Any) -> Any:
        return {"models": [value]} if isinstance(value, str) else value

    @model_validator(mode="after")
    def _has_weights(self) -> Alias:
        if self.weights and (len(self.weights) != len(self.models) or min(self.weights) < 0 or not sum(self.weights)):
            raise ValueError(f"weights: {len(self.models)} are needed, none below 0 and not all of them 0")
        return self


class LimitRule(_Table):
    """What each key, project or model that `match` fits may use; a pattern as fnmatch has them.

    `requests` and `tokens` are those of a minute, `parallel` is calls at a time.
    """

    scope: Literal["key", "project", "model"]
    match: str = "*"
    requests: int | None = Field(default=None, ge=1)
    tokens: int | None = Field(default=None, ge=1)
    parallel: int | None = Field(default=None, ge=1)


class Jwt(_Table):
    """Tokens that are taken as callers' keys: of one issuer, signed by one of its public keys.

    They are of `organisation`, by its id; of the first one unless it is set.
    `keys` is a file with a JSON Web Key Set or a public key in PEM. `project` names the claim that has the project's
    id, `role` the one that has the role; what has neither is of `default_project`, a member.
    """

    issuer: str = Field(min_length=1)
    audience: str = Field(min_length=1)
    algorithms: tuple[Literal["RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "EdDSA"], ...] = (
        "RS256",
    )
    keys: Path
    project: str = "project"
    role: str = "role"
    default_project: str | None = None
    organisation: str | None = None


class Unpriced(_Table):
    """What becomes of a question to a model without a price, where a budget counts.

    `block` refuses it, `allow` lets it pass and charges nothing, `estimate` charges `input` and `output`, which are US
    dollars for a million tokens.
    """

    policy: Literal["block", "estimate", "allow"] = "block"
    input: Decimal = Field(default=Decimal(10), ge=0)
    output: Decimal = Field(default=Decimal(50), ge=0)

    @model_validator(mode="before")
    @classmethod
    def _of_a_word(cls, value: Any) -> Any:
        return {"policy": value} if isinstance(value, str) else value


class Settings(_Table):
    """What an operator sets. Sizes are in bytes, times in seconds unless their name says otherwise."""

    store: str | None = None
    secret_file: Path | None = None
    limits_url: str = "memory://"
    limits_down: Literal["closed", "open"] = "closed"
    transport: str = "fast"
    retries: int = Field(default=2, ge=0, le=10)
    max_body: int = Field(default=64 * 1024 * 1024, ge=1024)
    max_header: int = Field(default=32 * 1024, ge=1024)
    cors: tuple[str, ...] = ()
    trusted_proxies: tuple[str, ...] = ()
    content: Literal["off", "hashed", "full"] = "off"
    retention_days: int | None = Field(default=None, ge=1)
    drain: float = Field(default=10.0, ge=0)
    byok: bool = True
    log: Literal["off", "text", "json"] = "off"
    unpriced: Unpriced = Unpriced()
    aliases: Mapping[str, Alias] = Field(default_factory=dict)
    limits: tuple[LimitRule, ...] = ()
    jwt: Jwt | None = None

    @field_validator("trusted_proxies")
    @classmethod
    def _are_networks(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for one in value:
            ip_network(one)
        return value

    @field_validator("cors")
    @classmethod
    def _are_origins(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for one in value:
            scheme, mark, host = one.partition("://")
            if one != "*" and (scheme not in ("http", "https") or not mark or not host or "/" in host):
                raise ValueError(f"{one!r} is no origin; https://app.example is one")
        return value


def read_settings(config: Mapping[str, Any], environ: Mapping[str, str]) -> Settings:
    """Read the settings of a configuration; the environment has the last word.

    Raises:
        ConfigurationError: a name is not known, or a value is wrong; the message has the key, and the nearest name.
    """
    for name in config:
        if name not in TABLES:
            raise ConfigurationError(f"{name}: {_unknown(name, TABLES)}")
    table = config.get("gateway", {})
    if not isinstance(table, dict):
        raise ConfigurationError("gateway: a table is needed, [gateway]")
    values = {**table, **_of_environment(environ)}
    try:
        return Settings.model_validate(values)
    except ValidationError as error:
        raise ConfigurationError(_told(error)) from None


def _of_environment(environ: Mapping[str, str]) -> dict[str, Any]:
    """Read what variables say: a word, a number, or words with commas between them."""
    found: dict[str, Any] = {}
    plain = {name for name in Settings.model_fields if name not in ("aliases", "limits", "jwt")}
    for variable, text in environ.items():
        if not variable.startswith(PREFIX) or variable == KEY or not text:
            continue
        name = variable.removeprefix(PREFIX).lower()
        if name not in plain:
            names = [PREFIX + one.upper() for one in plain] + [KEY]
            raise ConfigurationError(f"{variable}: {_unknown(variable, names)}")
        listed = name in ("cors", "trusted_proxies")
        found[name] = [part.strip() for part in text.split(",") if part.strip()] if listed else text
    return found


def _told(error: ValidationError) -> str:
    rows = error.errors(include_url=False)
    row = next((row for row in rows if row["type"] == "extra_forbidden"), rows[0])
    where = [str(step) for step in row["loc"]]
    place = ".".join(["gateway", *where])
    if row["type"] == "extra_forbidden":
        return f"{place}: {_unknown(where[-1], _siblings(where))}"
    reason = row["msg"].removeprefix("Value error, ")
    return f"{place}: {reason[:1].lower()}{reason[1:]}"


def _siblings(where: list[str]) -> Iterable[str]:
    """Return the names that are known where an unknown one stands."""
    kinds: dict[str, type[BaseModel]] = {"aliases": Alias, "limits": LimitRule, "jwt": Jwt, "unpriced": Unpriced}
    return (kinds[where[0]] if len(where) > 1 else Settings).model_fields


def _unknown(name: str, known: Iterable[str]) -> str:
    near = difflib.get_close_matches(name, sorted(known), 1, 0.5)
    return "nothing has this name" + (
        f"; did you mean {near[0]}?" if near else f"; there are {', '.join(sorted(known))}"
    )
