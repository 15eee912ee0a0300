"""Every hook says what it takes, gives and raises, and the pages that are made of the code are up to date."""

from __future__ import annotations

import inspect

import pytest

from jackfield import errors, hookspecs
from tests.docs.generated import PAGES, REFERENCE, entries, sections, specs

each_hook = pytest.mark.parametrize("name", specs())


@pytest.mark.parametrize("page", PAGES)
def test_a_page_is_what_the_code_says(page: str) -> None:
    assert (REFERENCE / page).read_text(encoding="utf-8") == PAGES[page](), "python -m tests.docs.generated writes it"


@each_hook
def test_a_hook_says_what_it_is(name: str) -> None:
    text = sections(specs()[name])[""]
    assert text.split("\n")[0].endswith(".")


@each_hook
def test_a_hook_describes_each_of_its_parameters_in_order_and_no_other(name: str) -> None:
    described = dict(entries(sections(specs()[name])["Args"]))
    assert list(described) == list(inspect.signature(specs()[name]).parameters)
    assert all(len(what) > 3 and what.endswith(".") for what in described.values())


@each_hook
def test_a_hook_says_what_it_returns_and_what_none_means(name: str) -> None:
    text = " ".join(sections(specs()[name]).get("Returns", "").split())
    if str(inspect.signature(specs()[name]).return_annotation) == "None":
        assert text == "", "there is nothing to say of it"
        return
    assert text.endswith(".")
    if "| None" in str(inspect.signature(specs()[name]).return_annotation):
        assert "None: " in text


@each_hook
def test_a_hook_says_what_it_raises(name: str) -> None:
    raised = dict(entries(sections(specs()[name])["Raises"]))
    assert raised
    for kind, when in raised.items():
        assert kind == "Nothing" or issubclass(getattr(errors, kind), errors.JackfieldError)
        assert when.endswith(".")


def test_every_hook_is_on_the_page() -> None:
    page = (REFERENCE / "hooks.md").read_text(encoding="utf-8")
    assert [line[4:] for line in page.splitlines() if line.startswith("### ")] == list(specs())
    assert f"Version {'.'.join(map(str, hookspecs.SPEC_VERSION))} " in page


def test_every_error_says_what_helps() -> None:
    kinds = [
        kind for kind in vars(errors).values() if isinstance(kind, type) and issubclass(kind, errors.JackfieldError)
    ]
    silent = [kind.__name__ for kind in kinds if "Remedy: " not in (kind.__doc__ or "")]
    assert silent == ["JackfieldError"]
    page = (REFERENCE / "errors.md").read_text(encoding="utf-8")
    assert [kind.__name__ for kind in kinds if f"`{kind.__name__}`" not in page] == []
