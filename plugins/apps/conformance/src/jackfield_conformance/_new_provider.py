"""`jackfield new-provider NAME`: writes a whole package for a provider, whose tests pass at once.

The templates are packages themselves, of the provider `acme`; rendering one is writing another name into it.
"""

from __future__ import annotations

import argparse
import re
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

TEMPLATES = Path(__file__).parent / "template"
KINDS = {
    "data": "a catalog, for a provider that speaks chat completions as they are",
    "override": "a catalog and hooks, for one that writes some of it otherwise",
    "dialect": "a catalog and a wire format of its own",
}
_NAME = re.compile(r"[a-z][a-z0-9]*(?:-[a-z0-9]+)*")
#: What stands in the templates, in the order in which it is replaced, and what stands there instead.
_WORDS: tuple[tuple[str, Callable[[str], str]], ...] = (
    ("ACME", lambda name: name.replace("-", "_").upper()),
    ("Acme", lambda name: "".join(word.capitalize() for word in name.split("-"))),
    ("jackfield_acme", lambda name: f"jackfield_{name.replace('-', '_')}"),
    ("test_acme", lambda name: f"test_{name.replace('-', '_')}"),
    ("acme", lambda name: name),
)


def command(argv: Sequence[str] | None = None) -> int:
    """Run the command; returns the exit status."""
    parser = argparse.ArgumentParser(
        prog="jackfield new-provider",
        description="write a package for a provider, with tests that pass at once",
        epilog="; ".join(f"{kind}: {what}" for kind, what in KINDS.items()),
    )
    parser.add_argument("name", help="the name of the provider, as in NAME/model")
    parser.add_argument("--kind", choices=KINDS, default="data", help="how much of it is code (default: %(default)s)")
    parser.add_argument("--into", type=Path, default=Path(), metavar="FOLDER", help="where the package's folder goes")
    options = parser.parse_args(argv)
    if not _NAME.fullmatch(options.name):
        return _refuse(f"{options.name!r} is no name: lower case letters, digits and single hyphens, a letter first")
    folder: Path = options.into / f"jackfield-{options.name}"
    if folder.exists():
        return _refuse(f"{folder} is there already; move it away, or name another folder with --into")
    try:
        for path, content in rendered(options.name, options.kind):
            (folder / path).parent.mkdir(parents=True, exist_ok=True)
            (folder / path).write_bytes(content)
    except OSError as error:
        return _refuse(f"{error.filename or folder} cannot be written: {error.strerror}")
    sys.stdout.write(
        f"wrote {folder}\n\n  cd {folder}\n  pip install -e '.[test]'\n  pytest\n\n"
        "Then write what your provider does into catalog.toml; the catalog reference has every key.\n"
    )
    return 0


def rendered(name: str, kind: str) -> Iterator[tuple[str, bytes]]:
    """Yield path and content of every file of a package.

    `name` is the provider's, `kind` one of `KINDS`.
    """
    folder = TEMPLATES / kind
    for path in sorted(folder.rglob("*")):
        if path.is_file() and "__pycache__" not in path.parts and not path.parts[-1].startswith("."):
            yield _named(path.relative_to(folder).as_posix(), name), _named(path.read_text("utf-8"), name).encode()


def _named(text: str, name: str) -> str:
    for word, written in _WORDS:
        text = text.replace(word, written(name))
    return text


def _refuse(why: str) -> int:
    sys.stderr.write(f"jackfield new-provider: {why}\n")
    return 2
