"""What a test needs and a machine may lack: a skip with its reason, or a failure under ``JACKFIELD_REQUIRE=all``."""

import os
import shutil
from importlib.util import find_spec
from pathlib import Path

import pytest

__all__ = ["everything_is_required", "missing", "program", "require"]


def require(what: str) -> None:
    """Skip the running test where something is missing; fail it where everything is required."""
    reason = missing(what)
    if reason is None:
        return
    if everything_is_required():
        pytest.fail(f"{reason}, and JACKFIELD_REQUIRE=all", pytrace=False)
    pytest.skip(reason)


def missing(what: str) -> str | None:
    """Say why ``recordings``, ``module:NAME`` or ``program:NAME`` is not there, or nothing where it is."""
    kind, _, name = what.partition(":")
    match kind:
        case "recordings":
            return _recordings()
        case "module" if name:
            return None if find_spec(name) else f"the module {name} is not installed"
        case "program" if name:
            return None if program(name) else f"the program {name} is not on PATH"
    raise ValueError(f"{what!r} cannot be required; recordings, module:NAME and program:NAME can")


def program(name: str) -> str | None:
    """Find a program on PATH, or where Debian keeps the programs of PostgreSQL's server, which are not; the newest."""
    if (found := shutil.which(name)) is not None:
        return found
    return next((str(path) for path in sorted(Path("/usr/lib/postgresql").glob(f"*/bin/{name}"), reverse=True)), None)


def everything_is_required() -> bool:
    """Whether a skip is a failure."""
    value = os.environ.get("JACKFIELD_REQUIRE", "")
    if value not in ("", "all"):
        raise ValueError(f"JACKFIELD_REQUIRE is {value!r}; 'all' is its only value")
    return value == "all"


def _recordings() -> str | None:
    value = os.environ.get("JACKFIELD_RECORDINGS")
    if not value:
        return "JACKFIELD_RECORDINGS is not set"
    return None if Path(value, "MANIFEST.json").is_file() else "JACKFIELD_RECORDINGS names a folder without recordings"
