"""Runs the Python blocks of one page in one namespace, with their places in tracebacks: `running.py FILE`.

The file is JSON: a list of pairs, where a block begins and its code.
"""

import json
import sys
import types
from pathlib import Path


def main() -> None:
    """Run every block in the order of the page."""
    module = types.ModuleType("__main__")
    sys.modules["__main__"] = module
    for where, code in json.loads(Path(sys.argv[1]).read_text(encoding="utf-8")):
        file, _, line = where.rpartition(":")
        exec(compile("\n" * (int(line) - 1) + code, file, "exec"), module.__dict__)  # noqa: S102 - our own pages


if __name__ == "__main__":
    main()
