"""`jackfield doctor`: what is broken is named, and breaks nothing else."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.apps.cli.distributions import add_distribution
from tests.apps.cli.processes import Command

CATALOG = {"catalog.toml": '[provider]\nname = "NAME"\ndialect = "openai-chat"\nbase_url = "http://127.0.0.1:9"\n'}
ASYNC_HOOK = "import jackfield\n@jackfield.hookimpl\nasync def translate_request(request): ...\n"


@pytest.fixture
def site(tmp_path: Path) -> Path:
    folder = tmp_path / "site"
    folder.mkdir()
    return folder


@pytest.fixture
def patient(jackfield: Command, site: Path) -> Command:
    admitted = "openai-chat,openai-responses,openai,sick,one,chat,odd"
    return Command(environ={**jackfield.environ, "PYTHONPATH": str(site), "JACKFIELD_PLUGINS": admitted})


def examined(patient: Command, status: int) -> tuple[dict[str, Any], dict[tuple[str, str], Any]]:
    done = patient("doctor", "--json")
    assert done.status == status, done.err
    report = json.loads(done.out)
    return report, {(row["kind"], row["name"]): row for row in report["plugins"]}


def add_provider(site: Path, name: str, code: str) -> None:
    files = {file: text.replace("NAME", name) for file, text in CATALOG.items()}
    add_distribution(site, name, "providers", f"{name} = jackfield_{name}", code, files)


def test_everything_that_is_installed_here_is_well(jackfield: Command) -> None:
    report, found = examined(jackfield, 0)
    assert report["problems"] == []
    assert found[("provider", "openai")]["checks"] == {"name": "ok", "data": "ok", "code": "ok", "board": "ok"}
    assert report["configuration"] == jackfield.environ["JACKFIELD_CONFIG"]
    assert "everything works" in jackfield("doctor").out


@pytest.mark.parametrize(
    ("code", "check", "said"),
    [
        ("import no_such_module", "code", "No module named 'no_such_module'"),
        ("raise SystemExit(3)", "code", "exits with 3"),
        ("class Odd(BaseException): ...\nraise Odd('no')", "code", "Odd: no"),
        (ASYNC_HOOK, "board", "translate_request is async"),
    ],
)
def test_a_broken_plugin_is_named_and_breaks_nothing_else(
    patient: Command, site: Path, code: str, check: str, said: str
) -> None:
    add_provider(site, "sick", code)
    report, found = examined(patient, 1)
    assert said in found[("provider", "sick")]["checks"][check]
    (problem,) = report["problems"]
    assert problem.startswith("provider sick (jackfield-sick 1.5): ")
    assert all(row["ok"] for row in found.values() if row["name"] != "sick")
    assert patient("chat", "-m", "acme/large", "Hi").status == 0


def test_a_broken_extension_spoils_no_other_verdict(patient: Command, site: Path) -> None:
    add_distribution(site, "sick", "extensions", "sick = jackfield_sick", "import no_such_module")
    report, found = examined(patient, 1)
    assert len(report["problems"]) == 1
    assert "JACKFIELD_DISABLE=sick" in report["problems"][0]
    assert found[("provider", "openai")]["ok"]


def test_two_that_claim_one_name_are_both_named(patient: Command, site: Path) -> None:
    add_provider(site, "one", "")
    add_distribution(site, "two", "providers", "one = jackfield_two", "", {})
    report, _ = examined(patient, 1)
    (problem,) = report["problems"]
    assert "jackfield-one 1.5 and jackfield-two 1.5 both claim the name 'one'" in problem


def test_a_command_with_a_name_of_ours_is_reported_and_ours_wins(patient: Command, site: Path) -> None:
    add_distribution(site, "rival", "commands", "chat = jackfield_rival:command", "def command(argv): return 9")
    report, _ = examined(patient, 1)
    assert "jackfield-rival 1.5 brings a command 'chat', which is our own" in report["problems"][0]
    assert patient("chat", "-m", "acme/large", "Hi").status == 0


def test_a_command_that_is_no_function_is_reported(patient: Command, site: Path) -> None:
    add_distribution(site, "odd", "commands", "odd = jackfield_odd:command", "command = 1")
    assert "its command is no function" in examined(patient, 1)[0]["problems"][0]


def test_what_is_left_out_is_not_examined(patient: Command, site: Path) -> None:
    add_provider(site, "sick", "raise SystemExit(3)")
    _, found = examined(Command(environ={**patient.environ, "JACKFIELD_DISABLE": "sick"}), 0)
    assert found[("provider", "sick")]["checks"] == {"name": "disabled"}


def test_a_plugin_without_its_package_or_its_metadata_is_named(patient: Command, site: Path) -> None:
    add_provider(site, "sick", "")
    (site / "jackfield_sick").rename(site / "gone")
    report, found = examined(patient, 1)
    assert "jackfield-sick 1.5: the package jackfield_sick is not there" in report["problems"][0]
    (site / "jackfield_sick-1.5.dist-info" / "METADATA").unlink()
    report, found = examined(patient, 1)
    assert found[("provider", "sick")]["from"] == "jackfield-sick (its metadata cannot be read)"
    assert found[("provider", "openai")]["ok"]


def test_spec_version_import_time_and_size_are_told(patient: Command, site: Path) -> None:
    add_provider(site, "one", "SPEC_VERSION = (1, 3)\n")
    report, found = examined(patient, 0)
    assert (report["spec"], report["slow"]) == ("1.1", [])
    one, code = found[("provider", "one")], (site / "jackfield_one/__init__.py").stat().st_size
    assert one["spec"] == "1.3"
    assert found[("provider", "openai")]["spec"] == "1.0", "who says nothing speaks the first"
    assert 0 <= one["import_seconds"] < 1
    assert one["size_bytes"] == code + (site / "jackfield_one/catalog.toml").stat().st_size


def test_an_import_that_takes_long_is_named_and_is_no_problem(patient: Command, site: Path) -> None:
    add_provider(site, "one", "import time\ntime.sleep(1.1)\n")
    report, found = examined(patient, 0)
    (slow,) = report["slow"]
    assert slow.startswith("provider one (jackfield-one 1.5) takes 1.")
    assert found[("provider", "one")]["import_seconds"] > 1
    assert "provider one (jackfield-one 1.5) takes 1." in patient("doctor").out


def test_another_version_of_the_hook_specs_is_named(patient: Command, site: Path) -> None:
    add_provider(site, "sick", "SPEC_VERSION = (7, 0)\n")
    report, found = examined(patient, 1)
    assert "needs core >= the first release that speaks 7.0" in report["problems"][0]
    assert found[("provider", "sick")]["spec"] is None


def test_a_configuration_that_is_missing_is_a_problem(patient: Command) -> None:
    command = Command(environ={**patient.environ, "JACKFIELD_CONFIG": "nowhere.toml"})
    report, found = examined(command, 1)
    assert "nowhere.toml" in report["problems"][0]
    assert found[("provider", "openai")]["ok"]


def test_problems_are_listed_under_the_table(patient: Command, site: Path) -> None:
    add_provider(site, "sick", "import no_such_module")
    done = patient("doctor")
    assert done.status == 1
    assert done.out.endswith("JACKFIELD_DISABLE=sick\n1 problem\n")
