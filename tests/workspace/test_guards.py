"""The guards of the tests hold: no credentials, no network, no unseen skip."""

import os
import re
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from tests.guards import NetworkRefused, is_local, unset_credentials
from tests.require import missing

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.parametrize(
    "name",
    [
        "OPENAI_API_KEY",
        "HF_TOKEN",
        "AWS_PROFILE",
        "GOOGLE_APPLICATION_CREDENTIALS",
        "https_proxy",
        "ALL_PROXY",
        "ANTHROPIC_BASE_URL",
        "AZURE_CLIENT_ID",
        "JACKFIELD_CONFIG",
        "ACME_API_KEY",
        "CO_API_KEY",
        "TOKEN",
    ],
)
def test_credentials_are_unset(name: str) -> None:
    environment = {name: "x"}
    unset_credentials(environment)
    assert environment == {}


@pytest.mark.parametrize(
    "name", ["PATH", "HOME", "LANG", "PYTHONPATH", "JACKFIELD_RECORDINGS", "JACKFIELD_REQUIRE", "COLUMNS", "TOKENIZER"]
)
def test_the_rest_of_the_environment_is_kept(name: str) -> None:
    environment = {name: "x"}
    unset_credentials(environment)
    assert environment == {name: "x"}


@pytest.mark.parametrize("host", ["localhost", "a.localhost", "127.0.0.1", "127.8.8.8", "::1", b"localhost", None, ""])
def test_this_machine_is_local(host: object) -> None:
    assert is_local(host)


@pytest.mark.parametrize("host", ["api.example.com", "192.0.2.1", "10.0.0.1", "2001:db8::1", "localhost.example.com"])
def test_another_machine_is_not_local(host: object) -> None:
    assert not is_local(host)


@pytest.mark.parametrize("address", ["192.0.2.1", "10.0.0.1"])
def test_a_connection_to_another_machine_is_refused(address: str) -> None:
    told = re.escape(f"socket.connect was asked for '{address}'")
    with socket.socket() as plain, pytest.raises(NetworkRefused, match=told):
        plain.connect((address, 443))


def test_a_datagram_to_another_machine_is_refused() -> None:
    with socket.socket(type=socket.SOCK_DGRAM) as plain, pytest.raises(NetworkRefused):
        plain.sendto(b"x", ("192.0.2.1", 53))


def test_a_name_elsewhere_is_not_looked_up() -> None:
    with pytest.raises(NetworkRefused, match=r"use a cassette, the sandbox or a server on a loopback address"):
        socket.getaddrinfo("api.example.com", 443)


def test_a_loopback_connection_is_allowed() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server, socket.create_connection(server.getsockname(), 5) as plain:
        assert plain.getpeername() == server.getsockname()


def test_a_unix_socket_is_allowed(tmp_path: Path) -> None:
    path = os.path.relpath(tmp_path / "s")
    with socket.socket(socket.AF_UNIX) as server, socket.socket(socket.AF_UNIX) as plain:
        server.bind(path)
        server.listen()
        plain.connect(path)


def test_an_unknown_requirement_is_an_error() -> None:
    with pytest.raises(ValueError, match=r"'luck' cannot be required"):
        missing("luck")


def test_what_is_here_is_not_missing() -> None:
    assert missing("module:pytest") is None
    assert missing("program:no-such-program") == "the program no-such-program is not on PATH"


SKIPS = {
    "plain": "def test_it(): pytest.skip('why not')",
    "needed": "@pytest.mark.needs('module:no_such_module')\ndef test_it(): pass",
    "skipif": "@pytest.mark.skipif(True, reason='why not')\ndef test_it(): pass",
    "fixture": "@pytest.fixture\ndef it(): pytest.skip('why not')\ndef test_it(it): pass",
    "module": "pytest.importorskip('no_such_module')\ndef test_it(): pass",
}
NO_SKIPS = {
    "allowed": "@pytest.mark.allow_skip(reason='a peer')\ndef test_it(): pytest.skip('why not')",
    "xfail": "@pytest.mark.xfail(reason='known')\ndef test_it(): assert False",
}


@pytest.mark.parametrize("body", SKIPS.values(), ids=SKIPS)
def test_a_skip_is_a_failure_where_everything_is_required(body: str, tmp_path: Path) -> None:
    status, output = _pytest(body, tmp_path, "all")
    assert status in (1, 2)
    assert "JACKFIELD_REQUIRE=all" in output


@pytest.mark.parametrize("body", SKIPS.values(), ids=SKIPS)
def test_a_skip_is_a_skip_elsewhere(body: str, tmp_path: Path) -> None:
    status, output = _pytest(body, tmp_path, "")
    assert status in (0, 5)
    assert "1 skipped" in output


@pytest.mark.parametrize("body", NO_SKIPS.values(), ids=NO_SKIPS)
def test_an_allowed_skip_stays_one(body: str, tmp_path: Path) -> None:
    assert _pytest(body, tmp_path, "all")[0] == 0


def _pytest(body: str, folder: Path, required: str) -> tuple[int, str]:
    file = folder / "test_inner.py"
    file.write_text(f"import pytest\n{body}\n", encoding="utf-8")
    command = [sys.executable, "-m", "pytest", "-p", "tests.conftest", "-p", "no:cacheprovider", "-W", "default"]
    done = subprocess.run(
        [*command, f"--rootdir={folder}", "-c", os.devnull, str(file)],
        cwd=ROOT,
        env={**os.environ, "JACKFIELD_REQUIRE": required},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    return done.returncode, done.stdout + done.stderr
