"""The unit tests that LangChain publishes for chat models, run on ours.

`langchain-tests` wants an older vcrpy than the tests here, so it is put into a folder of its own, with what its unit
tests import, and pytest is started with that folder.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

NEEDED = [
    "langchain-tests==1.1.9",
    "pytest-benchmark==5.3.1",
    "py-cpuinfo==9.0.0",
    "syrupy==7.0.2",
    "pytest-socket==0.8.1",
]
SUITE = """
from langchain_tests.unit_tests import ChatModelUnitTests

from jackfield_langchain_bridge import ChatJackfield


class TestChatJackfield(ChatModelUnitTests):
    @property
    def chat_model_class(self):
        return ChatJackfield

    @property
    def chat_model_params(self):
        return {"model": "openai/gpt-4o-mini"}
"""


@pytest.mark.slow
@pytest.mark.allow_skip(reason="what it needs is fetched while it runs, and may not be to be had")
def test_the_published_unit_tests_pass(tmp_path: Path) -> None:
    house = tmp_path / "house"
    pip = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--target", str(house), *NEEDED]
    for _ in range(3):
        fetched = subprocess.run(pip, check=False, capture_output=True, text=True, timeout=120)
        if fetched.returncode == 0:
            break
    else:
        pytest.skip(f"LangChain's tests cannot be had: {fetched.stderr[-300:]}")
    (tmp_path / "test_suite.py").write_text(SUITE)
    (tmp_path / "pytest.ini").write_text("[pytest]\n")
    plugins = [word for name in ("pytest_benchmark.plugin", "syrupy") for word in ("-p", name)]
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "--benchmark-disable", *plugins, "test_suite.py"],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(house), "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1", "PYTEST_ADDOPTS": ""},
        capture_output=True, text=True, timeout=300, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    found = re.search(r"(\d+) passed", done.stdout)
    assert found is not None, done.stdout
    assert int(found[1]) >= 8
