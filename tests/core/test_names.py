"""The core says nothing that only one provider or dialect needs, and its public names are what they seem."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

import jackfield
from jackfield import Boards

CORE = Path(jackfield.__file__).parent
#: Installed names that are words of the language too; the core may say them.
WORDS: set[str] = {"together"}


def test_no_file_of_the_core_contains_the_name_of_what_is_installed() -> None:
    boards = Boards(environ={})
    names = {part for name in (*boards.providers(), *boards.dialects()) for part in (name, name.partition("-")[0])}
    assert {"openai", "openai-chat", "openai-compatible"} <= names
    found = []
    for path in sorted(CORE.rglob("*")):
        if path.suffix not in (".py", ".toml", ".md", ".typed"):
            continue
        text = path.read_text(encoding="utf-8").lower()
        found += [f"{path.name}: {name}" for name in names - WORDS if re.search(rf"\b{re.escape(name)}\b", text)]
    assert not found


def test_every_public_name_is_there_and_has_a_docstring() -> None:
    assert len(set(jackfield.__all__)) == len(jackfield.__all__) > 100
    for name in jackfield.__all__:
        value = getattr(jackfield, name)
        assert name in dir(jackfield)
        if isinstance(value, type):
            assert value.__doc__, name
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        jackfield.nothing  # noqa: B018


def test_the_tree_in_the_docstring_of_errors_is_the_tree() -> None:
    from jackfield import errors

    drawn = set(re.findall(r"\b[A-Z]\w+\b", errors.__doc__ or ""))
    classes = {
        name
        for name, value in vars(errors).items()
        if isinstance(value, type) and issubclass(value, jackfield.JackfieldError)
    }
    assert classes <= drawn
    assert classes <= set(jackfield.__all__)


def _modules(code: str) -> set[str]:
    """Return the names of all modules that are loaded once the code has run."""
    code = f"{code}\nimport sys\nprint(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True)
    return set(done.stdout.split())


def test_the_import_loads_next_to_nothing() -> None:
    bare = _modules("pass")
    loaded = _modules("import jackfield") - bare
    packages = {name.partition(".")[0] for name in loaded}
    assert not packages & {"pydantic", "pydantic_core", "httpx", "httpx2", "pluggy", "asyncio", "importlib_metadata"}
    assert len(loaded) <= 40


def test_a_client_loads_no_http_library_and_no_event_loop_before_it_sends() -> None:
    packages = {name.partition(".")[0] for name in _modules("import jackfield; jackfield.Client()")}
    assert not packages & {"httpx", "httpx2", "asyncio", "ssl"}
