"""Cases of calls whose price is known, computed through the installed catalogs; no sheet is written here."""

from __future__ import annotations

import functools
import json
import os
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from jackfield import Boards, Client, Item, Usage

pytestmark = pytest.mark.needs("recordings")

#: The names that the cases give to counts, and our selectors.
SELECTORS = {
    "input_tokens": "input", "output_tokens": "output", "cache_read_tokens": "input.cache_read",
    "cache_write_tokens": "input.cache_write", "cache_write_5m_tokens": "input.cache_write.5m",
    "cache_write_1h_tokens": "input.cache_write.1h", "input_audio_tokens": "input.audio",
    "output_audio_tokens": "output.audio", "output_reasoning_tokens": "output.reasoning",
    "output_image_tokens": "output.image",
}  # fmt: skip


@functools.cache
def cases() -> list[dict[str, Any]]:
    path = Path(os.environ["JACKFIELD_RECORDINGS"]) / ".." / "specs" / "pricing-cases.json"
    found: list[dict[str, Any]] = json.loads(path.read_text(encoding="utf-8"))["cases"]
    return found


def cost_of(client: Client, case: dict[str, Any]) -> Any:
    counts = dict(case["usage_inclusive"])
    facts = dict(case["facts"])
    others = []
    if searches := counts.pop("web_searches", 0):
        others.append(Item(frozenset({"web_search"}), searches, "search"))
    if requests := facts.pop("requests", 0):
        others.append(Item(frozenset({"request"}), requests, "request"))
    usage = Usage({SELECTORS[name]: count for name, count in counts.items()}, tuple(others))
    at = datetime.fromisoformat(case["at"])
    return client.cost(f"{case['provider']}/{case['model']}", usage, at=at, facts=facts)


def test_every_case_costs_what_it_cost(capsys: pytest.CaptureFixture[str]) -> None:
    wrong = []
    memory = 0
    with Client(boards=Boards(environ={}), environ={}) as client:
        for case in cases():
            found = cost_of(client, case)
            memory += case["rests_on"] == "memory"
            if found.total != Decimal(case["expected_usd"]) or found.status != "priced" or not found.exact:
                wrong.append(f"{case['case']} {case['label']}: {case['expected_usd']} expected;\n{found.explain()}")
    with capsys.disabled():
        print(f"\n{len(cases()) - len(wrong)} of {len(cases())} cases, {memory} of them rest on memory")
    assert not wrong, "\n\n".join(wrong)
    assert len(cases()) == 31
