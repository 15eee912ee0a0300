"""The price list below the catalogs: what it knows costs what its own package says, and nothing is fetched unasked."""

from __future__ import annotations

import json
import random
import threading
from collections.abc import Iterator
from datetime import UTC, datetime
from decimal import Decimal
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import genai_prices
import pytest
from genai_prices.data_snapshot import get_snapshot

import jackfield_prices
from jackfield import Boards, Client, ConfigurationError, Usage
from jackfield_prices import _library

AT = datetime(2026, 11, 19, 12, tzinfo=UTC)


@pytest.fixture(autouse=True)
def cache_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    _library.library.cache_clear()
    yield tmp_path / "jackfield"
    _library.library.cache_clear()


def _client(**config: Any) -> Client:
    providers = {"together": {"provider": {"dialect": "openai-chat", "base_url": "https://any.invalid"}}}
    return Client(boards=Boards({"providers": providers, **config}, environ={}), environ={})


MODEL = "meta-llama/Llama-3.3-70B-Instruct-Turbo"
USAGE = {"input": 1_000_000, "output": 1_000_000}


def test_a_model_that_no_catalog_knows_is_priced_and_says_by_whom() -> None:
    found = _client().cost(f"together/{MODEL}", USAGE, at=AT)
    assert (found.total, found.status, found.rung) == (Decimal("1.76"), "priced", "genai-prices")
    assert found.notes == ("price from genai-prices 0.2.3 (MIT)",)
    unknown = _client().cost("together/nothing-of-the-kind", USAGE)
    assert (unknown.total, unknown.status) == (None, "unknown")


def test_what_a_user_or_a_catalog_says_wins() -> None:
    assert _client(prices={f"together/{MODEL}": {"rates": {"": "1"}}}).cost(f"together/{MODEL}", USAGE).total == 2
    assert Client(boards=Boards(environ={}), environ={}).cost("openai/gpt-4o", USAGE).rung == "id"


def _samples() -> list[tuple[str, str]]:
    """Return a model of each provider, by a name that is theirs alone."""
    chooser = random.Random(5)
    found = []
    for provider in get_snapshot().providers:
        models = [model for model in provider.models if not isinstance(model.prices, list) or len(model.prices) < 4]
        found += [(provider.id, model.id) for model in chooser.sample(models, min(6, len(models)))]
    return found


def test_the_list_costs_what_its_own_package_says() -> None:
    """Compared on calls without cache or media, within its windows, for a usage below and one beyond every edge."""
    compared = 0
    lists = _library.library()
    for provider, model in _samples():
        priced = lists.find(provider, model)
        for into in (1_000, 900_000):
            try:
                theirs = genai_prices.calc_price(
                    genai_prices.Usage(input_tokens=into, output_tokens=500),
                    model_ref=model, provider_id=provider, genai_request_timestamp=AT,
                )  # fmt: skip
            except (LookupError, ValueError):
                continue
            if priced is None or theirs.model.id.lower() != priced.sheet.model or not theirs.total_price:
                continue
            from jackfield.pricing import compute_cost

            ours = compute_cost(Usage({"input": into, "output": 500}), priced, {}, AT)
            assert ours.total is not None, f"{provider}/{model}: {ours.explain()}"
            if ours.status == "priced":
                assert ours.total == theirs.total_price, f"{provider}/{model}: {ours.explain()}"
                compared += 1
    assert compared > 200


def test_the_list_is_built_once_and_a_folder_that_cannot_be_written_does_no_harm(cache_folder: Path) -> None:
    count = _library.library().count
    (kept,) = cache_folder.iterdir()
    assert json.loads(kept.read_bytes())["source"] == "genai-prices 0.2.3"
    kept.write_bytes(b"{")
    _library.library.cache_clear()
    assert _library.library().count == count > 2000
    kept.unlink()
    cache_folder.rmdir()
    cache_folder.write_text("no folder")
    _library.library.cache_clear()
    assert _library.library().count == count


class _Lists(BaseHTTPRequestHandler):
    body = b""

    def do_GET(self) -> None:
        self.send_response(200)
        self.end_headers()
        self.wfile.write(self.body)

    def log_message(self, format: str, *args: Any) -> None: ...


@pytest.fixture
def address() -> Iterator[str]:
    server = HTTPServer(("127.0.0.1", 0), _Lists)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_address[1]}/data.json"
    server.shutdown()
    thread.join(5)
    server.server_close()


@pytest.mark.parametrize("body", [b"<html>", b"[]", b'[{"id": "together"}]'])
def test_a_list_that_is_broken_or_has_shrunk_is_refused(address: str, body: bytes) -> None:
    _Lists.body = body
    before = _library.library()
    with pytest.raises(ConfigurationError, match="is refused"):
        jackfield_prices.refresh(address)
    assert _library.library() is before
    assert _client().cost(f"together/{MODEL}", USAGE, at=AT).total == Decimal("1.76")
