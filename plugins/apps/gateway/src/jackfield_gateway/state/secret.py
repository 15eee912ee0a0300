"""The server's secret, and what follows from it: hashes of keys, and secrets for one purpose each.

A key is stored as its HMAC under the secret: whoever reads the database can neither use what stands there nor try keys
against it.
"""

from __future__ import annotations

import hashlib
import hmac
import os
import re
import secrets
from pathlib import Path

from jackfield import ConfigurationError

__all__ = ["PREFIX_LENGTH", "Secret", "is_key", "new_key", "read_secret"]

#: How much of a key is kept to be shown: the sign and 8 of its 43 random characters, 48 of 256 bits.
PREFIX_LENGTH = 11
_KEY = re.compile(r"jf-[A-Za-z0-9_-]{43}")
_LEAST = 32


class Secret:
    """A secret of 32 bytes or more; its value is in no repr."""

    __slots__ = ("_keys", "_marks", "_material")

    def __init__(self, material: bytes) -> None:
        if len(material) < _LEAST:
            raise ConfigurationError(f"the gateway's secret has {len(material)} bytes; it needs {_LEAST} or more")
        self._material = material
        self._keys = hmac.new(self.derive("keys"), digestmod=hashlib.sha256)
        self._marks = self.derive("marks")

    def __repr__(self) -> str:
        return "Secret(...)"

    def derive(self, purpose: str) -> bytes:
        """Return a secret of 32 bytes for one purpose; from one, no other can be found."""
        return hmac.digest(self._material, purpose.encode(), "sha256")

    def hash_key(self, key: str) -> str:
        """Return what is stored of a key, 64 hexadecimal digits; the whole key counts."""
        found = self._keys.copy()  # unlike hmac.digest it never waits for the lock of the interpreter
        found.update(key.encode())
        return found.hexdigest()

    def mark(self, key: str) -> bytes:
        """Return what a key is remembered by in this process; it is never stored, and costs a third of `hash_key`."""
        # a hash after the secret would let others hash what continues a key; all keys are of one length
        return hashlib.sha256(self._marks + key.encode()).digest()


def is_key(text: str) -> bool:
    """Whether a text has the form of a key; nothing else is looked up, whatever a caller sends."""
    return _KEY.fullmatch(text) is not None


def new_key() -> str:
    """Make a key."""
    return f"jf-{secrets.token_urlsafe(32)}"


def read_secret(path: Path) -> Secret:
    """Read the secret in a file, which is made with a new one where there is none; only its owner may read it.

    Raises:
        ConfigurationError: the file cannot be read or made, or holds too little.
    """
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        pass
    except OSError as error:
        raise ConfigurationError(f"the secret {path} cannot be made: {error.strerror}") from None
    else:
        with os.fdopen(descriptor, "w", encoding="ascii") as file:
            file.write(secrets.token_hex(32) + "\n")
    try:
        return Secret(path.read_bytes().strip())
    except OSError as error:
        raise ConfigurationError(f"the secret {path} cannot be read: {error.strerror}") from None
