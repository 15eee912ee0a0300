"""Writes the pages that are made of the code: `python -m tests.docs.generated` writes hooks and errors anew."""

from __future__ import annotations

import inspect
import re
import sys
from collections.abc import Callable, Iterator
from typing import Any

from jackfield import errors, hookspecs
from jackfield.errors import JackfieldError
from jackfield.registration import OBSERVERS, STEPS
from tests.workspace.tree import ROOT

__all__ = ["PAGES", "errors_page", "hooks_page", "sections", "specs"]

REFERENCE = ROOT / "docs" / "reference"
_SERVING = ("parse_request", "render_response", "render_error", "stream_encoder", "relay_request", "relay_response")
_SECTIONS = ("Args", "Returns", "Raises")
_TABLE = "| error | means | what helps | may pass | status |\n|---|---|---|---|---|"
_LATER = "Written by `python -m tests.docs.generated` from {}; a test compares both."


def specs() -> dict[str, Any]:
    """Return every hook spec by name, in the order of the module."""
    return {name: value for name, value in vars(hookspecs).items() if hasattr(value, f"{hookspecs.PROJECT}_spec")}


def sections(spec: Any) -> dict[str, str]:
    """Split a docstring into what stands before its sections (under an empty name) and each section."""
    found: dict[str, list[str]] = {"": []}
    name = ""
    for line in inspect.cleandoc(spec.__doc__ or "").splitlines():
        if line[:-1] in _SECTIONS and line.endswith(":"):
            name = line[:-1]
            found[name] = []
        else:
            found[name].append(line.removeprefix("    ") if name else line)
    return {name: "\n".join(rows).strip() for name, rows in found.items()}


def entries(text: str) -> Iterator[tuple[str, str]]:
    """Read the rows `name: what it is` of a section, which may go on over indented lines."""
    for row in re.split(r"\n(?=\S)", text):
        name, _, what = row.partition(": ")
        yield name, " ".join(what.split())


def hooks_page() -> str:
    """Write the reference of every hook."""
    groups = {
        "Steps of an exchange": [name for name in STEPS if name not in _SERVING],
        "The serving side of a dialect": [name for name in STEPS if name in _SERVING],
        "Observers and flows": [name for name in specs() if name in OBSERVERS],
    }
    version = ".".join(map(str, hookspecs.SPEC_VERSION))
    preface = inspect.cleandoc(hookspecs.__doc__ or "").partition("\n\n")[2]
    parts = [f"# Hooks\n\n{_LATER.format('`jackfield.hookspecs`')} Version {version} of the specs.\n\n{preface}"]
    for title, names in groups.items():
        parts += [f"## {title}", *(_hook(name, specs()[name]) for name in names)]
    return "\n\n".join(parts) + "\n"


def _hook(name: str, spec: Any) -> str:
    found = sections(spec)
    parameters = ", ".join(f"{known.name}: {known.annotation}" for known in inspect.signature(spec).parameters.values())
    result = inspect.signature(spec).return_annotation
    lines = [f"### {name}", f"```text\n{name}({parameters}) -> {result}\n```", found[""]]
    lines.append("\n".join(f"- `{parameter}`: {what}" for parameter, what in entries(found["Args"])))
    lines += ["**Returns** " + _inline(found["Returns"])] if "Returns" in found else []
    lines.append("**Raises** " + "; ".join(f"`{what}`: {when}" for what, when in entries(found["Raises"])))
    return "\n\n".join(lines).replace("`Nothing`: ", "nothing: ")


def _inline(text: str) -> str:
    return " ".join(text.split())


def errors_page() -> str:
    """Write the tree of errors, with what each means and what helps."""
    parts = [
        f"# Errors\n\n{_LATER.format('`jackfield.errors`')} [The guide](../guide/errors.md) says how to use them.",
        "Every error carries `message`, `provider`, `model`, `status`, `request_id`, `retryable`, `retry_after`\n"
        "(seconds), `body` (bytes), `code` and `param`; what is not known is None. `response` is what had arrived,\n"
        "`attempts` what was tried. *Status* is what the gateway answers, where the provider gave none.",
        "\n".join((_TABLE, *_rows(JackfieldError, 0))),
        "`UnsupportedParameterWarning` is a warning, not an error: a parameter was changed or dropped because the\n"
        "model does not take it. `response.adjustments` says which.",
    ]
    return "\n\n".join(parts) + "\n"


def _rows(kind: type[JackfieldError], depth: int) -> Iterator[str]:
    means, _, helps = _inline(inspect.cleandoc(kind.__doc__ or "")).partition(" Remedy: ")
    helps = helps or "see the errors below it"
    status = errors.status_of(kind("")) if depth else ""
    mark = "&nbsp;" * 4 * depth
    yield f"| {mark}`{kind.__name__}` | {means} | {helps} | {'yes' if kind.retryable else ''} | {status} |"
    for below in kind.__subclasses__():
        if below.__module__ == errors.__name__:
            yield from _rows(below, depth + 1)


PAGES: dict[str, Callable[[], str]] = {"hooks.md": hooks_page, "errors.md": errors_page}


def main() -> int:
    """Write every page; with --check only say which is out of date."""
    stale = [
        name
        for name, write in PAGES.items()
        if not (REFERENCE / name).is_file() or (REFERENCE / name).read_text(encoding="utf-8") != write()
    ]
    for name in stale:
        if "--check" not in sys.argv:
            (REFERENCE / name).write_text(PAGES[name](), encoding="utf-8")
        print(name)
    return 1 if stale and "--check" in sys.argv else 0


if __name__ == "__main__":
    sys.exit(main())
