"""What is released is the tree, with its license, and a list of components that is a list of components."""

import json
import shutil
import zipfile
from collections.abc import Callable
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft7Validator
from referencing import Registry, Resource

from tests.packaging import dist
from tests.packaging.components import NAME, SPEC, components
from tests.packaging.contents import differences
from tests.workspace.tree import distributions

pytestmark = pytest.mark.slow

CORE = distributions()[0]


@pytest.fixture(scope="module")
def released(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[str]]:
    out = tmp_path_factory.mktemp("released")
    return out, dist.release(out)


def test_every_wheel_is_the_tree(released: tuple[Path, list[str]]) -> None:
    out, found = released
    assert found == []
    assert len(list(out.glob("*.whl"))) == len(list(out.glob("*.tar.gz"))) == len(distributions())


def _without(name: str) -> Callable[[dict[str, bytes]], None]:
    return lambda held: held.__delitem__(name)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (_without("jackfield/py.typed"), "lacks jackfield/py.typed"),
        (_without("jackfield/wire.py"), "lacks jackfield/wire.py"),
        (_without("jackfield-0.1.0.dist-info/licenses/LICENSE"), "its license is not that of the tree"),
        (lambda held: held.update({"jackfield.pth": b"import os\n"}), "has jackfield.pth, which is not of the tree"),
        (lambda held: held.update({"jackfield/extra.py": b""}), "has jackfield/extra.py, which is not of the tree"),
        (lambda held: held.update({"jackfield/wire.py": b""}), "differs in jackfield/wire.py"),
        (lambda held: held.update({"jackfield/wire.py": b""}), "its RECORD is wrong about jackfield/wire.py"),
    ],
)
def test_a_wheel_that_is_not_the_tree_is_told(
    released: tuple[Path, list[str]], tmp_path: Path, change: Callable[[dict[str, bytes]], None], said: str
) -> None:
    (wheel,) = released[0].glob("jackfield-[0-9]*.whl")
    with zipfile.ZipFile(wheel) as archive:
        held = {name: archive.read(name) for name in archive.namelist()}
    assert differences(wheel, CORE) == []
    change(held)
    other = tmp_path / wheel.name
    with zipfile.ZipFile(other, "w") as archive:
        for name, content in held.items():
            archive.writestr(name, content)
    assert any(said in line for line in differences(other, CORE)), differences(other, CORE)


def test_the_list_of_components_follows_its_schema(released: tuple[Path, list[str]]) -> None:
    folder = files("cyclonedx.schema").joinpath("_res")

    def schema(name: str) -> Any:
        return json.loads(folder.joinpath(f"{name}.SNAPSHOT.schema.json").read_text(encoding="utf-8"))

    bom = schema(f"bom-{SPEC}")
    place = bom["$id"].rpartition("/")[0]
    others = {f"{name}.SNAPSHOT.schema.json": Resource.from_contents(schema(name)) for name in ("spdx", "jsf-0.82")}
    named = [(prefix + name, other) for name, other in others.items() for prefix in ("", f"{place}/")]
    registry: Registry[Any] = Registry().with_resources(named)
    validator = Draft7Validator(bom, registry=registry)
    found = json.loads((released[0] / NAME).read_text(encoding="utf-8"))
    assert list(validator.iter_errors(found)) == []
    assert list(validator.iter_errors({**found, "components": [{"type": "wheel"}]})) != []


def test_the_list_of_components_names_every_wheel_and_all_that_it_needs(released: tuple[Path, list[str]]) -> None:
    found = json.loads((released[0] / NAME).read_text(encoding="utf-8"))
    rows = {row["name"]: row for row in found["components"]}
    needs = {row["ref"]: row["dependsOn"] for row in found["dependencies"]}
    assert {row.name for row in distributions()} <= rows.keys()
    assert rows["pydantic"]["version"]
    assert "hashes" not in rows["pydantic"]
    assert any(ref.startswith("pkg:pypi/pydantic@") for ref in needs[rows["jackfield"]["bom-ref"]])
    assert needs.keys() == {row["bom-ref"] for row in found["components"]}
    assert {ref for refs in needs.values() for ref in refs} <= needs.keys()


def test_the_same_wheels_give_the_same_list(released: tuple[Path, list[str]], tmp_path: Path) -> None:
    wheels = sorted(released[0].glob("*.whl"))
    assert components(wheels) == components(reversed(wheels))
    (core,) = released[0].glob("jackfield-[0-9]*.whl")
    other = Path(shutil.copy(core, tmp_path))
    with zipfile.ZipFile(other, "a") as archive:
        archive.writestr("more", b"")
    assert components([other])["components"][0]["hashes"] != components([core])["components"][0]["hashes"]
