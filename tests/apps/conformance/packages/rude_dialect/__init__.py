"""A plugin whose import brings in what it needs later, if at all, and a dialect that is sound but for that."""

import urllib3  # noqa: F401

from tests.apps.conformance.sound import Dialect

sound = Dialect()
globals().update({name: getattr(sound, name) for name in dir(sound) if hasattr(getattr(sound, name), "jackfield_impl")})
