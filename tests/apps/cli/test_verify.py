"""`jackfield plugins verify`: every installed file against the hash that its installer wrote down."""

import hashlib
import json
import subprocess
import sys
import sysconfig
from base64 import urlsafe_b64encode
from pathlib import Path
from typing import Any

import pytest

from tests.apps.cli.processes import Command, Done

RAISES = "raise SystemExit('a plugin was imported')\n"


class Environment:
    """A virtual environment that sees ours, with distributions of its own."""

    def __init__(self, folder: Path, command: Command) -> None:
        subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(folder)], check=True)
        self.python = folder / "bin/python"
        (self.site,) = folder.glob("lib/python3*/site-packages")
        (self.site / "ours.pth").write_text(f"import site; site.addsitedir({sysconfig.get_path('purelib')!r})\n")
        self._environ = {**command.environ, "PYTHONPATH": ""}

    def install(self, name: str, files: dict[str, str], **metadata: str) -> Path:
        """Install a distribution as pip does; returns the folder of its metadata."""
        info = f"jackfield_{name}-1.5.dist-info"
        entry = f"[jackfield.providers]\n{name} = jackfield_{name}\n"
        everything = {
            f"jackfield_{name}/__init__.py": RAISES,
            **files,
            f"{info}/METADATA": f"Metadata-Version: 2.1\nName: jackfield-{name}\nVersion: 1.5\n",
            f"{info}/entry_points.txt": entry,
            **{f"{info}/{file}": text for file, text in metadata.items()},
        }
        rows = [f"{info}/RECORD,,"]
        for path, text in everything.items():
            place = self.site / path
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_text(text)
            digest = urlsafe_b64encode(hashlib.sha256(text.encode()).digest()).decode().rstrip("=")
            rows.append(f"{path},sha256={digest},{len(text)}")
        (self.site / info / "RECORD").write_text("\n".join(rows) + "\n")
        return self.site / info

    def run(self, *words: str) -> Done:
        done = subprocess.run(
            [str(self.python), "-m", "jackfield_cli", "plugins", "verify", *words],
            env=self._environ,
            capture_output=True,
            text=True,
            timeout=60,
        )
        return Done(status=done.returncode, out=done.stdout, err=done.stderr)

    def verified(self, status: int) -> tuple[dict[str, Any], dict[str, Any]]:
        done = self.run("--json")
        assert done.status == status, done.err + done.out
        report = json.loads(done.out)
        assert report["ok"] is (status == 0)
        return report, {row["name"]: row for row in report["distributions"]}


@pytest.fixture
def environment(tmp_path: Path, jackfield: Command) -> Environment:
    return Environment(tmp_path / "venv", jackfield)


def test_what_is_as_it_was_installed_is_well_and_nothing_is_imported(environment: Environment) -> None:
    environment.install("acme", {"jackfield_acme/catalog.toml": "[provider]\n"})
    _, found = environment.verified(0)
    assert found["jackfield-acme"]["state"] == "ok"
    assert found["jackfield-acme"]["version"] == "1.5"
    assert found["jackfield-acme"]["files"] == 5


def test_an_editable_installation_is_named_as_such_and_does_not_fail(environment: Environment) -> None:
    origin = json.dumps({"url": "file:///somewhere", "dir_info": {"editable": True}})
    environment.install("acme", {}, **{"direct_url.json": origin})
    _, found = environment.verified(0)
    assert found["jackfield-acme"]["state"] == "editable"
    assert "jackfield-acme" in environment.run().out


@pytest.mark.parametrize("text", [RAISES + "# one more line\n", "", RAISES[:-1] + " "])
def test_a_changed_file_is_named(environment: Environment, text: str) -> None:
    environment.install("acme", {})
    environment.install("well", {})
    (environment.site / "jackfield_acme/__init__.py").write_text(text)
    _, found = environment.verified(1)
    assert found["jackfield-acme"]["state"] == "mismatch"
    assert found["jackfield-acme"]["changed"] == ["jackfield_acme/__init__.py"]
    assert found["jackfield-well"]["state"] == "ok"
    done = environment.run()
    assert done.status == 1
    assert "changed: jackfield_acme/__init__.py" in done.out
    assert "1 of " in done.out


def test_a_missing_file_and_one_that_nobody_installed_are_named(environment: Environment) -> None:
    environment.install("acme", {"jackfield_acme/catalog.toml": "[provider]\n"})
    (environment.site / "jackfield_acme/catalog.toml").unlink()
    (environment.site / "jackfield_acme/stranger.py").write_text(RAISES)
    _, found = environment.verified(1)
    assert found["jackfield-acme"]["missing"] == ["jackfield_acme/catalog.toml"]
    assert found["jackfield-acme"]["unlisted"] == ["jackfield_acme/stranger.py"]


def test_a_file_of_another_distribution_in_the_same_package_is_no_stranger(environment: Environment) -> None:
    environment.install("acme", {})
    environment.install("more", {"jackfield_acme/more.py": ""})
    _, found = environment.verified(0)
    assert found["jackfield-acme"]["state"] == found["jackfield-more"]["state"] == "ok"


def test_what_python_compiles_is_not_asked_for(environment: Environment) -> None:
    info = environment.install("acme", {})
    cache = environment.site / "jackfield_acme/__pycache__/__init__.cpython-311.pyc"
    cache.parent.mkdir()
    cache.write_bytes(b"compiled")
    with (info / "RECORD").open("a") as record:
        record.write("jackfield_acme/__pycache__/__init__.cpython-311.pyc,,\n")
    environment.verified(0)


@pytest.mark.parametrize("stated", ["", "md5=abc"])
def test_a_line_without_a_hash_that_counts_proves_nothing(environment: Environment, stated: str) -> None:
    info = environment.install("acme", {})
    lines = (info / "RECORD").read_text().splitlines()
    kept = [f"jackfield_acme/__init__.py,{stated}," if line.startswith("jackfield_acme/") else line for line in lines]
    (info / "RECORD").write_text("\n".join(kept))
    _, found = environment.verified(1)
    assert found["jackfield-acme"]["unhashed"][0].startswith("jackfield_acme/__init__.py")


@pytest.mark.parametrize("content", [None, b"", b"\xff\xfe"])
def test_a_distribution_without_a_record_cannot_be_verified(environment: Environment, content: bytes | None) -> None:
    info = environment.install("acme", {})
    (info / "RECORD").unlink() if content is None else (info / "RECORD").write_bytes(content)
    _, found = environment.verified(1)
    assert found["jackfield-acme"]["state"] == "unverifiable"
    assert "no RECORD" in environment.run().out


def test_files_that_are_read_when_python_starts_are_listed_with_who_brought_them(environment: Environment) -> None:
    environment.install("acme", {"jackfield_acme.pth": "/somewhere/else\n"})
    (environment.site / "stranger.pth").write_text("import sys; sys.stranger = True\n")
    report, _ = environment.verified(0)
    found = {Path(row["path"]).name: (row["brought_by"], row["runs_code"]) for row in report["pth"]}
    assert found["jackfield_acme.pth"] == ("jackfield-acme 1.5", False)
    assert found["stranger.pth"] == (None, True)
    assert "stranger.pth: brought by no distribution that is installed; runs code" in environment.run().out


def test_the_command_stands_in_the_help(jackfield: Command) -> None:
    assert "plugins" in jackfield("--help").out
    assert "verify" in jackfield("plugins", "--help").out
    assert jackfield("plugins", "verfy").status == 2
