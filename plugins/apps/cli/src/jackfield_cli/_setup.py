"""What is installed and configured here: the boards, out of environment and configuration file."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from jackfield import Boards
from jackfield.configuration import read_configuration
from jackfield.errors import ConfigurationError


def config_path() -> Path | None:
    """Return the configuration file in force, there or not."""
    return Path(named) if (named := os.environ.get("JACKFIELD_CONFIG")) else None


def read_config() -> Mapping[str, Any]:
    """Read the configuration file in force.

    Raises:
        ConfigurationError: it cannot be read.
    """
    if (path := config_path()) is None:
        return {}
    if not path.is_file():
        raise ConfigurationError(f"JACKFIELD_CONFIG names {path}, which is no file; name one or unset it")
    try:
        return read_configuration(path)
    except OSError as error:
        raise ConfigurationError(f"{path} cannot be read: {error.strerror}") from None


def open_boards() -> Boards:
    """Open the boards of this environment.

    Raises:
        ConfigurationError: the configuration cannot be read.
    """
    return Boards(read_config())
