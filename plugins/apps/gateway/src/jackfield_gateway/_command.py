"""`jackfield serve`: starts the gateway, says what is live and what is not."""

from __future__ import annotations

import argparse
import contextlib
import ipaddress
import os
import socket
import sys
from collections.abc import Mapping, Sequence
from typing import Any

from jackfield import Boards, ConfigurationError, JackfieldError, ProviderInfo
from jackfield.endpoints import has_credential, key_names

from ._stores import STORE, add_store, open_team

KEY = "JACKFIELD_GATEWAY_KEY"


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
    add_store(parser, f"keep keys and history in a database, such as sqlite:///gateway.db (default: {STORE})")
    options = parser.parse_args(argv)
    try:
        return _serve(options)
    except JackfieldError as error:
        print(f"jackfield serve: {error}", file=sys.stderr)
        return 2


def _serve(options: argparse.Namespace) -> int:
    host, port, demo = options.host, options.port, options.demo
    key = os.environ.get(KEY) or None
    team = None if options.store is None else open_team(options)
    if not _is_loopback(host) and (demo or (key is None and team is None)):
        what = "the demo answers on loopback only" if demo else f"without {KEY} the gateway answers on loopback only"
        raise ConfigurationError(f"{what}, not on {host}; use --host 127.0.0.1")
    listener = _listen(host, port)
    with listener:
        port = listener.getsockname()[1]
        boards = Boards.of()
        sandboxed = _sandboxed(boards) if demo else {}
        _greet(boards, sandboxed, host, port, key is not None or team is not None)
        from ._app import GatewayApp
        from ._server import serve

        return serve(GatewayApp(sandboxed, key, boards, team=team), listener)


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
