"""The wheels of every distribution, built once."""

from pathlib import Path

import pytest

from tests.packaging.building import build


@pytest.fixture(scope="session")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build every distribution from a copy of the tracked files."""
    copy, out = tmp_path_factory.mktemp("copy"), tmp_path_factory.mktemp("built")
    build(copy, out)
    return out
