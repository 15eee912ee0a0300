"""The list of packages says what the packages are."""

from pathlib import Path

import pytest

from tests.packaging import packages
from tests.packaging.closure import brought
from tests.packaging.test_wheels import CORE, OF_SOME_PYTHONS
from tests.workspace.tree import distributions

AGAIN = "python -m tests.packaging.packages writes it anew"


def test_the_list_says_what_each_package_brings() -> None:
    text = packages.PAGE.read_text(encoding="utf-8")
    said = packages.stated(text)
    assert set(said) == {found.name for found in distributions()}, AGAIN
    assert packages.written(said) == text, AGAIN


def test_what_is_counted_is_what_an_installation_of_the_core_has() -> None:
    assert CORE <= brought("jackfield") - {"jackfield"} <= CORE | OF_SOME_PYTHONS


@pytest.mark.slow
def test_the_list_says_how_large_each_wheel_is(built: Path) -> None:
    said = packages.stated(packages.PAGE.read_text(encoding="utf-8"))
    true = packages.sizes(built)
    assert set(said) == set(true), AGAIN
    assert packages.off(said, true) == {}, AGAIN
