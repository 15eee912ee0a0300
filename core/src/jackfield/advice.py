"""What a catalog adds to an error: names that are near, and what to do about it.

[remedies]
DeploymentNotFound = "model is the name of your deployment"    # by the provider's own code
AuthenticationError = "make a new token, it lasts an hour"     # or by the class of the error
"""

from __future__ import annotations

from .catalog import ProviderInfo
from .errors import JackfieldError, ModelNotFoundError


def advise(error: JackfieldError, info: ProviderInfo, model: str) -> None:
    """Add what the catalog knows to the message of an error, once, however often it is asked to."""
    remedies = info.table.get("remedies", {})
    if text := remedies.get(error.code or "") or remedies.get(type(error).__name__):
        _add(error, text)
    if isinstance(error, ModelNotFoundError):
        import difflib

        near = difflib.get_close_matches(model, info.model_names(), n=3, cutoff=0.6)
        if near and model not in near:
            _add(error, f"the catalog has {', '.join(near)}")


def _add(error: JackfieldError, text: str) -> None:
    if (added := f" ({text})") not in error.message:
        error.message += added
