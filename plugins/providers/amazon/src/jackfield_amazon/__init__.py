"""Amazon Bedrock: how requests are signed, what its models' vendors call otherwise, and what its errors ask for."""

from ._hooks import authorize, normalize_error, normalize_response, translate_request

__all__ = ["authorize", "normalize_error", "normalize_response", "translate_request"]
