"""The tree keeps the rules of the house: what is tracked, how it is named, how long it is."""

import re
from pathlib import Path

import pytest

from tests.workspace.tree import ROOT, Distribution, distributions, modules, public_names, tracked

# Written in halves, so that this file holds none of them.
REGISTRIES = [
    "".join(halves)
    for halves in [
        ("pypi", ".org"),
        ("python", "hosted.org"),
        ("npm", "js.org"),
        ("npm", "js.com"),
        ("deb.", "debian.org"),
        ("security.", "debian.org"),
        ("crates", ".io"),
        ("proxy.", "golang.org"),
    ]
]
OF_ONE_MACHINE = re.compile(rb"(?<![\w/.:}])/(?:root|work|home|Users)/[\w.-]+")
EMPTY_WORDS = {"utils", "util", "helpers", "helper", "common", "base", "manager", "misc"}
LARGEST = 1_000_000
LONGEST = 350
LISTS = {"core/src/jackfield/__init__.py"}  # nothing but the public names, a line or two for each

each_distribution = pytest.mark.parametrize("distribution", distributions(), ids=lambda found: found.name)


def test_no_tracked_file_names_a_registry() -> None:
    hosts = re.compile("|".join(map(re.escape, REGISTRIES)).encode())
    assert _where(hosts) == []


def test_no_tracked_file_holds_a_path_of_one_machine() -> None:
    assert _where(OF_ONE_MACHINE) == []


def test_no_tracked_file_is_large() -> None:
    assert [_name(path) for path in tracked() if path.stat().st_size > LARGEST] == []


def test_no_module_is_long() -> None:
    counted = {_name(path): len(path.read_bytes().splitlines()) for path in modules("core", "plugins")}
    assert {name: lines for name, lines in counted.items() if lines > LONGEST and name not in LISTS} == {}


def test_no_module_has_an_empty_name() -> None:
    named = [path for path in modules("core", "plugins", "tests") if path.stem.strip("_") in EMPTY_WORDS]
    packages = [path for path in modules("core", "plugins", "tests") if EMPTY_WORDS & set(path.relative_to(ROOT).parts)]
    assert sorted(map(_name, {*named, *packages})) == []


def test_public_names_are_sorted() -> None:
    found = {path: public_names(path) for path in modules("core", "plugins")}
    assert [_name(path) for path, names in found.items() if names is not None and not _is_sorted(names)] == []


def test_every_folder_of_tests_is_a_package() -> None:
    folders = {path.parent for path in modules("tests")}
    assert [_name(folder) for folder in sorted(folders) if not (folder / "__init__.py").is_file()] == []


def test_every_file_at_the_root_is_a_usual_one() -> None:
    usual = {"pyproject.toml", "README.md", "LICENSE", "CHANGELOG.md", "CONTRIBUTING.md", "Makefile", "constraints.txt"}
    usual |= {"core", "plugins", "tests", "cassettes", "docs"}
    found = {path.relative_to(ROOT).parts[0] for path in tracked()}
    assert sorted(name for name in found - usual if not name.startswith(".")) == []


@each_distribution
def test_a_distribution_is_complete(distribution: Distribution) -> None:
    needed = ["pyproject.toml", "README.md"]
    package = distribution.package.relative_to(distribution.folder)
    needed += [str(package / "__init__.py"), str(package / "py.typed")]
    assert [name for name in needed if not (distribution.folder / name).is_file()] == []


@each_distribution
def test_a_distribution_says_what_it_is(distribution: Distribution) -> None:
    project = distribution.project
    assert project["license"] == "Apache-2.0"
    assert project["readme"] == "README.md"
    assert project["requires-python"] == ">=3.11"
    assert project["description"]
    assert not project["description"].endswith(".")


@each_distribution
def test_a_distribution_ships_one_package(distribution: Distribution) -> None:
    held = [path for path in (distribution.folder / "src").iterdir() if path.name != "__pycache__"]
    assert held == [distribution.package]


def test_the_core_depends_on_nothing_of_ours() -> None:
    (core,) = (found for found in distributions() if found.name == "jackfield")
    assert [word for word in core.project["dependencies"] if word.startswith("jackfield")] == []


def test_every_cassette_says_where_it_came_from() -> None:
    lines = re.compile(r"^# origin: (?:recorded from|synthetic, from) \S.*, \d{4}-\d\d-\d\d$", re.MULTILINE)
    cassettes = [path for path in tracked() if path.is_relative_to(ROOT / "cassettes") and path.suffix != ".md"]
    assert [_name(path) for path in cassettes if not lines.match(path.read_text(encoding="utf-8"))] == []


def test_every_cassette_has_its_place() -> None:
    place = re.compile(r"cassettes/(?:README\.md|[a-z0-9-]+/[a-z0-9_-]+\.yaml)")
    held = [_name(path) for path in tracked() if path.is_relative_to(ROOT / "cassettes")]
    assert [name for name in held if not place.fullmatch(name)] == []


def _where(pattern: re.Pattern[bytes]) -> list[str]:
    found = ((path, match) for path in tracked() for match in pattern.finditer(path.read_bytes()))
    return [f"{_name(path)}: {match.group().decode()}" for path, match in found]


def _is_sorted(names: list[str]) -> bool:
    """Accept plain order, and the order that ruff's RUF022 gives: constants, classes, then the rest."""
    return names in (sorted(names), sorted(names, key=_rank))


def _rank(name: str) -> tuple[int, str]:
    return (0 if name.isupper() else 1 if name[:1].isupper() else 2, name)


def _name(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()
