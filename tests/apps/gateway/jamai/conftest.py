"""The gateway of Eden's tests: the same providers, and the same shelf of passages."""

from tests.apps.gateway.eden.conftest import address, providers, shelf, upstreams

__all__ = ["address", "providers", "shelf", "upstreams"]
