"""What an operator sees from outside: metrics that are documented and bounded, readiness, lines, a quiet end."""

from __future__ import annotations

import asyncio
import json
import logging
import re
import signal
import sqlite3
import threading
import time
from pathlib import Path
from typing import Any

import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families

from jackfield_gateway import Settings
from jackfield_gateway._metrics import METRICS
from jackfield_gateway._observation import LOG
from jackfield_gateway._settings import FIXED
from jackfield_gateway.state import Entry, History, new_id, open_store
from jackfield_gateway.state.clock import now
from tests.apps.gateway.team.conftest import HI, MODEL, House, first_key, house_of
from tests.apps.gateway.test_serve import serving
from tests.core.server import DONE, USAGE, Server, chunk, completion, streamed, whole

pytestmark = [pytest.mark.needs("module:sqlalchemy"), pytest.mark.needs("module:prometheus_client")]
PAGE = Path(__file__).parents[4] / "docs" / "reference" / "gateway-team.md"


def samples(house: House) -> dict[str, list[Any]]:
    answer = house.call("GET", "/metrics")
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith("text/plain")
    return {family.name: family.samples for family in text_string_to_metric_families(answer.text)}


def test_metrics_are_those_of_the_documentation(house: House, upstream: Server) -> None:
    upstream.answer(whole(completion("Hello", model="gpt-4o-mini")))
    house.chat(house.keys["first", "member"])
    rows = re.findall(r"^\| `(jackfield_\w+)` \| (\w+) \| ([^|]*)\|", PAGE.read_text(), re.MULTILINE)
    documented = {(name, kind, tuple(re.findall(r"`(\w+)`", labels))) for name, kind, labels in rows}
    assert documented == {(name, kind, labels) for name, kind, labels, _ in METRICS}
    served = {name for name in samples(house) if not name.endswith("_created")}
    assert served == {name for name, *_ in METRICS}


def test_settings_are_those_of_the_documentation() -> None:
    table = PAGE.read_text().partition("| setting |")[2].partition("\n\n")[0]
    assert set(re.findall(r"^\| `(\w+)`", table, re.MULTILINE)) == set(Settings.model_fields)
    assert set(re.findall(r"^\| `(\w+)` \*", table, re.MULTILINE)) == FIXED


def test_what_is_counted_is_what_happened(house: House, upstream: Server) -> None:
    upstream.answer(
        whole(completion("Hello", model="gpt-4o-mini")), whole({"error": {}}, 500),
        streamed(chunk(content="Hi"), chunk(finish="stop"), USAGE, DONE),
    )  # fmt: skip
    for stream in (False, False, True):
        house.chat(house.keys["first", "member"], stream=stream)
    found = samples(house)
    counted = {row.labels["status"]: row.value for row in found["jackfield_requests"] if row.name.endswith("_total")}
    assert counted == {"200": 2.0, "500": 1.0}
    tokens = {row.labels["kind"]: row.value for row in found["jackfield_tokens"] if row.name.endswith("_total")}
    assert tokens == {"input": 6.0, "output": 4.0}
    [cost] = [row.value for row in found["jackfield_cost_dollars"] if row.name.endswith("_total")]
    assert cost == pytest.approx(2 * (3 * 0.15 + 2 * 0.6) / 1_000_000)
    assert [row.value for row in found["jackfield_running"]] == [0.0]


def test_labels_are_bounded_whatever_callers_write(house: House, upstream: Server) -> None:
    upstream.answer(whole(completion("Hello")))
    house.app.guard.use(house.app.settings)
    for number in range(60):
        house.chat(house.keys["first", "member"], model=f'openai/made-up-{number}"\n}}', user=f"user-{number}")
    models = {row.labels["model"] for row in samples(house)["jackfield_requests"]}
    assert models == {"other"}


def test_readiness_follows_the_database(tmp_path: Path, upstream: Server) -> None:
    with house_of(tmp_path, upstream) as house:
        assert house.call("GET", "/readyz", "").json() == {"status": "ready"}
        file = tmp_path / "gateway.db"
        for broken in (file, *tmp_path.glob("gateway.db-*")):
            with broken.open("r+b") as database:
                database.write(b"no database any more" * 2000)
                database.truncate()
        until = time.monotonic() + 5
        while house.call("GET", "/readyz", "").status_code == 200 and time.monotonic() < until:
            time.sleep(0.1)
        answer = house.call("GET", "/readyz", "")
        assert (answer.status_code, answer.headers["retry-after"]) == (503, "1")
        assert house.call("GET", "/healthz", "").status_code == 200, "the process lives"


