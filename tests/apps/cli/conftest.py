"""A provider on a loopback address, and the command in an environment that knows it as `acme`."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.apps.cli.processes import Command
from tests.apps.cli.server import Provider
from tests.guards import unset_credentials

CONFIG = """
[providers.acme.provider]
name = "acme"
title = "Acme"
dialect = "openai-chat"
base_url = "{url}"
default_model = "large"

[[providers.acme.models]]
id = "large"
aliases = ["big"]
context = 1000
max_output = 100
capabilities = ["tools"]
limits = {{ top_k = false }}
source = "a page"
checked = 2026-08-21

[[providers.acme.models.prices]]
since = 2020-01-01T00:00:00Z
rates = {{ input = "1.50", output = "3", "input.cache_read" = "0.15" }}

[[providers.acme.models.prices]]
since = 2999-01-01T00:00:00Z
rates = {{ input = "9" }}

[[providers.acme.models]]
id = "painter"
operations = ["image"]
prices = [{{ rates = {{ "output.image" = {{ amount = "0.04", per = 1, unit = "image" }} }} }}]

[providers.locked.provider]
name = "locked"
title = "Locked"
dialect = "openai-chat"
base_url = "{url}"

[[providers.locked.auth]]
kind = "bearer"
values = {{ token = ["LOCKED_API_KEY"] }}
"""


@pytest.fixture(scope="module")
def serving() -> Iterator[Provider]:
    provider = Provider()
    yield provider
    provider.close()


@pytest.fixture
def provider(serving: Provider) -> Provider:
    serving.requests.clear()
    serving.cancelled.clear()
    serving.stalled.clear()
    return serving


@pytest.fixture
def jackfield(provider: Provider, tmp_path: Path) -> Command:
    config = tmp_path / "jackfield.toml"
    config.write_text(CONFIG.format(url=provider.url))
    environ = dict(os.environ)
    unset_credentials(environ)
    environ |= {"JACKFIELD_CONFIG": str(config), "NO_PROXY": "*", "PYTHONPATH": ""}
    environ |= {"XDG_STATE_HOME": str(tmp_path / "state"), "HOME": str(tmp_path)}
    for name in ("COLUMNS", "NO_COLOR", "FORCE_COLOR", "TERM", "PYTHONWARNINGS"):
        environ.pop(name, None)
    return Command(environ=environ)
