"""A provider named acme behind a real socket, in an environment that llm and the bridge read."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import tomlkit

from jackfield_llm_bridge import _models
from tests.core.conftest import acme
from tests.core.server import Server, running


@pytest.fixture
def server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    with running() as found:
        models = [
            {
                "id": "large", "capabilities": ["tools", "json_schema"], "media": {"image": ["bytes"]},
                "prices": [{"rates": {"input": "1", "output": "2.5"}}],
            },
            {"id": "vectors", "operations": ["embedding"]},
        ]  # fmt: skip
        config = tmp_path / "jackfield.toml"
        config.write_text(tomlkit.dumps(acme(found.url, models=models)), encoding="utf-8")
        for name, value in {
            "JACKFIELD_CONFIG": str(config), "JACKFIELD_PLUGINS": "openai-chat", "ACME_API_KEY": "sk-acme-0123456789",
            "LLM_USER_PATH": str(tmp_path / "llm"), "NO_PROXY": "*",
        }.items():  # fmt: skip
            monkeypatch.setenv(name, value)
        _forget()
        yield found
        _forget()


def _forget() -> None:
    """Let the bridge read its environment anew."""
    if _models._client.cache_info().currsize:
        _models._client().close()
    _models._client.cache_clear()
    _models._boards.cache_clear()
