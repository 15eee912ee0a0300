"""Runs the gateway on uvicorn until it is stopped, and lets it read its configuration again on the signal HUP."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import math
import os
import signal
import socket
import sys

import uvicorn

from jackfield import JackfieldError

from ._app import GatewayApp
from ._protocol import bounded

#: A request makes some hundred objects that may be in cycles, and hardly any that are. To look for those after every
#: 700 objects, as Python does by itself, took a tenth of a request.
_COLLECTING = (20_000, 20, 20)


class _Server(uvicorn.Server):
    """uvicorn, and one more signal; Windows has none of that name."""

    def __init__(self, config: uvicorn.Config, app: GatewayApp) -> None:
        super().__init__(config)
        self._app = app

    async def serve(self, sockets: list[socket.socket] | None = None) -> None:
        if (hang_up := getattr(signal, "SIGHUP", None)) is not None:
            asyncio.get_running_loop().add_signal_handler(hang_up, _reload, self._app)
        await super().serve(sockets)

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Start; what is there by then stays, and the collector of cycles is spared it."""
        await super().startup(sockets)
        gc.collect()
        gc.freeze()
        gc.set_threshold(*_COLLECTING)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Say that no more should be asked, and let what is under way come to its end."""
        self._app.observation.is_ready = False
        await super().shutdown(sockets)


def serve(app: GatewayApp, listener: socket.socket) -> int:
    """Serve an app on a socket; return the exit code: 0, or 2 where it could not start."""
    settings = app.settings
    config = uvicorn.Config(
        app, log_level="warning", access_log=False, timeout_keep_alive=75, lifespan="on", ws="none",
        timeout_graceful_shutdown=math.ceil(settings.drain), http=bounded(settings.max_header), server_header=False,
        proxy_headers=False,
    )  # fmt: skip
    server = _Server(config, app)
    with contextlib.suppress(KeyboardInterrupt):
        server.run(sockets=[listener])
    return 0 if server.started else 2


def _reload(app: GatewayApp) -> None:
    """Read the configuration again, and say what came of it."""
    try:
        fixed = app.reload(os.environ)
    except JackfieldError as error:
        print(f"jackfield serve: the configuration in force stays, as the new one is wrong: {error}", file=sys.stderr)
    else:
        more = f"; {', '.join(fixed)} count after a restart" if fixed else ""
        print(f"jackfield serve: {app.boards.source} was read again{more}", file=sys.stderr)
    sys.stderr.flush()
