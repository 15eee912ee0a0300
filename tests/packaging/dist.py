"""`make dist`: builds the wheel and the source archive of every distribution into dist/, out of what git tracks.

Each wheel is compared with the tree, and the list of components is written beside them.
"""

import json
import shutil
import sys
import tempfile
from pathlib import Path

from tests.packaging.building import build
from tests.packaging.components import NAME, components
from tests.packaging.contents import differences
from tests.workspace.tree import ROOT, distributions

__all__ = ["OUT", "main", "release"]

OUT = ROOT / "dist"


def release(out: Path) -> list[str]:
    """Build everything into an empty folder and write the list of components; say which wheels are not the tree."""
    with tempfile.TemporaryDirectory() as copy:
        build(Path(copy), out)
    wheels = {wheel.name.partition("-")[0]: wheel for wheel in sorted(out.glob("*.whl"))}
    found = []
    for distribution in distributions():
        wheel = wheels.pop(distribution.package.name, None)
        found += [f"{distribution.name} has no wheel"] if wheel is None else differences(wheel, distribution)
    found += [f"{wheel.name} is of no distribution here" for wheel in wheels.values()]
    text = json.dumps(components(sorted(out.glob("*.whl"))), indent=2, ensure_ascii=False)
    (out / NAME).write_text(text + "\n", encoding="utf-8")
    return found


def main() -> int:
    """Build into dist/ and say what is there; 1 where a wheel is not the tree."""
    shutil.rmtree(OUT, ignore_errors=True)
    OUT.mkdir()
    found = release(OUT)
    for path in sorted(OUT.iterdir()):
        print(f"{path.relative_to(ROOT)}  {path.stat().st_size / 1000:.0f} kB")
    for line in found:
        print(f"error: {line}", file=sys.stderr)
    print(
        f"{len(list(OUT.glob('*.whl')))} wheels in {OUT}, "
        + (f"{len(found)} differences" if found else "each as the tree")
    )
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
