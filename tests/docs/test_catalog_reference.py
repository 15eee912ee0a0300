"""The catalog reference has every key that the reader knows and that a file here uses, and no other."""

from __future__ import annotations

import ast
import re

from jackfield import catalog, limits, rates
from tests.docs.keys import FILES, used
from tests.workspace.tree import ROOT

PAGE = ROOT / "docs/reference/catalog.md"
#: Where members are listed in the code, and under which path they stand in a file.
_LISTED = {
    "models[].{}": catalog._OWN_KEYS,
    "limits.*.{}": limits._MEMBERS - {"when"} | {"when.reasoning"},
    "models[].prices[].{}": rates._RULE - {"rates", "times", "when", "windows"},
}


def _documented() -> set[str]:
    rows = re.findall(r"^\| `([^`]+)` \|", PAGE.read_text(encoding="utf-8"), re.MULTILINE)
    assert len(rows) == len(set(rows)), "a key stands twice"
    return set(rows)


def _known() -> set[str]:
    found = {form.format(name) for form, names in _LISTED.items() for name in names}
    source = (ROOT / "core/src/jackfield/catalog.py").read_text(encoding="utf-8")
    calls = [node for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Call)]
    owns = [call for call in calls if isinstance(call.func, ast.Attribute) and call.func.attr == "_own"]
    found |= {f"provider.{call.args[0].value!s}" for call in owns if isinstance(call.args[0], ast.Constant)}
    text = (ROOT / "core/src/jackfield/rates.py").read_text(encoding="utf-8")
    for form, members in zip(
        ("models[].prices[].rates.*.{}", "models[].prices[].windows[].{}"),
        re.findall(r"set\((?:value|table)\) - (\{[^}]+\})", text),
        strict=True,
    ):
        found |= {form.format(name) for name in ast.literal_eval(members)}
    return found - {"models[].prices[].rates.*.bands"}


def _covers(documented: set[str], path: str) -> bool:
    """Tell whether a path is documented, where it stands or in the tables that may stand in several places."""
    bare = path.removeprefix("dialects.*.")
    forms = {path, bare, bare.removeprefix("models[].")}
    open_ended = ("wire.chat.thinking.on", "wire.chat.thinking.off", "wire.chat.thinking.always", "wire.chat.prefill")
    return bool(forms & documented) or any(form.startswith(open_ended) for form in forms)


def test_every_key_that_a_file_uses_is_documented() -> None:
    documented = _documented()
    missing = {path: sorted(files)[:3] for path, files in used(*FILES).items() if not _covers(documented, path)}
    assert missing == {}


def test_every_key_that_the_reader_knows_is_documented() -> None:
    known = _known()
    assert {"provider.hosts", "limits.*.below", "models[].prices[].rates.*.floor"} <= known
    assert known - _documented() == set()


def test_no_key_is_documented_that_nobody_reads_or_uses() -> None:
    every = _known() | set(used(*FILES)) | _elsewhere()
    bare = {path.removeprefix("dialects.*.").removeprefix("models[].") for path in every}
    stale = {path for path in _documented() if path not in every and path not in bare}
    assert stale == set()


def _elsewhere() -> set[str]:
    """Return keys that are read outside of the lists above, each with the code that reads it."""
    read = {
        "models[].base": ("catalog.py", '.get("base")'),
        "wire.chat.prefill": ("catalog.py", 'wire.get("prefill"'),
        "models[].prices[].rates.*.bands[].upto": ("rates.py", '.get("upto")'),
        "models[].prices[].rates.*.bands[].amount": ("rates.py", '.get("amount")'),
    }
    for file, code in read.values():
        assert code in (ROOT / "core/src/jackfield" / file).read_text(encoding="utf-8")
    return set(read)
