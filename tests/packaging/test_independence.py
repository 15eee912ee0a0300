"""A provider stands alone: it brings the core, dialects and itself, and code only where its README says so."""

import ast
import tomllib
from collections import Counter
from pathlib import Path

import pytest
from packaging.requirements import Requirement

from tests.packaging.closure import brought
from tests.workspace.tree import ROOT, Distribution, distributions, modules

PROVIDERS = [found for found in distributions() if found.folder.parent == ROOT / "plugins/providers"]
DIALECTS = [found.name for found in distributions() if found.folder.parent == ROOT / "plugins/dialects"]
#: The longest module of a provider that is data: a docstring.
LONGEST = 20

each_provider = pytest.mark.parametrize("provider", PROVIDERS, ids=lambda found: found.folder.name)


@each_provider
def test_a_provider_brings_nothing_but_the_core_and_dialects(provider: Distribution) -> None:
    allowed = brought("jackfield").union(*(brought(name) for name in DIALECTS))
    assert brought(provider.name) - allowed == {provider.name}


def test_no_extra_of_a_provider_is_another_provider_or_what_another_one_needs() -> None:
    owners: Counter[str] = Counter()
    for provider in PROVIDERS:
        extras = provider.project.get("optional-dependencies", {}).values()
        owners.update({Requirement(line).name for lines in extras for line in lines})
    shared = {name for name, count in owners.items() if count > 1} - set(DIALECTS)
    assert owners, "no provider has an extra any more: this test has lost what it is for"
    assert shared == set()
    assert owners.keys() & {provider.name for provider in PROVIDERS} == set()


@each_provider
def test_a_provider_imports_no_other_one(provider: Distribution) -> None:
    others = {found.package.name for found in PROVIDERS} - {provider.package.name}
    assert {word for path in _modules(provider) for word in _imported(path)} & others == set()


@each_provider
def test_a_provider_that_says_it_is_data_has_no_code(provider: Distribution) -> None:
    readme = (provider.folder / "README.md").read_text(encoding="utf-8")
    code = [path for path in _modules(provider) if _has_code(path)]
    assert ("The package is data" in readme) is (not code), "the README and the modules say different things"
    if not code:
        assert [path for path in _modules(provider) if len(path.read_bytes().splitlines()) > LONGEST] == []


@each_provider
def test_the_dialects_that_a_catalog_names_are_depended_on(provider: Distribution) -> None:
    """Those of extras count: a provider may offer a dialect that not everybody wants."""
    extras = provider.project.get("optional-dependencies", {}).values()
    lines = [*provider.project["dependencies"], *(line for extra in extras for line in extra)]
    brings = {name for line in lines if (name := Requirement(line).name) in DIALECTS}
    assert _spoken(provider) <= {dialect for name in brings for dialect in _dialects(name)}


def _spoken(provider: Distribution) -> set[str]:
    tables = [tomllib.loads(path.read_text("utf-8")) for path in provider.package.glob("**/catalog.toml")]
    return {table["provider"]["dialect"] for table in tables} | {
        name for table in tables for name in table.get("dialects", {})
    }


def _dialects(name: str) -> set[str]:
    (found,) = (found for found in distributions() if found.name == name)
    return set(found.project["entry-points"]["jackfield.dialects"])


def _modules(provider: Distribution) -> list[Path]:
    return [path for path in modules("plugins") if path.is_relative_to(provider.package)]


def _imported(path: Path) -> set[str]:
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            found.add(node.module.partition(".")[0])
    return found


def _has_code(path: Path) -> bool:
    body = ast.parse(path.read_text(encoding="utf-8")).body
    return not all(isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) for node in body)
