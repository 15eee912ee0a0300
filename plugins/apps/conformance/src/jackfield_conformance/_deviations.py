"""`@deviates`: the only way out of a check, with a reason and an issue; the summary lists every one."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any, TypeVar

import pytest

C = TypeVar("C", bound=type)

#: What the run's summary tells: who deviates, from what, why, and where it is discussed.
DEVIATIONS: list[tuple[str, str, str, str]] = []


def deviates(test: str, *, reason: str, issue: str) -> Callable[[C], C]:
    """Say that a class does not pass a check, and why.

    The check still runs: once it passes, it fails until the deviation is taken out.

    `test` is the name of the check, `reason` a sentence, `issue` the address where it is discussed.

    Raises:
        TypeError: the class has no such check, or reason or issue is empty.
    """
    if not reason.strip() or not issue.strip():
        raise TypeError(f"a deviation from {test} needs a reason and an issue")

    def mark(cls: C) -> C:
        check = getattr(cls, test, None)
        if check is None or not test.startswith("test_"):
            raise TypeError(f"{cls.__name__} has no check {test!r}")

        @wraps(check)
        def deviating(self: Any, *values: Any, **named: Any) -> None:
            check(self, *values, **named)

        deviating.pytestmark = [  # type: ignore[attr-defined]
            *getattr(check, "pytestmark", ()),
            pytest.mark.xfail(reason=f"deviates: {reason} ({issue})", strict=True),
        ]
        setattr(cls, test, deviating)
        DEVIATIONS.append((cls.__name__, test, reason, issue))
        return cls

    return mark
