"""Records the cassettes of a provider: `python -m tests.record PROVIDER`, which is what `make record` runs.

The official SDK asks; the provider answers where its key is set, the sandbox where not. Never run by a test.
"""

from __future__ import annotations

import contextlib
import functools
import os
import socket
import sys
import threading
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

import openai
import uvicorn

from jackfield import Boards
from jackfield.endpoints import key_names
from jackfield_sandbox import SandboxApp
from tests.cassettes import openai_scenarios
from tests.cassettes.dialects import DIALECTS, REFUSED, SCENARIOS, Dialect
from tests.cassettes.tape import CASSETTES, Recorder, findings

BASE_URL = "https://api.openai.com/v1"


def record_dialect(dialect: Dialect) -> None:
    """Record every scenario of a dialect."""
    names = key_names(Boards(environ={}).info(dialect.provider))
    key = next((os.environ[name] for name in names if os.environ.get(name)), None)
    if key is not None:
        _record(dialect, dialect.base_url, key, f"recorded from {dialect.base_url}", {}, "wrong")
        return
    print(f"{' or '.join(names)} is not set: the sandbox answers")
    with sandbox() as url:
        said = f"synthetic, from jackfield-sandbox {version('jackfield-sandbox')}"
        _record(dialect, url, "any", said, {"x-jackfield-fault": REFUSED}, "any")


def _record(dialect: Dialect, asked: str, key: str, origin: str, fault: dict[str, str], wrong: str) -> None:
    recorder = Recorder(asked, dialect.base_url)

    def refused(scenario: str) -> None:
        try:
            dialect.ask(asked, wrong, fault, scenario)
        except Exception as error:  # each SDK has its own; what came is looked at in the cassette
            print(f"refused: {type(error).__name__}")
        else:
            sys.exit(f"{scenario} was answered, and should have been refused")

    for number, scenario in enumerate(SCENARIOS, start=1):
        print(f"[{number}/{len(SCENARIOS)}] {scenario}", flush=True)
        if scenario == "error_401":
            text = recorder.record(scenario, lambda: refused(scenario))  # noqa: B023
        else:
            text = recorder.record(scenario, lambda: dialect.ask(asked, key, {}, scenario))  # noqa: B023
        _write(CASSETTES / dialect.folder / f"{scenario}.yaml", text, origin)


def record_openai() -> None:
    """Record every scenario of OpenAI."""
    names = key_names(Boards(environ={}).info("openai"))
    key = next((os.environ[name] for name in names if os.environ.get(name)), None)
    if key is not None:
        _record_openai(BASE_URL, key, f"recorded from {BASE_URL}", live=True)
        return
    print(f"{' or '.join(names)} is not set: the sandbox answers")
    with sandbox() as url:
        said = f"synthetic, from jackfield-sandbox {version('jackfield-sandbox')}"
        _record_openai(f"{url}/v1", "any", said, live=False)


def _record_openai(asked: str, key: str, origin: str, *, live: bool) -> None:
    recorder = Recorder(asked, BASE_URL)
    scenarios = openai_scenarios.SCENARIOS
    with openai.OpenAI(base_url=asked, api_key=key, max_retries=0, timeout=60) as client:
        for number, scenario in enumerate(scenarios, start=1):
            print(f"[{number}/{len(scenarios)}] {scenario.name}", flush=True)
            text = recorder.record(scenario.name, lambda: _ask_openai(client, scenario, live=live))  # noqa: B023
            _write(CASSETTES / "openai" / f"{scenario.name}.yaml", text, origin)


def _ask_openai(client: openai.OpenAI, scenario: openai_scenarios.Scenario, *, live: bool) -> None:
    """Ask as a scenario says; an answer that is refused on purpose is as good as any."""
    if scenario.wrong_key:
        client = client.with_options(api_key="wrong")
    headers = {"x-jackfield-fault": scenario.fault} if scenario.fault and not live else {}
    answers: list[Any] = []
    for step in scenario.steps:
        try:
            answer: Any = client.chat.completions.create(
                model=scenario.model, extra_headers=headers, **step.sdk(answers)
            )
        except openai.APIStatusError as error:
            if scenario.fault is None:
                sys.exit(f"{scenario.name} was refused with {error.status_code}: {error.message}")
            return
        except openai.APIConnectionError as error:
            sys.exit(f"{scenario.name}: no answer from {client.base_url}: {error}")
        if scenario.fault is not None:
            sys.exit(f"{scenario.name} was answered, and should have been refused")
        answers.append(list(answer) if isinstance(answer, openai.Stream) else answer)


def _write(path: Path, text: str, origin: str) -> None:
    """Write a cassette, unless something in it belongs to somebody."""
    if found := findings(text):
        sys.exit(f"{path.name} is not written; it holds {'; '.join(found)}")
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"# origin: {origin}, {datetime.now(UTC):%Y-%m-%d}\n{text}", encoding="utf-8")


@contextlib.contextmanager
def sandbox() -> Iterator[str]:
    """Serve the sandbox on a free port of the loopback address, and return its URL."""
    listener = socket.create_server(("127.0.0.1", 0))
    app: Any = SandboxApp(Boards(environ={}))
    server = uvicorn.Server(uvicorn.Config(app, log_level="warning", lifespan="off", ws="none"))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
    thread.start()
    deadline = time.monotonic() + 10
    while not server.started:
        if not thread.is_alive() or time.monotonic() > deadline:
            sys.exit("the sandbox does not start")
        time.sleep(0.01)
    try:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join(10)
        listener.close()


PROVIDERS: dict[str, Callable[[], None]] = {
    "openai": record_openai,
    **{dialect.folder: functools.partial(record_dialect, dialect) for dialect in DIALECTS},
}


def main(words: list[str]) -> None:
    """Record the provider that is named."""
    if len(words) != 1 or words[0] not in PROVIDERS:
        sys.exit(f"whose cassettes? one of {', '.join(PROVIDERS)}: python -m tests.record PROVIDER")
    PROVIDERS[words[0]]()


if __name__ == "__main__":
    main(sys.argv[1:])
