"""Runs the Python blocks of pages as a reader would, those of a page in one namespace: `running.py FILE`.

The file is JSON: for each page a list of pairs, where a block begins and its code. The status is 1 if a page failed.
"""

import json
import sys
import traceback
import types
from pathlib import Path


def main() -> int:
    """Run every page, and its blocks in their order."""
    pages = json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))
    return 0 if all([_run(blocks) for blocks in pages]) else 1


def _run(blocks: list[tuple[str, str]]) -> bool:
    module = sys.modules["__main__"] = types.ModuleType("__main__")
    for where, code in blocks:
        file, _, line = where.rpartition(":")
        try:
            exec(compile("\n" * (int(line) - 1) + code, file, "exec"), module.__dict__)  # noqa: S102 - our own pages
        except BaseException:
            sys.stderr.write(f"{where}\n{traceback.format_exc()}\n")
            return False
    return True


if __name__ == "__main__":
    sys.exit(main())
