"""Which profile to ask for where a model cannot be asked as such; what depends on the error alone is in the catalog."""

from __future__ import annotations

import re

from jackfield import JackfieldError

#: The region that an inference profile puts before the vendor, and what is left of a model without it.
_PROFILE = re.compile(r"^(us|eu|apac|au|ca|jp|sa|us-gov|global)\.")
_ID = re.compile(r"[a-z0-9]+\.[\w.:-]+")
_NO_ON_DEMAND = "on-demand throughput"
_NO_MODEL = "model identifier is invalid"


def remedy(error: JackfieldError, model: str) -> str | None:
    """Return what to do; None where Amazon's words say it, or nobody knows."""
    name = _PROFILE.sub("", model)
    example = f"us.{name} or global.{name}" if _ID.fullmatch(name) else "us.VENDOR.MODEL or global.VENDOR.MODEL"
    if _NO_ON_DEMAND in error.message.lower():
        return f"ask for its inference profile, such as {example}"
    if _NO_MODEL in error.message.lower() or error.code == "ResourceNotFoundException":
        return (
            "check the id and that the region (AWS_REGION) has the model; many answer only through an inference "
            f"profile, such as {example}"
        )
    return None
