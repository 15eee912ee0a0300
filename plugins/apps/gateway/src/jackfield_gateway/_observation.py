"""What an operator sees of a gateway from outside: whether it is ready, what it counts, a line for each question."""

from __future__ import annotations

import json
import logging
import sys
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from jackfield import ConfigurationError, HTTPResponse

from ._call import Call
from ._health import Healths
from ._records import Entry
from ._settings import Settings

if TYPE_CHECKING:
    from ._app import GatewayApp
    from ._metrics import Metrics
    from ._team import Team

_JSON = {"content-type": "application/json"}
#: How long what was found of the database counts, in seconds.
_FRESH = 1.0
#: Each question is a line here, with its values in the attribute `question`.
LOG = logging.getLogger("jackfield.gateway.access")


class Observation:
    """Is told of every question that has ended, and answers `/healthz`, `/readyz` and `/metrics`."""

    def __init__(self, app: GatewayApp) -> None:
        self._app = app
        self.is_ready = False
        self.healths = Healths()
        self._metrics: Metrics | None = None
        self._missing: str | None = None
        self._asked = (0.0, True)
        self._log = "off"
        try:
            from ._metrics import Metrics

            self._metrics = metrics = Metrics(app.boards)
        except ConfigurationError as error:
            self._missing = str(error)
            return
        metrics.gauge("jackfield_running", lambda: app.panel.running)
        metrics.gauge("jackfield_limits_unchecked", lambda: app.guard.limits.unchecked)
        metrics.gauge("jackfield_history_waiting", lambda: self._of_team(lambda team: team.history.waiting))
        metrics.gauge("jackfield_history_dropped", lambda: self._of_team(lambda team: team.history.dropped))
        metrics.gauge("jackfield_charges_waiting", lambda: self._of_team(lambda team: team.ledger.waiting))

    def _of_team(self, read: Callable[[Team], int]) -> int:
        return read(self._app.team) if self._app.team is not None and self.is_ready else 0

    def use(self, settings: Settings) -> None:
        """Take other settings."""
        self._log = settings.log
        if self._log != "off" and not LOG.handlers:
            handler = logging.StreamHandler(sys.stderr)
            handler.setFormatter(logging.Formatter("%(message)s"))
            LOG.addHandler(handler)
            LOG.setLevel(logging.INFO)
            LOG.propagate = False

    def count(self) -> None:
        """Count what has ended, by the names that are known now."""
        if self._metrics is not None:
            self._metrics.count()

    def ended(self, entry: Entry) -> None:
        """Take a question that has ended."""
        self.healths.ended(entry)
        if self._metrics is not None:
            self._metrics.ended(entry)
        if self._log != "off":
            values = _line(entry)
            plain = " ".join(f"{name}={json.dumps(value)}" for name, value in values.items())
            text = json.dumps(values) if self._log == "json" else plain
            LOG.info(text, extra={"question": values})

    async def answer(self, call: Call) -> HTTPResponse | None:
        """Answer an address of an operator's tools; None: it is none of them."""
        if call.path == "/healthz":
            return HTTPResponse(200, _JSON, b'{"status":"ok"}')
        if call.path == "/readyz":
            if await self._is_ready():
                return HTTPResponse(200, _JSON, b'{"status":"ready"}')
            return HTTPResponse(503, {**_JSON, "retry-after": "1"}, b'{"status":"not ready"}')
        if call.path != "/metrics":
            return None
        team = self._app.team
        if team is not None and (call.identity is None or call.identity.organisation_id != team.operators):
            what = json.dumps({"error": {"message": "metrics are for keys of the first organisation", "code": None}})
            return HTTPResponse(403, _JSON, what.encode())
        if self._metrics is None:
            return HTTPResponse(501, _JSON, json.dumps({"error": {"message": self._missing, "code": None}}).encode())
        return HTTPResponse(200, {"content-type": "text/plain; version=0.0.4; charset=utf-8"}, self._metrics.text())

    async def _is_ready(self) -> bool:
        if not self.is_ready:
            return False
        if (team := self._app.team) is None:
            return True
        asked, found = self._asked
        if time.monotonic() - asked >= _FRESH:
            found = await team.is_ready()
            self._asked = (time.monotonic(), found)
        return found


def _line(entry: Entry) -> dict[str, Any]:
    """Return what a line says of a question: nothing that was said in it, and no key."""
    usage, cost = entry.usage, entry.cost
    return {
        "at": entry.at.isoformat(),
        "id": entry.id,
        "route": entry.route,
        "provider": entry.provider,
        "model": entry.model[:200],
        "status": entry.status,
        "error": entry.error,
        "key": entry.key,
        "project": entry.project,
        "attempts": len(entry.attempts),
        "input_tokens": None if usage is None else usage.input_tokens,
        "output_tokens": None if usage is None else usage.output_tokens,
        "cost": None if cost is None or cost.total is None else f"{cost.total} {cost.currency}",
        "first_ms": None if entry.first is None else round(entry.first * 1000),
        "ms": round(entry.seconds * 1000),
        "sandboxed": entry.sandboxed,
    }
