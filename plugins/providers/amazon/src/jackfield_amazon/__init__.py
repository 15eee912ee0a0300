"""Amazon Bedrock: how requests are signed, what its models' vendors call otherwise, and what its errors ask for."""

from ._hooks import authorize, normalize_error, translate_request

__all__ = ["authorize", "normalize_error", "translate_request"]
