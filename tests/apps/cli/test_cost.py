"""`jackfield cost`: line by line, of a day, of several models; unknown is said and is no success."""

import json

from tests.apps.cli.processes import Command


def test_a_cost_is_explained_line_by_line(jackfield: Command) -> None:
    done = jackfield("cost", "acme/large", "--input", "10000", "--output", "800", "--cached", "4000")
    assert done.status == 0, done.err
    assert done.out.splitlines() == [
        "0.012 USD (priced)",
        "  input                           6,000 tokens at 1.5 per 1,000,000 = 0.009",
        "  input.cache_read                4,000 tokens at 0.15 per 1,000,000 = 0.0006",
        "  output                            800 tokens at 3 per 1,000,000 = 0.0024",
        "by the sheet acme/large, found by its id",
    ]


def test_an_old_call_has_the_old_price(jackfield: Command) -> None:
    before = jackfield("cost", "acme/large", "--input", "1000000", "--at", "2019-05-01", "--json")
    (row,) = json.loads(before.out)
    assert before.status == 1
    assert (row["total"], row["status"]) == (None, "unknown")
    (later,) = json.loads(jackfield("cost", "acme/large", "--input", "1000000", "--at", "2999-05-01", "--json").out)
    assert (later["total"], later["lines"][0]["rate"]) == ("9", "9")


def test_real_catalogs_are_reckoned_with(jackfield: Command) -> None:
    words = ("--input", "10000", "--output", "10000", "--json")
    (old,) = json.loads(jackfield("cost", "openai/o3", "--at", "2025-05-01", *words).out)
    (batch,) = json.loads(jackfield("cost", "openai/gpt-4o", "--tier", "batch", *words).out)
    assert (old["total"], batch["total"]) == ("0.5", "0.0625")


def test_models_are_compared_the_cheapest_first(jackfield: Command) -> None:
    done = jackfield("cost", "acme/nobody", "acme/large", "openai/gpt-4o-mini", "--input", "1000000", "--output", "0")
    assert [line.split()[0] for line in done.out.splitlines()] == [
        "model", "openai/gpt-4o-mini", "acme/large", "acme/nobody",
    ]  # fmt: skip


def test_what_is_wrong_is_said(jackfield: Command) -> None:
    assert "nothing is counted" in jackfield("cost", "acme/large").err
    assert "--at soon" in jackfield("cost", "acme/large", "--input", "1", "--at", "soon").err
