"""The conformance kit: what a provider or a dialect must do, inherited in ten lines by first and third parties alike.

It is a pytest plugin that is loaded only when it is asked for, with `pytest_plugins = ["jackfield_conformance"]`.
Its checks write their own findings, so that pytest need not rewrite them: PYTEST_DONT_REWRITE.
"""

from ._deviations import DEVIATIONS, deviates
from ._dialect import DialectConformance
from ._plugin import pytest_addoption, pytest_terminal_summary
from ._provider import ProviderConformance
from ._reading import Answer
from ._recorded import Recorded, cassettes

__all__ = [
    "DEVIATIONS",
    "Answer",
    "DialectConformance",
    "ProviderConformance",
    "Recorded",
    "cassettes",
    "deviates",
    "pytest_addoption",
    "pytest_terminal_summary",
]
