"""The page of the checks, written from their docstrings: `python -m tests.apps.conformance.reference [--check]`."""

from __future__ import annotations

import inspect
import sys
from pathlib import Path

from jackfield_conformance import DialectConformance, ProviderConformance

PAGE = Path(__file__).parents[3] / "docs" / "reference" / "conformance.md"
_HEAD = """\
# The conformance kit, check by check

`jackfield-conformance` is a pytest plugin. A provider inherits `ProviderConformance`, a wire format
`DialectConformance`; what a check asks is below. A check that the catalog does not call for is skipped, with the
reason. A check that a plugin cannot pass is named with `@deviates`, and the run's summary lists it.

This page is written from the docstrings: `python -m tests.apps.conformance.reference`.
"""


def page() -> str:
    """Write the page."""
    rows = [_HEAD]
    for title, kit in (("Providers", ProviderConformance), ("Dialects", DialectConformance)):
        rows.append(f"## {title}\n")
        for owner in reversed(kit.__mro__):
            for name, check in vars(owner).items():
                if name.startswith("test_") and getattr(kit, name) is check:
                    rows.append(f"### {name}\n\n{inspect.getdoc(check)}\n")
    return "\n".join(rows)


def main() -> int:
    """Write the page, or tell whether it is as it should be."""
    if "--check" not in sys.argv:
        PAGE.write_text(page(), encoding="utf-8")
        return 0
    if PAGE.exists() and PAGE.read_text(encoding="utf-8") == page():
        return 0
    print(f"{PAGE.name} is out of date: python -m tests.apps.conformance.reference")
    return 1


if __name__ == "__main__":
    sys.exit(main())
