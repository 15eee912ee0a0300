"""Item 6: a canary for every secret, a run that touches everything, and a search for them wherever it writes."""

from __future__ import annotations

import json
import os
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.apps.gateway.team.conftest import HI, MODEL, first_key
from tests.apps.gateway.test_serve import serving
from tests.core.server import DONE, USAGE, Server, chunk, completion, streamed, whole

pytestmark = pytest.mark.needs("module:sqlalchemy")
ENVIRONMENT = "sk-canary-environment-7c1f"
PROJECT = "sk-canary-project-41ab"
CALLERS = "sk-canary-callers-9e02"
HEADER = "canary-header-55d3"
SAID = "canary-said-c0de"


def _bad(status: int, key: str) -> Any:
    """An answer of a provider that repeats the key that it was sent, as some do."""
    told = f"Incorrect API key provided: {key}."
    return whole({"error": {"message": told, "type": "invalid_request_error", "code": "invalid_api_key"}}, status)


def _texts(folder: Path) -> Iterator[tuple[str, bytes]]:
    for file in folder.rglob("*"):
        if file.is_file() and file.suffix not in (".toml", ".secret"):
            yield file.name, file.read_bytes()
    with sqlite3.connect(folder / "gateway.db") as database:
        yield "dump", "\n".join(database.iterdump()).encode()


@pytest.mark.parametrize("content", ["off", "hashed"])
def test_item_6_no_secret_is_written_anywhere(tmp_path: Path, upstream: Server, content: str) -> None:
    url, key = first_key(tmp_path)
    config = tmp_path / "jackfield.toml"
    config.write_text(
        f'[providers.openai.settings]\nbase_url = {{ default = "{upstream.url}" }}\n'
        f'[providers.openai.headers]\nx-tenant = "{HEADER}"\n'
        f'[gateway]\nlog = "json"\ncontent = "{content}"\nretries = 0\n'
    )
    environ = {"JACKFIELD_CONFIG": str(config), "OPENAI_API_KEY": ENVIRONMENT, "JACKFIELD_GATEWAY_STORE": url}
    seen: list[str] = []
    with serving(tmp_path, **environ) as (address, process):
        with httpx.Client(base_url=address, timeout=15, headers={"authorization": f"Bearer {key}"}) as client:

            def call(method: str, path: str, **more: Any) -> httpx.Response:
                answer = client.request(method, path, **more)
                seen.append(f"{answer.headers} {answer.text}")
                return answer

            call("PUT", "/api/manage/credentials", json={"provider": "openai", "values": {"api_key": PROJECT}})
            good = [whole(completion("Hello")), streamed(chunk(content="Hi"), chunk(finish="stop"), USAGE, DONE)]
            broken = [[b"HTTP/1.1 200 X\r\ncontent-type: application/json\r\ncontent-length: 3\r\n\r\n{{{"], [None]]
            for own, sent in (({}, PROJECT), ({"x-jackfield-key-openai": CALLERS}, CALLERS)):
                bad = [_bad(status, sent) for status in (400, 401, 403, 404, 429, 500, 503)]
                for script in (*good, *bad, *broken):
                    upstream.answer(script)
                    for path in ("/v1/chat/completions", "/v1/responses", "/v2/llm/chat", "/v2/text/chat"):
                        body: dict[str, Any] = {"model": MODEL, "messages": HI, "user": "u", "metadata": {"a": SAID}}
                        if path == "/v2/text/chat":
                            body = {"providers": MODEL, "text": SAID}
                        elif path == "/v1/responses":
                            body = {"model": MODEL, "input": SAID}
                        call("POST", path, json={**body, "stream": script is good[1]} if "text" not in path else body,
                             headers=own)  # fmt: skip
            assert {row["headers"]["authorization"] for row in upstream.requests} == {
                f"Bearer {PROJECT}",
                f"Bearer {CALLERS}",
            }
            for path in (
                "requests",
                "usage?by=user",
                "audit",
                "configuration",
                "providers",
                "credentials",
                "keys",
                "me",
            ):
                call("GET", f"/api/manage/{path}")
            call("DELETE", "/api/manage/credentials?provider=openai")
            upstream.answer(_bad(401, ENVIRONMENT))
            call("POST", "/v1/chat/completions", json={"model": MODEL, "messages": HI})
            assert upstream.requests[-1]["headers"]["authorization"] == f"Bearer {ENVIRONMENT}"
            for path in ("/metrics", "/openapi.json", "/", "/readyz"):
                call("GET", path)
            for wrong in (f"{key}x", key[:-1], "jf-" + "A" * 43):
                seen.append(httpx.get(f"{address}/v1/models", headers={"authorization": f"Bearer {wrong}"}).text)
            time.sleep(0.6)
        process.terminate()
        out, err = process.communicate(timeout=20)
    assert '"status": 200' in err, "there are lines of the log to be searched"
    places = [
        ("answers", "\n".join(seen).encode()),
        ("stdout", out.encode()),
        ("stderr", err.encode()),
        *_texts(tmp_path),
    ]
    assert len(places) > 4
    for where, data in places:
        for secret in (ENVIRONMENT, PROJECT, CALLERS, HEADER, key):
            assert secret.encode() not in data, (secret, where)
            assert secret[3:].encode() not in data, (secret, where)
        if where not in ("answers",):
            assert SAID.encode() not in data, where


def test_the_command_line_shows_the_text_of_a_key_once(tmp_path: Path) -> None:
    code = "import sys; from jackfield_gateway import keys_command; sys.exit(keys_command(sys.argv[1:]))"
    store = f"sqlite:///{tmp_path / 'gateway.db'}"

    def run(*words: str) -> str:
        done = subprocess.run([sys.executable, "-c", code, "--store", store, "--json", *words], capture_output=True,
                              text=True, env=dict(os.environ), check=True)  # fmt: skip
        return done.stdout + done.stderr

    key = json.loads(run("create", "app"))["key"]
    assert key not in run("list")
    assert key.encode() not in (tmp_path / "gateway.db").read_bytes()
