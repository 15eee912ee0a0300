"""The board of the dialect, without any provider."""

from __future__ import annotations

import pytest

from jackfield import Board, Boards
from tests.dialects.bedrock.requests import DIALECT


@pytest.fixture(scope="session")
def board() -> Board:
    return Boards(environ={}).dialect(DIALECT)
