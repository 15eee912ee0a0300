"""Runs the gateway on uvicorn until it is stopped, and lets it read its configuration again on the signal HUP."""

from __future__ import annotations

import asyncio
import contextlib
import signal
import socket
import sys

import uvicorn

from jackfield import Boards, JackfieldError

from ._app import GatewayApp


class _Server(uvicorn.Server):
    """uvicorn, and one more signal; Windows has none of that name."""

    def __init__(self, config: uvicorn.Config, boards: Boards) -> None:
        super().__init__(config)
        self._boards = boards

    async def serve(self, sockets: list[socket.socket] | None = None) -> None:
        if (hang_up := getattr(signal, "SIGHUP", None)) is not None:
            asyncio.get_running_loop().add_signal_handler(hang_up, _reload, self._boards)
        await super().serve(sockets)


def serve(app: GatewayApp, listener: socket.socket) -> int:
    """Serve an app on a socket; return the exit code: 0, or 2 where it could not start."""
    config = uvicorn.Config(
        app, log_level="warning", access_log=False, timeout_keep_alive=75, timeout_graceful_shutdown=5, lifespan="on"
    )
    server = _Server(config, app.boards)
    with contextlib.suppress(KeyboardInterrupt):
        server.run(sockets=[listener])
    return 0 if server.started else 2


def _reload(boards: Boards) -> None:
    """Read the configuration again, and say what came of it."""
    try:
        boards.reload()
    except JackfieldError as error:
        print(f"jackfield serve: the configuration in force stays, as the new one is wrong: {error}", file=sys.stderr)
    else:
        print(f"jackfield serve: {boards.source} was read again", file=sys.stderr)
    sys.stderr.flush()
