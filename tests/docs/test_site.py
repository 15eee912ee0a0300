"""The documentation site is built strictly: a warning is an error, and nothing is fetched."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

from tests.docs.snippets import pages
from tests.workspace.tree import ROOT


def _build(source: Path, out: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "sphinx", "-W", "--keep-going", "-q", "-b", "html", str(source), str(out)]
    return subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)


def test_the_site_is_built_and_asks_no_other_host_for_anything(tmp_path: Path) -> None:
    done = _build(ROOT / "docs", tmp_path)
    assert done.returncode == 0, done.stderr
    built = {path.relative_to(tmp_path).with_suffix("").as_posix() for path in tmp_path.rglob("*.html")}
    wanted = {
        page.relative_to(ROOT / "docs").with_suffix("").as_posix() for page in pages() if page != ROOT / "README.md"
    }
    assert wanted <= built
    loading = re.compile(r"<(?:script|link|img|iframe)[^>]*(?:src|href)=\"(?:https?:)?//[^\"]*")
    asked = [found for path in tmp_path.rglob("*.html") for found in loading.findall(path.read_text(encoding="utf-8"))]
    assert asked == []


def test_a_link_that_leads_nowhere_is_an_error(tmp_path: Path) -> None:
    source = tmp_path / "source"
    source.mkdir()
    (source / "conf.py").write_bytes((ROOT / "docs/conf.py").read_bytes())
    (source / "index.md").write_text("# Page\n\n[nowhere](nowhere.md)\n", encoding="utf-8")
    done = _build(source, tmp_path / "out")
    assert done.returncode != 0
    assert "nowhere.md" in done.stderr
