"""The recorded exchanges, found through ``JACKFIELD_RECORDINGS`` and never copied from there."""

import base64
import json
import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

__all__ = ["Exchange", "apis", "exchanges", "expected_count", "root"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Exchange:
    """One recorded request and the answer to it."""

    file: str
    index: int
    request: dict[str, Any] = field(repr=False)
    response: dict[str, Any] = field(repr=False)
    streaming: bool
    framing: str | None
    url: str

    @property
    def request_json(self) -> dict[str, Any] | None:
        """The request's body where it is a JSON object."""
        try:
            value = json.loads(_body(self.request))
        except ValueError:
            return None
        return value if isinstance(value, dict) else None

    @property
    def response_bytes(self) -> bytes:
        """The answer's body as it was on the wire, content codings undone."""
        return _body(self.response)

    @property
    def is_error(self) -> bool:
        """Whether the status says that the request failed."""
        return int(self.response["status"]) >= 400

    @property
    def interaction(self) -> dict[str, Any]:
        """The two messages in the form the oracles read."""
        return {"request": self.request, "response": self.response}


def root() -> Path | None:
    """Return the folder of the recordings, or nothing where the environment names none."""
    value = os.environ.get("JACKFIELD_RECORDINGS")
    return Path(value) if value else None


def apis() -> list[tuple[str, str]]:
    """List every provider and api that has a folder."""
    base = _base()
    return sorted(
        (api.parent.name, api.name) for api in base.glob("*/*") if api.is_dir() and next(api.glob("*.json"), None)
    )


def exchanges(provider: str, api: str) -> Iterator[Exchange]:
    """Yield every exchange of one api, in the order of the file names."""
    base = _base()
    for path in sorted((base / provider / api).glob("*.json")):
        for index, interaction in enumerate(_interactions(path)):
            request = interaction["request"]
            yield Exchange(
                file=path.relative_to(base).as_posix(),
                index=index,
                request=request,
                response=interaction["response"],
                streaming=bool(interaction.get("streaming")),
                framing=interaction.get("framing"),
                url=request["url"],
            )


def expected_count(provider: str, api: str) -> int:
    """Count the exchanges in the files the manifest lists for one api.

    A listed file that is gone raises FileNotFoundError; a file the manifest does not list makes the count
    differ from that of ``exchanges``.
    """
    base = _base()
    manifest = json.loads((base / "MANIFEST.json").read_text(encoding="utf-8"))
    prefix = f"{provider}/{api}/"
    return sum(len(_interactions(base / name)) for name in manifest["files"] if name.startswith(prefix))


def _base() -> Path:
    base = root()
    if base is None:
        raise LookupError("JACKFIELD_RECORDINGS is not set; it names the folder of the recordings")
    return base


def _interactions(path: Path) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(path.read_text(encoding="utf-8"))["interactions"]
    return found


def _body(message: dict[str, Any]) -> bytes:
    if "body_base64" in message:
        return base64.b64decode(message["body_base64"])
    return (message.get("body") or "").encode()
