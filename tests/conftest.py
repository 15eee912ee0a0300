"""Guards every test: no credentials, no network, and under ``JACKFIELD_REQUIRE=all`` no skip.

``JACKFIELD_LIVE=1``, for the tests marked live and never in CI, leaves keys and network alone.
"""

import os
from collections.abc import Generator

import pytest

from tests.alone import room
from tests.guards import refuse_network, unset_credentials
from tests.require import everything_is_required, require

if os.environ.get("JACKFIELD_LIVE") != "1":
    unset_credentials(os.environ)
    refuse_network()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item: pytest.Item) -> Generator[None, object, object]:
    """Give a test its room, where pytest runs several at once."""
    if not hasattr(item.config, "workerinput") or item.config.cache is None:
        return (yield)
    with room(item.config.cache.mkdir("room"), item.get_closest_marker("alone") is not None):
        return (yield)


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Look for what ``@pytest.mark.needs(...)`` names."""
    for marker in item.iter_markers("needs"):
        for what in marker.args:
            require(what)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Turn a skip into a failure where everything is required, unless its marker gives a reason."""
    report = yield
    if report.skipped and not hasattr(report, "wasxfail") and everything_is_required() and not _may_skip(item):
        report.outcome = "failed"
        report.longrepr = f"{item.nodeid} skipped, and JACKFIELD_REQUIRE=all: {_reason(report.longrepr)}"
    return report


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report() -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
    """Turn the skip of a whole module into a failure where everything is required."""
    report = yield
    if report.skipped and everything_is_required():
        report.outcome = "failed"
        report.longrepr = f"{report.nodeid} skipped, and JACKFIELD_REQUIRE=all: {_reason(report.longrepr)}"
    return report


def _may_skip(item: pytest.Item) -> bool:
    marker = item.get_closest_marker("allow_skip")
    if marker is None:
        return False
    if not marker.kwargs.get("reason"):
        raise pytest.UsageError(f"{item.nodeid}: allow_skip has no reason; allow_skip(reason=...) has")
    return True


def _reason(longrepr: object) -> str:
    return str(longrepr[2]) if isinstance(longrepr, tuple) else str(longrepr)
