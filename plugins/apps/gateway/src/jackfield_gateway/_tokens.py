"""JSON Web Tokens as callers' keys: of one issuer, for this audience, signed with an algorithm that the operator names.

A token is known by the hash of all of it, never by a part, and never for longer than it is good.
"""

from __future__ import annotations

import hashlib
import logging
import time
from collections import OrderedDict
from typing import TYPE_CHECKING, Any, cast, get_args

from jackfield import ConfigurationError

from ._settings import Jwt

if TYPE_CHECKING:
    from .state import Identity, Role, Teams

_FRESH = 60.0
_SIZE = 10_000
#: How often the file of keys is looked at for one that is not known, in seconds.
_AGAIN = 10.0
_LONGEST = 200
_LOG = logging.getLogger(__name__)


class Tokens:
    """Finds who a token speaks for: somebody of one organisation, that of the operators unless another is set.

    Raises:
        ConfigurationError: the file of keys cannot be read, or PyJWT is not installed.
    """

    def __init__(self, settings: Jwt, teams: Teams, operators: str = "") -> None:
        try:
            import jwt
        except ModuleNotFoundError:
            raise ConfigurationError("gateway.jwt needs PyJWT; pip install 'jackfield-gateway[jwt]'") from None
        self._jwt: Any = jwt
        self._settings = settings
        self._teams = teams
        self._operators = operators
        self._keys: dict[str, Any] = {}
        self._read_at = 0.0
        self._found: OrderedDict[bytes, tuple[Identity, float]] = OrderedDict()
        self._read()

    async def find(self, token: str) -> Identity | None:
        """Return who a token speaks for; None where it is none, or is not good here.

        Raises:
            StoreUnavailable: the database does not answer.
        """
        digest = hashlib.sha256(token.encode("utf-8", "surrogatepass")).digest()
        identity, until = self._found.get(digest, (None, 0.0))
        if identity is not None and time.time() < until:
            return identity
        if (claims := self._claims(token)) is None or (identity := await self._identity(claims)) is None:
            return None
        self._found[digest] = (identity, min(float(claims["exp"]), time.time() + _FRESH))
        if len(self._found) > _SIZE:
            self._found.popitem(last=False)
        return identity

    def _claims(self, token: str) -> dict[str, Any] | None:
        jwt, settings = self._jwt, self._settings
        try:
            key = self._key(jwt.get_unverified_header(token).get("kid"))
            claims: dict[str, Any] = jwt.decode(
                token, key, algorithms=list(settings.algorithms), issuer=settings.issuer, audience=settings.audience,
                options={"require": ["exp", "iss", "aud", "sub"], "strict_aud": True},
            )  # fmt: skip
        except (jwt.PyJWTError, ValueError, TypeError, LookupError):
            return None
        return claims

    async def _identity(self, claims: dict[str, Any]) -> Identity | None:
        from .state import Identity, Role

        settings = self._settings
        wanted = claims.get(settings.project, settings.default_project)
        role = claims.get(settings.role, "member")
        if role not in get_args(Role) or not isinstance(wanted, str):
            return None
        organisation = settings.organisation or self._operators
        project = await self._teams.project(wanted, organisation)
        subject = str(claims["sub"])
        if project is None or project.organisation_id != organisation or not 0 < len(subject) <= _LONGEST:
            return None
        return Identity(
            key_id=f"jwt:{subject}", prefix="jwt", name=subject, project_id=project.id,
            organisation_id=project.organisation_id, user_id=None, role=cast("Role", role), models=("*",),
            routes=("*",), expires=int(claims["exp"]) * 1_000_000,
        )  # fmt: skip

    def _key(self, kid: str | None) -> Any:
        if time.monotonic() - self._read_at > (_FRESH if kid in self._keys else _AGAIN):
            try:
                self._read()
            except ConfigurationError as error:  # what was read before goes on
                _LOG.warning("%s", error)
        if kid in self._keys:
            return self._keys[kid]
        if len(self._keys) == 1 and (kid is None or "" in self._keys):
            return next(iter(self._keys.values()))
        raise KeyError(kid)

    def _read(self) -> None:
        """Read the public keys; what is secret in the file is refused."""
        jwt, path = self._jwt, self._settings.keys
        self._read_at = time.monotonic()
        try:
            text = path.read_text(encoding="utf-8")
            if text.lstrip().startswith("{"):
                keys = jwt.PyJWKSet.from_json(text).keys
                found = {key.key_id or "": key.key for key in keys}
            elif "PUBLIC KEY" in text:
                from cryptography.hazmat.primitives.serialization import load_pem_public_key

                found = {"": load_pem_public_key(text.encode())}
            else:
                raise ValueError("neither a key set nor a public key in PEM is in it")
        except (OSError, ValueError, jwt.PyJWTError) as error:
            raise ConfigurationError(f"gateway.jwt.keys: {path} cannot be used: {error}") from None
        if any(hasattr(key, "private_bytes") or isinstance(key, bytes) for key in found.values()):
            raise ConfigurationError(f"gateway.jwt.keys: {path} holds a secret key; give the public ones alone")
        self._keys = found
