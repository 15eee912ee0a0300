"""A page of a provider's documentation as a file: what is asked, what arrives there, what comes back, and what is read.

The first line of each file says where its answers come from, as that of a cassette does. An answer is never one of our
sandbox: it was written by hand from the page, and stands until a recording takes its place.
"""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.core.server import Script, Server, streamed, whole

__all__ = ["KEY", "PAGES", "Page", "origin"]

_FOLDER = Path(__file__).parent / "pages"
#: The names of the files, most of them a provider's.
PAGES = sorted(path.stem for path in _FOLDER.glob("*.toml"))
KEY = "key-of-nobody"
_ORIGIN = re.compile(r"# origin: synthetic, from (https://[\w.-]+/\S+), (\d{4}-\d{2}-\d{2})\n")
#: A hundred bytes of an answer at a time, so that events are cut anywhere.
_PIECE = 100


def origin(name: str) -> tuple[str, str]:
    """Return the address of the page and the day on which it was read."""
    found = _ORIGIN.match((_FOLDER / f"{name}.toml").read_text(encoding="utf-8"))
    assert found is not None, f"{name}: the first line does not say where its answers come from"
    return found[1], found[2]


@dataclass(frozen=True)
class Page:
    """One file. `part` is `text` or `call`."""

    name: str
    table: dict[str, Any]

    @classmethod
    def read(cls, name: str) -> Page:
        """Read the file of a name."""
        return cls(name, tomllib.loads((_FOLDER / f"{name}.toml").read_text(encoding="utf-8")))

    @property
    def provider(self) -> str:
        """The provider whose page it is."""
        return str(self.table.get("provider", self.name))

    @property
    def model(self) -> str:
        """The full name of the model that is asked."""
        return f"{self.provider}/{self.table['asked']['model']}"

    @property
    def parameters(self) -> dict[str, Any]:
        """What is asked beside the model, in the library's words."""
        return {name: value for name, value in self.table["asked"].items() if name != "model"}

    def settings(self, server: Server) -> dict[str, dict[str, Any]]:
        """Return the configuration of a client whose provider is a server on loopback."""
        return {self.provider: {"base_url": server.url, "api_key": KEY, **self.table.get("settings", {})}}

    def path(self, part: str, *, stream: bool) -> str:
        """Return the address that is asked, behind the base URL."""
        return str(self.table[part].get("stream_path" if stream else "path", "/chat/completions"))

    def says(self, part: str, *, stream: bool) -> dict[str, Any]:
        """Return what an answer says."""
        return {**self.table[part]["says"], **(self.table[part].get("streamed", {}) if stream else {})}

    def answer(self, server: Server, part: str, *, stream: bool, events: str | None = None) -> None:
        """Let the server give the page's answer; where one leads to a stream, both."""
        table = self.table[part]
        if not stream:
            server.answer(self._whole(server, table["whole"]))
            return
        data = (table["stream"].lstrip("\n") if events is None else events).encode()
        pieces = [data[place : place + _PIECE] for place in range(0, len(data), _PIECE)]
        script = streamed(*pieces, x_request_id=self.request_id)
        server.answer(*([self._whole(server, table["begun"])] if "begun" in table else []), script)

    def fail(self, server: Server) -> None:
        """Let the server give the page's error."""
        error = self.table["error"]
        server.answer(whole(error["body"].encode(), error["status"], x_request_id=self.request_id))

    @property
    def request_id(self) -> str:
        """The id under which the provider knows the request, in the header that most of them use."""
        return f"req-{self.name}"

    def _whole(self, server: Server, text: str) -> Script:
        return whole(text.strip().replace("{base}", server.url).encode(), x_request_id=self.request_id)
