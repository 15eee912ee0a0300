"""What /openapi.json promises: it is valid, it names what is there, and strangers' requests get what it says."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from jackfield import Boards
from jackfield_gateway import GatewayApp, Settings
from jackfield_sandbox import AsyncSandboxTransport, stand_in
from tests.apps.gateway.conftest import served
from tests.apps.gateway.eden.conftest import Shelf
from tests.apps.gateway.team.conftest import house_of
from tests.core.server import Server, completion, whole


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    boards, transport = Boards({}, environ={}), AsyncSandboxTransport()
    providers = {name: stand_in(boards, name, transport) for name in boards.providers()}
    with served(GatewayApp(providers, boards=boards, settings=Settings(retries=0), retriever=Shelf())) as found:
        yield found


@pytest.fixture(scope="module")
def document(address: str) -> Any:
    return httpx.get(f"{address}/openapi.json").json()


def test_every_address_is_described(address: str, document: Any) -> None:
    told = {line for line in httpx.get(address).text.splitlines() if line.startswith(("GET ", "POST "))}
    described = {f"{method.upper()} {path}" for path, known in document["paths"].items() for method in known}
    assert described == told
    assert document["openapi"] == "3.1.0"


def test_every_example_is_answered(address: str, document: Any) -> None:
    asked = 0
    for path, known in document["paths"].items():
        for method, operation in known.items():
            example = operation.get("requestBody", {}).get("content", {}).get("application/json", {}).get("example")
            if example is not None:
                url = address + path.replace("{project_id}", "6f3b1a52-6f0e-4f4e-9d6f-0d9f8a6f1c11")
                answer = httpx.request(method, url, json=example, timeout=20)
                assert answer.status_code == 200, (path, answer.text)
                asked += 1
    assert asked == 8


def test_what_a_schema_refers_to_is_there(document: Any) -> None:
    text = json.dumps(document)
    names = {piece.partition('"')[0] for piece in text.split("#/components/schemas/")[1:]}
    assert names <= document["components"]["schemas"].keys()
    assert '"null"' in text


@pytest.mark.slow
def test_requests_of_a_stranger_get_what_is_promised(address: str, tmp_path: Path) -> None:
    asked(tmp_path, f"{address}/openapi.json", "--max-examples", "100")


@pytest.mark.slow
@pytest.mark.needs("module:sqlalchemy")
def test_so_it_is_with_the_management_api(tmp_path: Path, upstream: Server) -> None:
    upstream.answer(whole(completion("Hello")))
    with house_of(tmp_path, upstream) as house:
        key = f"Authorization: Bearer {house.keys['first', 'admin']}"
        told = house.call("GET", "/openapi.json").json()
        assert len([path for path in told["paths"] if path.startswith("/api/manage/")]) >= 17
        (document := tmp_path / "openapi.json").write_text(json.dumps(told))
        more = (
            "--url",
            house.address,
            "--include-path-regex",
            "^/api/manage/",
            "--header",
            key,
            "--max-examples",
            "40",
        )
        asked(tmp_path, str(document), *more)


def asked(folder: Path, where: str, *more: str) -> None:
    """Run schemathesis: a fixed seed, and every check that concerns an answer."""
    (folder / "schemathesis.toml").write_text("")
    checks = (
        "not_a_server_error",
        "status_code_conformance",
        "content_type_conformance",
        "response_schema_conformance",
    )
    program = str(Path(sys.executable).parent / "schemathesis")
    command = [
        program, "run", where, "--seed", "7", "--checks", ",".join(checks), *more,
        "--request-timeout", "20", "--phases", "examples,coverage,fuzzing", "--suppress-health-check", "all",
        "--workers", "2", "--no-color", "--continue-on-failure",
    ]  # fmt: skip
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=400, check=False)
    print(done.stdout[-6000:])
    assert done.returncode == 0, done.stdout[-12000:] + done.stderr[-2000:]