def test_a_stream_that_is_open_ends_well_after_a_signal_and_nothing_is_lost(tmp_path: Path, upstream: Server) -> None:
    url, key = first_key(tmp_path)
    (config := tmp_path / "jackfield.toml").write_text(
        f'[providers.openai.settings]\nbase_url = {{ default = "{upstream.url}" }}\n'
    )
    upstream.answer(streamed(chunk(content="Hel"), 1.0, chunk(content="lo"), chunk(finish="stop"), USAGE, DONE))
    environ = {"JACKFIELD_CONFIG": str(config), "OPENAI_API_KEY": "sk", "JACKFIELD_GATEWAY_STORE": url}
    with serving(tmp_path, **environ) as (address, process):
        headers = {"authorization": f"Bearer {key}"}
        body = {"model": MODEL, "messages": HI, "stream": True}
        with httpx.stream("POST", f"{address}/v1/chat/completions", json=body, headers=headers, timeout=10) as answer:
            lines = answer.iter_lines()
            text = next(lines)
            threading.Timer(0.2, process.send_signal, [signal.SIGTERM]).start()
            text += "".join(lines)
        assert "lo" in text
        assert "[DONE]" in text
        _, err = process.communicate(timeout=20)
    assert "Traceback" not in err
    with sqlite3.connect(tmp_path / "gateway.db") as database:
        assert database.execute("SELECT status, output_tokens FROM requests").fetchall() == [(200, 2)]
        assert database.execute("SELECT count(*) FROM settlements").fetchone() == (1,)


@pytest.mark.parametrize("form", ["text", "json"])
def test_every_question_is_a_line_without_what_was_said(
    tmp_path: Path, upstream: Server, form: str, capfd: pytest.CaptureFixture[str]
) -> None:
    upstream.answer(whole(completion("Hello-said")))
    with house_of(tmp_path, upstream, log=form) as house:
        records: list[Any] = []

        def keep(record: logging.LogRecord) -> bool:
            records.append(record)
            return True

        LOG.addFilter(keep)
        try:
            house.chat(house.keys["first", "member"], model="openai/gpt-4o-mini", user="Hi-said\nforged line")
        finally:
            LOG.filters.clear()
    [record] = records
    line = record.getMessage()
    assert "\n" not in line
    assert "said" not in line
    values = json.loads(line) if form == "json" else record.question
    assert (values["status"], values["provider"], values["input_tokens"]) == (200, "openai", 3)


def test_an_id_leads_from_an_answer_to_its_row(house: House, upstream: Server) -> None:
    upstream.answer(whole(completion("Hello")), streamed(chunk(content="Hi"), chunk(finish="stop"), USAGE, DONE))
    for stream in (False, True):
        answer = house.chat(house.keys["first", "member"], stream=stream)
        name = answer.headers["x-jackfield-request-id"]
        until = time.monotonic() + 5
        while (row := house.call("GET", f"/api/manage/requests/{name}")).status_code != 200:
            assert time.monotonic() < until
            time.sleep(0.05)
        assert row.json()["id"] == name


def test_what_is_older_than_the_settings_keep_is_deleted(tmp_path: Path, upstream: Server) -> None:
    upstream.answer(whole(completion("Hello")))
    url, day = f"sqlite:///{tmp_path / 'gateway.db'}", 86_400_000_000

    async def before() -> None:
        store = await open_store(url)
        history = History(store)
        for age in (0, 1, 3, 400):
            started = now() - age * day - 1_000_000
            history.record(Entry(id=new_id(), started=started, status=200, route=f"{age} days"))
        await history.close()
        await store.close()

    asyncio.run(before())
    with house_of(tmp_path, upstream, url=url, retention_days=2) as house:
        until = time.monotonic() + 10
        while len(found := house.manage("GET", "requests")["data"]) > 2 and time.monotonic() < until:
            time.sleep(0.05)
    assert [row["route"] for row in found] == ["0 days", "1 days"]
