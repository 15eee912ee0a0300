"""The command `sandbox serve`, and the server behind it; it listens on the loopback address unless told otherwise."""

from __future__ import annotations

import argparse
import logging
import socket
import sys
from collections.abc import Sequence
from pathlib import Path

from jackfield import Boards, ConfigurationError, JackfieldError

HOST = "127.0.0.1"
PORT = 8701


def command(argv: Sequence[str] | None = None) -> int:
    """Run the command line; returns the exit status."""
    parser = argparse.ArgumentParser(prog="sandbox", description="impersonate providers with scripted answers")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    serving = commands.add_parser("serve", help="listen for requests of every installed dialect")
    serving.add_argument("--host", default=HOST, help="the address to listen at (default: %(default)s)")
    serving.add_argument("--port", default=PORT, type=int, help="the port to listen at; 0: any (default: %(default)s)")
    serving.add_argument("--scenario", metavar="FILE", help="a TOML file that says which requests go wrong")
    options = parser.parse_args(argv)
    try:
        serve(options.host, options.port, scenario=options.scenario)
    except JackfieldError as error:
        sys.stderr.write(f"sandbox: {error}\n")
        return 1
    return 0


def serve(host: str = HOST, port: int = PORT, boards: Boards | None = None, scenario: str | Path | None = None) -> None:
    """Serve until interrupted.

    Raises:
        ConfigurationError: the address cannot be listened at, or uvicorn is not installed.
    """
    try:
        import uvicorn
    except ImportError:
        raise ConfigurationError("uvicorn is not installed; pip install jackfield-sandbox[serve]") from None
    from ._app import SandboxApp
    from ._sockets import protocol

    app = SandboxApp(boards, scenario=scenario)
    known = sorted({dialect for dialect, _ in app.sandbox.routes})
    listener = _listen(host, port)
    try:
        logging.getLogger("uvicorn.error").addFilter(is_news)
        config = uvicorn.Config(
            app, log_level="warning", lifespan="off", ws="none", timeout_graceful_shutdown=2, http=protocol()
        )
        where = f"[{host}]" if ":" in host else host
        sys.stdout.write(
            f"the sandbox speaks {', '.join(known) or 'no dialect: install one'} at "
            f"http://{where}:{listener.getsockname()[1]} (give this as base URL, with /v1 where the provider has it)\n"
        )
        sys.stdout.flush()
        uvicorn.Server(config).run(sockets=[listener])
    except KeyboardInterrupt:
        pass
    finally:
        listener.close()


def is_news(record: logging.LogRecord) -> bool:
    """Tell whether a log record says something: that a connection was cut on demand does not."""
    from ._app import ConnectionCut

    return not (record.exc_info and isinstance(record.exc_info[1], ConnectionCut))


def _listen(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((host, port))
    except (OSError, OverflowError) as error:
        listener.close()
        reason = getattr(error, "strerror", None) or str(error)
        raise ConfigurationError(
            f"cannot listen at {host}:{port}: {reason.lower()}; end what listens there or choose another --port"
        ) from None
    return listener
