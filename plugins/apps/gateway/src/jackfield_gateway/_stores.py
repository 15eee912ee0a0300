"""The database that commands work on: its URL, and the file of the secret that goes with it."""

from __future__ import annotations

import argparse
import os
from pathlib import Path
from typing import TYPE_CHECKING

from jackfield import ConfigurationError

if TYPE_CHECKING:
    from .state import Secret

STORE = "JACKFIELD_GATEWAY_STORE"
HASHED_UNDER = "JACKFIELD_GATEWAY_SECRET_FILE"


def add_store(parser: argparse.ArgumentParser, what: str) -> None:
    """Add the options that name the database and the secret."""
    parser.add_argument("--store", metavar="URL", default=os.environ.get(STORE) or None, help=what)
    parser.add_argument(
        "--secret-file",
        metavar="FILE",
        default=os.environ.get(HASHED_UNDER) or None,
        help=f"the secret that keys are hashed under (default: {HASHED_UNDER}, or beside a SQLite database)",
    )


def store_url(options: argparse.Namespace) -> str:
    """Return the URL of the database.

    Raises:
        ConfigurationError: none is named.
    """
    if options.store is None:
        raise ConfigurationError(f"no database is named; give --store URL or set {STORE}")
    return str(options.store)


def open_secret(options: argparse.Namespace) -> Secret:
    """Read the secret; it is made where there is none.

    Raises:
        ConfigurationError: it cannot be read, or nothing says where it is.
    """
    return secret_of(store_url(options), None if options.secret_file is None else Path(options.secret_file))


def secret_of(url: str, file: Path | None) -> Secret:
    """Read the secret of a database: in a file, or where none is named beside a SQLite database.

    Raises:
        ConfigurationError: it cannot be read, or nothing says where it is.
    """
    from .state import read_secret

    if file is not None:
        return read_secret(file)
    scheme, _, path = url.partition(":///")
    if scheme != "sqlite" or not path:
        raise ConfigurationError(f"the secret needs a file; give --secret-file or set {HASHED_UNDER}")
    return read_secret(Path(path).with_suffix(".secret"))
