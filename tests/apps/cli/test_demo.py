"""`jackfield chat --demo`: the sandbox answers in the place of providers without a key, and every answer says so."""

import json
from pathlib import Path

import pytest

from tests.apps.cli.processes import Command
from tests.apps.cli.server import Provider

#: Makes the sandbox look as if it were not installed.
HIDES = """
import importlib.util
found = importlib.util.find_spec
importlib.util.find_spec = lambda name, *rest: None if name == "jackfield_sandbox" else found(name, *rest)
"""


@pytest.mark.needs("module:jackfield_sandbox")
def test_a_provider_without_a_key_is_answered_for(jackfield: Command, provider: Provider) -> None:
    done = jackfield("chat", "--demo", "-m", "locked/large", "Hi")
    assert (done.status, provider.requests) == (0, [])
    assert done.out.strip()
    first, last = done.err.splitlines()
    assert first.startswith("demo: locked is not set up here; the sandbox answers")
    assert last.endswith("; made up by the sandbox")
    assert "unknown cost" in last


@pytest.mark.needs("module:jackfield_sandbox")
@pytest.mark.parametrize("model", ["ibm/ibm/granite-4-h-small", "vertex/claude-sonnet-4-6", "writer/palmyra-x5"])
def test_a_provider_with_an_address_of_its_own_is_answered_for(jackfield: Command, model: str) -> None:
    done = jackfield("chat", "--demo", "-m", model, "Hi")
    assert done.status == 0, done.err
    assert done.out.strip()
    assert "tokens in" in done.err.splitlines()[-1]


@pytest.mark.needs("module:jackfield_sandbox")
def test_a_provider_that_can_be_asked_is_asked(jackfield: Command, provider: Provider) -> None:
    done = jackfield("chat", "--demo", "-m", "acme/large", "Hi")
    assert (done.out, len(provider.requests)) == ("Hello, wörld 🌍\n", 1)
    assert "sandbox" not in done.err


@pytest.mark.needs("module:jackfield_sandbox")
def test_the_json_of_a_made_up_answer_is_marked(jackfield: Command) -> None:
    done = jackfield("chat", "--demo", "-m", "openai-compatible/x", "-m", "acme/large", "--json", "Hi")
    assert [answer["sandboxed"] for answer in json.loads(done.out)] == [True, False]


@pytest.mark.needs("module:jackfield_sandbox")
def test_an_unknown_provider_stays_unknown(jackfield: Command) -> None:
    assert jackfield("chat", "--demo", "-m", "nobody/x", "Hi").status == 2


def test_without_the_sandbox_the_way_to_it_is_said(jackfield: Command, tmp_path: Path) -> None:
    (tmp_path / "sitecustomize.py").write_text(HIDES)
    command = Command(environ={**jackfield.environ, "PYTHONPATH": str(tmp_path)})
    done = command("chat", "--demo", "-m", "locked/large", "Hi")
    assert (done.status, done.out) == (2, "")
    assert "pip install jackfield-sandbox" in done.err
