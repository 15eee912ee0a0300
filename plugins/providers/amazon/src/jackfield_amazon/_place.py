"""Regions: the one of the address, and the one that an ARN names."""

from __future__ import annotations

import re

from jackfield import ConfigurationError, Endpoint

_REGION = re.compile(r"[a-z]{2,}(-[a-z]+)+-\d+")
_ARN = re.compile(r"arn:aws[\w-]*:(?:bedrock|sagemaker):([\w-]*):")


def region_of(endpoint: Endpoint) -> str:
    """Return the region of an address.

    Raises:
        ConfigurationError: it is none; the message names the setting.
    """
    region = endpoint.settings.get("region", "")
    if not _REGION.fullmatch(region):
        raise ConfigurationError(
            f"the region {region!r} is none; set AWS_REGION or give Client(providers={{'amazon': {{'region': ...}}}}), "
            "such as us-east-1",
            provider=endpoint.provider,
        )
    return region


def check_place(model: str, endpoint: Endpoint) -> None:
    """Check that an ARN is of the region that is asked; an address of one's own may state no region.

    Raises:
        ConfigurationError: it is of another, or the region is none.
    """
    if "region" not in endpoint.settings:
        return
    region, found = region_of(endpoint), _ARN.match(model)
    if found is not None and found[1] not in ("", region):
        raise ConfigurationError(
            f"the ARN is of the region {found[1]}, the address of {region}; set AWS_REGION={found[1]}",
            provider=endpoint.provider,
            model=model,
        )
