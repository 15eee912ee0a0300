"""Versions of the hook specs: additive minors work, what is newer is refused with the remedy.

The same runs in the packaging tests on the lowest pluggy that the core allows, and on the newest.
"""

from __future__ import annotations

from jackfield.hookspecs import SPEC_VERSION
from tests.packaging import spec_versions


def test_plugins_of_other_versions_work_or_are_refused_with_the_remedy() -> None:
    spec_versions.plugins_of_each_version()


def test_a_parameter_that_a_spec_gains_breaks_no_plugin() -> None:
    spec_versions.a_spec_that_grows()


def test_a_parameter_that_is_to_go_still_comes_with_a_warning() -> None:
    spec_versions.a_parameter_that_is_to_go()


def test_the_spec_version_of_a_plugin_that_says_nothing_is_the_first() -> None:
    assert SPEC_VERSION == (1, 1)
    assert not hasattr(spec_versions.Echo, "SPEC_VERSION")
