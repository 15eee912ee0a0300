"""The tables in the READMEs of the providers say what the catalogs and the recordings say."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from jackfield import Boards
from tests.providers import tables
from tests.providers.test_catalogs import PROVIDERS

BOARDS = Boards(environ={"JACKFIELD_DISABLE": "prices,otel"})


@pytest.mark.parametrize("readme", tables.readmes(), ids=lambda path: path.parent.name)
def test_a_readme_says_what_is_known(readme: Path) -> None:
    text = readme.read_text(encoding="utf-8")
    assert text == tables.written(text, BOARDS), "python -m tests.providers.tables writes it anew"


def test_every_provider_has_one_table() -> None:
    texts = (readme.read_text(encoding="utf-8") for readme in tables.readmes())
    named = [name for text in texts for name in re.findall(r"<!-- known: ([\w-]+) -->\n\| \| \|\n", text)]
    assert sorted(named) == PROVIDERS


def test_a_row_about_recordings_that_are_absent_is_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("JACKFIELD_RECORDINGS", raising=False)
    before = "<!-- known: groq -->\n| models | 1 |\n| recorded chats | 12 in `any` |\n<!-- /known -->\n"
    after = tables.written(before, BOARDS)
    assert "| recorded chats | 12 in `any` |\n<!-- /known -->\n" in after
    assert "| models | 1 |" not in after
