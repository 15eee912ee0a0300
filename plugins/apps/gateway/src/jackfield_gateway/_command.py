"""`jackfield serve`: starts the gateway, says what is live and what is not."""

from __future__ import annotations

import argparse
import contextlib
import ipaddress
import os
import socket
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from jackfield import Boards, ConfigurationError, JackfieldError, ProviderInfo
from jackfield.endpoints import has_credential, key_names

from ._settings import KEY, Settings, read_settings
from ._stores import STORE, add_store, secret_of

if TYPE_CHECKING:
    from ._app import GatewayApp
    from ._team import Team


def command(argv: Sequence[str]) -> int:
    """Run the gateway until it is stopped; return the exit code: 0, or 2 where it cannot start."""
    parser = argparse.ArgumentParser(
        prog="jackfield serve",
        description="Serve every installed provider over HTTP.",
        epilog="The signal HUP lets it read the file that JACKFIELD_CONFIG names again; a wrong one changes nothing.",
    )
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on (default: %(default)s)")
    parser.add_argument("--port", type=int, default=8700, help="port to listen on, 0 for any (default: %(default)s)")
    parser.add_argument("--demo", action="store_true", help="let the sandbox answer for providers without a key")
    parser.add_argument(
        "--workers", type=int, default=1, metavar="N", help="processes that serve (default: %(default)s)"
    )
    parser.add_argument("--check", action="store_true", help="read the configuration, say what is wrong, and end")
    add_store(parser, f"keep keys and history in a database, such as sqlite:///gateway.db (default: {STORE})")
    options = parser.parse_args(argv)
    try:
        return _checked(options) if options.check else _serve(options)
    except JackfieldError as error:
        print(f"jackfield serve: {error}", file=sys.stderr)
        return 2


def _checked(options: argparse.Namespace) -> int:
    """Open everything that serving needs, without listening."""
    boards, settings = _read(options)
    app_of(options, boards, settings)
    source = "no configuration file is in force" if boards.source is None else f"{boards.source} is well"
    print(
        f"{source}; {len(boards.providers())} providers, {len(settings.aliases)} aliases, {len(settings.limits)} limits"
    )
    return 0


def _serve(options: argparse.Namespace) -> int:
    host, port = options.host, options.port
    boards, settings = _read(options)
    key = os.environ.get(KEY) or None
    has_key = key is not None or settings.store is not None
    if not _is_loopback(host) and (options.demo or not has_key):
        what = (
            "the demo answers on loopback only"
            if options.demo
            else f"without {KEY} the gateway answers on loopback only"
        )
        raise ConfigurationError(f"{what}, not on {host}; use --host 127.0.0.1")
    if options.workers < 1:
        raise ConfigurationError(f"--workers: {options.workers} is too few; 1 is the least")
    if options.workers > 1 and settings.limits_url == "memory://":
        raise ConfigurationError(
            f"--workers {options.workers}: each process would count limits on its own, so that callers had "
            f"{options.workers} times what they may have; set gateway.limits_url to a Redis, as redis://127.0.0.1"
        )
    listener = _listen(host, port)
    with listener:
        app = app_of(options, boards, settings)
        _greet(boards, app.sandboxed, host, listener.getsockname()[1], has_key)
        if options.workers > 1:
            from ._workers import run_workers

            return run_workers(options, listener, options.workers, settings.drain)
        from ._server import serve

        return serve(app, listener)


def _read(options: argparse.Namespace) -> tuple[Boards, Settings]:
    """Read the configuration; what the command line says has the last word.

    Raises:
        ConfigurationError: it is wrong.
    """
    boards = Boards.of()
    settings = read_settings(boards.config, os.environ)
    return boards, settings.model_copy(update=_given(options))


def _given(options: argparse.Namespace) -> dict[str, Any]:
    """Return the settings that the command line says."""
    given = {"store": options.store, "secret_file": options.secret_file and Path(options.secret_file)}
    return {name: value for name, value in given.items() if value is not None}


def app_of(options: argparse.Namespace, boards: Boards | None = None, settings: Settings | None = None) -> GatewayApp:
    """Make the application that the options and the configuration describe.

    Raises:
        ConfigurationError: something is wrong, or is not installed.
    """
    from ._app import GatewayApp

    if boards is None or settings is None:
        boards, settings = _read(options)
    team: Team | None = None
    if settings.store is not None:
        from ._team import Team

        team = Team(settings.store, secret_of(settings.store, settings.secret_file))
    sandboxed = _sandboxed(boards) if options.demo else {}
    app = GatewayApp(sandboxed, os.environ.get(KEY) or None, boards, team=team, settings=settings)
    app.sandboxed, app.overrides = sandboxed, _given(options)
    return app


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return host == "localhost"


def _listen(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host.strip("[]"), port))
        listener.listen(2048)
    except OSError as error:
        listener.close()
        raise ConfigurationError(
            f"port {port} of {host} cannot be used ({error.strerror or error}); choose another with --port"
        ) from None
    return listener


def _sandboxed(boards: Boards) -> Mapping[str, Mapping[str, Any]]:
    """Return overrides that let the sandbox answer for every provider that could not be asked otherwise."""
    try:
        from jackfield_sandbox import AsyncSandboxTransport, stand_in
    except ImportError:
        raise ConfigurationError("the demo needs the sandbox: pip install jackfield-sandbox") from None
    transport = AsyncSandboxTransport()
    found = {}
    for name in boards.providers():
        with contextlib.suppress(JackfieldError):
            if _wanted(boards.info(name)):
                found[name] = stand_in(boards, name, transport)
    return found


def _wanted(info: ProviderInfo) -> list[str]:
    """Return the environment names that a provider waits for; none where it could be asked."""
    names = [] if has_credential(info, {}, os.environ) else key_names(info)
    if "base_url" in info.settings and info.settings["base_url"].default is None:
        env = info.settings["base_url"].env
        names += [] if any(os.environ.get(name) for name in env) else env
    return names


def _greet(boards: Boards, sandboxed: Mapping[str, Any], host: str, port: int, has_key: bool) -> None:
    shown = f"[{host}]" if ":" in host else host
    print(f"jackfield gateway on http://{shown}:{port}")
    for name in boards.providers():
        try:
            info = boards.info(name)
        except JackfieldError as error:
            print(f"  {name}: broken: {error}")
            continue
        names = " or ".join(_wanted(info))
        if name in sandboxed:
            print(f"  {name}: the sandbox answers; set {names} for the real one")
        else:
            print(f"  {name}: live" if not names else f"  {name}: not set up; set {names}")
    if not has_key:
        print(f"  programs on this machine may call; set {KEY} to ask callers for a key")
    if (model := _example(boards)) is not None:
        body = f'{{"model": "{model}", "messages": [{{"role": "user", "content": "Hello"}}]}}'
        address = f"http://{shown}:{port}/v1/chat/completions"
        print(f"  try: curl -s {address} -H 'content-type: application/json' -d '{body}'")
    sys.stdout.flush()


def _example(boards: Boards) -> str | None:
    """Return a model to try: of a provider whose key is set, else of the one that most people know."""
    found: dict[str, str] = {}
    for name in boards.providers():
        with contextlib.suppress(JackfieldError):
            info = boards.info(name)
            if info.default_model is not None:
                found[name] = f"{name}/{info.default_model}"
                if key_names(info) and has_credential(info, {}, os.environ):
                    return found[name]
    return found.get("openai") or next(iter(found.values()), None)
