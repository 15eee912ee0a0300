"""A broken plugin, whatever is broken about it, is named with its distribution and breaks nothing else."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.core.trust.installing import install, python

OPEN = """
    from jackfield import Boards, JackfieldError
    boards = Boards()
    assert {"broken", "well", "openai"} <= set(boards.providers())
    boards.open("well"), boards.open("openai")
    try:
        boards.open("broken")
    except JackfieldError as error:
        print(error)
"""


@pytest.mark.parametrize(
    ("code", "data", "said"),
    [
        ("import nowhere_to_be_found", None, "No module named 'nowhere_to_be_found'"),
        ("raise SystemExit(3)", None, "it exits with 3"),
        ("def broken(:", None, "SyntaxError"),
        ("SPEC_VERSION = (2, 0)", None, "was written for version 2 of the hook specs"),
        ("SPEC_VERSION = '1.0'", None, "it needs a major and a minor version"),
        ("import jackfield\n@jackfield.hookimpl\nasync def authorize(endpoint): ...", None, "authorize is async"),
        ("", "[provider\n", "jackfield_broken/catalog.toml cannot be read"),
        ("", '[provider]\nname = "broken"\ndialect = "openai-chat"\n[settings]\nregion = 1\n', "is wrong"),
        ("", '[provider]\nname = "another"\n', "names itself 'another', its entry point 'broken'"),
        ("", '[provider]\nname = "broken"\ndialect = "nobody-speaks-it"\n', "no installed plugin speaks"),
        (
            "",
            '[provider]\nname = "broken"\ndialect = "openai-chat"\n[dialects.openai-chat]\nplugin = "nowhere.at_all"\n',
            "(nowhere.at_all) cannot be imported: ModuleNotFoundError",
        ),
    ],
)
def test_a_broken_provider_is_named_and_breaks_nothing_else(
    tmp_path: Path, code: str, data: str | None, said: str
) -> None:
    install(tmp_path, "jackfield_well", "well")
    install(tmp_path, "jackfield_broken", "broken", code, data=data)
    assert said in python(tmp_path, OPEN)


def test_an_entry_point_without_its_package_is_named(tmp_path: Path) -> None:
    install(tmp_path, "jackfield_well", "well")
    install(tmp_path, "jackfield_broken", "broken")
    (tmp_path / "jackfield_broken").rename(tmp_path / "gone")
    assert "jackfield-broken 1.2.3: the package jackfield_broken is not there" in python(tmp_path, OPEN)


@pytest.mark.parametrize("content", [None, b"", b"\xff\xfe broken", b"Name only\n"])
def test_metadata_that_cannot_be_read_hides_nobody(tmp_path: Path, content: bytes | None) -> None:
    install(tmp_path, "jackfield_well", "well")
    info = install(tmp_path, "jackfield_broken", "broken", "import nowhere_to_be_found")
    (info / "METADATA").unlink() if content is None else (info / "METADATA").write_bytes(content)
    assert "jackfield-broken (its metadata cannot be read) (broken) cannot be imported" in python(tmp_path, OPEN)


def test_entry_points_that_cannot_be_read_hide_nobody(tmp_path: Path) -> None:
    install(tmp_path, "jackfield_well", "well")
    info = install(tmp_path, "jackfield_broken", "broken")
    (info / "entry_points.txt").write_bytes(b"[jackfield.providers]\n\xff = jackfield_broken\n")
    assert "well" in python(tmp_path, "from jackfield import Boards; print(*Boards().providers())").split()


def test_a_slow_import_delays_only_those_who_use_it(tmp_path: Path) -> None:
    install(tmp_path, "jackfield_well", "well")
    install(tmp_path, "jackfield_broken", "broken", "import time\ntime.sleep(30)")
    code = "from jackfield import Boards; b = Boards(); b.open('well'); print([b.info(n).title for n in b.providers()])"
    assert "'broken'" in python(tmp_path, code)


def test_an_extension_that_is_broken_is_warned_about_and_boards_open_without_it(tmp_path: Path) -> None:
    install(tmp_path, "jackfield_broken", "broken", "raise SystemExit('no')", "extensions")
    code = """
        import warnings
        from jackfield import Boards
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            Boards().open("openai")
        print(caught[0].message)
    """
    assert "jackfield-broken 1.2.3 (broken) cannot be imported: it exits with 'no'" in python(tmp_path, code)
