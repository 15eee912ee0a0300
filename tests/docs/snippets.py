"""The code blocks of pages: found, and run as a reader would, one page in one process."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tests.workspace.tree import ROOT, distributions, tracked

__all__ = ["Block", "blocks", "pages", "readmes"]

#: A fenced block, and the comment that may stand on the line before it.
_FENCE = re.compile(
    r"^(?:<!-- (?P<comment>[^\n]*?) -->\n)?(?P<fence>```+)(?P<info>[^\n]*)\n(?P<code>.*?)^(?P=fence)[ \t]*$",
    re.MULTILINE | re.DOTALL,
)


@dataclass(frozen=True, slots=True)
class Block:
    """A block: its language, its code, where the code begins, and what the comment before it says."""

    page: Path
    line: int
    language: str
    code: str
    comment: str

    @property
    def where(self) -> str:
        """The page and the line, for messages."""
        return f"{self.page.relative_to(ROOT)}:{self.line}"

    @property
    def runs(self) -> bool:
        """Whether it is run; `no-run: reason` before it says why not, `file: name` what it is instead."""
        return self.language in ("python", "sh") and not self.comment.startswith(("no-run", "file: "))

    @property
    def file(self) -> str | None:
        """The name of the file that it is, beside which the commands of its page run."""
        return self.comment.removeprefix("file: ") if self.comment.startswith("file: ") else None


def pages() -> list[Path]:
    """List the pages of the site, and the README of the whole."""
    site = [path for path in tracked() if path.suffix == ".md" and path.is_relative_to(ROOT / "docs")]
    own = [path for path in site if not {"template", "examples"} & set(path.relative_to(ROOT / "docs").parts)]
    return [ROOT / "README.md", *own]


def readmes() -> list[Path]:
    """List the README of every distribution."""
    return [found.folder / "README.md" for found in distributions()]


def blocks(page: Path) -> Iterator[Block]:
    """Give the blocks of a page in order."""
    text = page.read_text(encoding="utf-8")
    for found in _FENCE.finditer(text):
        line = text.count("\n", 0, found.start("code")) + 1
        language = found["info"].strip().partition(" ")[0]
        yield Block(page, line, language, found["code"], found["comment"] or "")
