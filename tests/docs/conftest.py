"""An environment in which every provider is the sandbox, over real HTTP on the loopback address."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import tomlkit

from jackfield import Boards
from jackfield.endpoints import key_names


@pytest.fixture(scope="session")
def sandbox() -> Iterator[str]:
    """Serve the sandbox in a process of its own; give its address."""
    command = [sys.executable, "-c", "from jackfield_sandbox import command; command(['serve', '--port', '0'])"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            said = process.stdout.readline()
            found = re.search(r"http://127\.0\.0\.1:\d+", said)
            assert found is not None, said
            yield found[0]
        finally:
            process.terminate()


@pytest.fixture(scope="session")
def reader(sandbox: str, tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """Return the environment of a reader who has every key, and whose providers all answer at the sandbox."""
    boards = Boards(environ={})
    environ = dict(os.environ)
    providers = {}
    for name in boards.providers():
        info = boards.info(name)
        environ |= {variable: "any" for variable in key_names(info)}
        dialects = info.table.get("dialects", {})
        providers[name] = {
            "provider": {"base_url": _moved(info.table["provider"].get("base_url"), sandbox)},
            "dialects": {
                dialect: {"base_url": _moved(table["base_url"], sandbox)}
                for dialect, table in dialects.items()
                if "base_url" in table
            },
        }
    config = tmp_path_factory.mktemp("reader") / "jackfield.toml"
    config.write_text(tomlkit.dumps({"providers": providers}), encoding="utf-8")
    folder = str(Path(sys.executable).parent)
    return {
        **environ,
        "JACKFIELD_CONFIG": str(config),
        # what is not at the loopback address is asked for through a proxy that is not there
        **dict.fromkeys(("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"), "http://127.0.0.1:9"),
        "NO_PROXY": "127.0.0.1,localhost",
        "PATH": folder + os.pathsep + environ.get("PATH", ""),
        "PYTHONWARNINGS": "error::DeprecationWarning",
    }


def _moved(url: str | None, sandbox: str) -> str:
    """Return an address at the sandbox, with the path of the provider's own where it is written out."""
    return sandbox + (re.sub(r"^https?://[^/]*", "", url) if url and "://" in url else "/v1")
