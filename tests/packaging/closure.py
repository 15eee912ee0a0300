"""What an installation brings: a distribution, what it depends on, and what that depends on in turn.

Ours are read from their pyproject.toml, those of others from the metadata of what is installed. Markers are those of
one platform, the floor of Python on Linux, so that the answer is the same wherever it is asked.
"""

from collections.abc import Iterator, Mapping
from functools import cache
from importlib.metadata import PackageNotFoundError, requires

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tests.workspace.tree import distributions

__all__ = ["brought", "direct"]

PLATFORM: Mapping[str, str] = {
    "implementation_name": "cpython",
    "implementation_version": "3.11.0",
    "os_name": "posix",
    "platform_machine": "x86_64",
    "platform_python_implementation": "CPython",
    "platform_system": "Linux",
    "python_full_version": "3.11.0",
    "python_version": "3.11",
    "sys_platform": "linux",
}


def direct(name: str) -> list[str]:
    """Name what a distribution of ours depends on itself."""
    return [canonicalize_name(requirement.name) for requirement in _needed(name, "")]


def brought(name: str) -> set[str]:
    """Name all that an installation of a distribution brings, itself included."""
    seen: set[tuple[str, str]] = set()
    waiting = [(name, "")]
    while waiting:
        if (one := waiting.pop()) in seen:
            continue
        seen.add(one)
        for requirement in _needed(*one):
            waiting += [(canonicalize_name(requirement.name), extra) for extra in ("", *requirement.extras)]
    return {found for found, _ in seen}


def _needed(name: str, extra: str) -> Iterator[Requirement]:
    for line in _stated(name):
        requirement = Requirement(line)
        if requirement.marker is None or requirement.marker.evaluate({**PLATFORM, "extra": extra}):
            yield requirement


@cache
def _stated(name: str) -> tuple[str, ...]:
    ours = {found.name: found.project for found in distributions()}
    if name in ours:
        return tuple(ours[name]["dependencies"])
    try:
        return tuple(requires(name) or ())
    except PackageNotFoundError:
        # a newer Python than the floor has no need of it, so it is not installed; those that are such need nothing
        return ()
