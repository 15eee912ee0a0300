"""No cassette holds what belongs to somebody, and each says first where it came from."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from tests.cassettes.tape import CASSETTES, REQUEST_HEADERS, RESPONSE_HEADERS, findings, interactions

EVERY = sorted(CASSETTES.glob("*/*"))
ORIGIN = re.compile(r"# origin: (?:recorded|synthetic, )[\w ]*from \S.*, \d{4}-\d\d-\d\d$")
each_cassette = pytest.mark.parametrize("path", EVERY, ids=lambda path: f"{path.parent.name}/{path.stem}")


def test_there_are_cassettes() -> None:
    assert EVERY


@each_cassette
def test_a_cassette_holds_nothing_of_anybody(path: Path) -> None:
    assert findings(path.read_text(encoding="utf-8")) == []


@each_cassette
def test_a_cassette_says_where_it_came_from(path: Path) -> None:
    first = path.read_text(encoding="utf-8").partition("\n")[0]
    assert ORIGIN.match(first)
    sandboxed = [_header(row, "x-jackfield-sandbox") is not None for row in interactions(path)]
    assert all(sandboxed) if "synthetic" in first else not any(sandboxed)


@each_cassette
def test_a_cassette_keeps_few_headers_and_no_port(path: Path) -> None:
    for row in interactions(path):
        assert row["request"]["headers"].keys() <= REQUEST_HEADERS
        assert row["response"]["headers"].keys() <= RESPONSE_HEADERS
        assert re.match(r"https://[a-z][a-z0-9.-]+[a-z]/", row["request"]["uri"])


@pytest.mark.parametrize(
    "text",
    [
        "sk-" + "proj-abcdefghijkl0123",
        "Bearer " + "abc",
        "org" + "-AbCdEf0123456789",
        "someone" + "@example.com",
        "set-cookie" + ": x",
        "authorization" + ":",
        "http://127.0.0.1" + ":8701/v1",
        "AKIA" + "ABCDEFGHIJKLMNOP",
    ],
)
def test_what_may_not_stand_there_is_found(text: str) -> None:
    assert findings(f"body: |\n  {text}\n") != []


def _header(row: dict[str, Any], name: str) -> Any:
    return row["response"]["headers"].get(name)
