"""The keys of a gateway that runs elsewhere, by its management API."""

from __future__ import annotations

import argparse
import os
from collections.abc import Mapping
from typing import Any

from pydantic_core import from_json, to_json

from jackfield import (
    AuthenticationError,
    ConfigurationError,
    ConnectionFailed,
    HTTPRequest,
    InvalidRequestError,
    PermissionDenied,
    Timeout,
)
from jackfield.transport import open_transport

from ._settings import KEY

_SECONDS = 30.0


class Remote:
    """Asks a gateway at a URL, with the key of an administrator, which the environment has.

    Raises:
        ConfigurationError: no key is set.
    """

    def __init__(self, url: str, environ: Mapping[str, str] = os.environ) -> None:
        if not (key := environ.get(KEY)):
            raise ConfigurationError(f"--url needs the key of an administrator; set {KEY}")
        self._url = url.rstrip("/")
        self._key = key

    def keys(self, options: argparse.Namespace) -> tuple[list[dict[str, Any]], str | None]:
        """Do what a command says; return the keys that it is about, and the text of a new one.

        Raises:
            JackfieldError: the gateway is not reached, or refuses.
        """
        match options.what:
            case "create":
                body = {
                    "name": options.name, "role": options.role, "models": options.model or ["*"],
                    "routes": options.route or ["*"],
                    **({} if options.project is None else {"project_id": options.project}),
                }  # fmt: skip
                made = self._ask("POST", "keys", body)
                return [made["data"]], made["key"]
            case "revoke":
                return [self._ask("POST", f"keys/{options.id}/revoke")], None
            case "rotate":
                made = self._ask("POST", f"keys/{options.id}/rotate", {"overlap_hours": options.overlap})
                return [made["data"]], made["key"]
        found: list[dict[str, Any]] = self._ask("GET", "keys", query=f"?ended={str(options.ended).lower()}")["data"]
        return found, None

    def _ask(self, method: str, path: str, body: Any = None, query: str = "") -> Any:
        headers = {"authorization": f"Bearer {self._key}", "content-type": "application/json"}
        asked = HTTPRequest(method, f"{self._url}/api/manage/{path}{query}", headers, to_json(body) if body else b"")
        transport = open_transport(None, os.environ)
        try:
            reply = transport.send(asked, Timeout.of(_SECONDS))
            told = b"".join(reply.chunks)
            reply.close()
        except ConnectionFailed as error:
            raise ConnectionFailed(f"{self._url} is not reached: {error.message}") from None
        finally:
            transport.close()
        try:
            found = from_json(told)
        except ValueError:
            found = None
        if reply.status == 200 and isinstance(found, dict):
            return found
        refusal = found.get("error") if isinstance(found, dict) else None
        reason = refusal.get("message") if isinstance(refusal, dict) else None
        kind = {401: AuthenticationError, 403: PermissionDenied}.get(reply.status, InvalidRequestError)
        raise kind(reason or f"{self._url} is no gateway with a team", status=reply.status)
