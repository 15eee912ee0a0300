"""Credentials of a profile: whatever botocore finds for it (files, single sign-on, roles, the machine's own).

botocore is imported when a profile is used, and by nothing else; it keeps and renews what it found.
"""

from __future__ import annotations

import asyncio
import importlib
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from jackfield import ConfigurationError, HTTPRequest, MissingCredential
from jackfield.flows import Do

if TYPE_CHECKING:
    from jackfield.hookspecs import AuthFlow


#: Credentials that renew themselves, by profile.
_KNOWN: dict[str, Any] = {}


def with_profile(profile: str, signed: Callable[[dict[str, str]], HTTPRequest]) -> AuthFlow:
    """Sign with the credentials of a profile."""
    values: dict[str, str] = yield Do(lambda: load(profile), lambda: asyncio.to_thread(load, profile))
    return signed(values)


def load(profile: str) -> dict[str, str]:
    """Return the credentials of a profile as they are now.

    Raises:
        ConfigurationError: botocore is not installed.
        MissingCredential: there are none.
    """
    try:
        session = importlib.import_module("botocore.session")
        errors = importlib.import_module("botocore.exceptions")
    except ImportError:
        raise ConfigurationError(
            "credentials of a profile need botocore; pip install 'jackfield-amazon[chain]'", provider="amazon"
        ) from None
    try:
        found = _KNOWN.get(profile) or session.Session(profile=profile).get_credentials()
        frozen = found and found.get_frozen_credentials()
    except errors.BotoCoreError as error:
        raise MissingCredential(f"{error}; check AWS_PROFILE, or run `aws sso login`", provider="amazon") from None
    if frozen is None:
        raise MissingCredential(
            f"the profile {profile!r} has no credentials; run `aws configure` or `aws sso login` for it",
            provider="amazon",
        )
    if hasattr(found, "refresh_needed"):
        _KNOWN[profile] = found  # what renews itself; keys that stand in a file are read anew each time
    values = {"access_key_id": frozen.access_key, "secret_access_key": frozen.secret_key}
    return {**values, "session_token": frozen.token} if frozen.token else values
