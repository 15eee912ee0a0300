"""What ARNs cost: those that name a model, or a profile of Amazon's own, are known by that name."""

from __future__ import annotations

import pytest

from jackfield import Boards

ARN = "arn:aws:bedrock:us-east-1:123456789012"


@pytest.mark.parametrize(
    ("arn", "name"),
    [
        ("arn:aws:bedrock:us-east-1::foundation-model/amazon.nova-lite-v1:0", "amazon.nova-lite-v1:0"),
        (
            "arn:aws-us-gov:bedrock:us-gov-west-1::foundation-model/anthropic.claude-3-haiku-20240307-v1:0",
            "anthropic.claude-3-haiku-20240307-v1:0",
        ),
        (f"{ARN}:inference-profile/global.amazon.nova-2-lite-v1:0", "global.amazon.nova-2-lite-v1:0"),
        (f"{ARN}:inference-profile/us.anthropic.claude-sonnet-4-6", "us.anthropic.claude-sonnet-4-6"),
    ],
)
def test_an_arn_that_ends_in_a_name_is_known_by_it(arn: str, name: str) -> None:
    info = Boards(environ={}).info("amazon")
    known, meant = info.model(arn), info.model(name)
    assert meant.rung in ("id", "alias")
    assert known == meant
    assert known.rules


@pytest.mark.parametrize(
    "arn",
    [
        f"{ARN}:application-inference-profile/ab12cd34ef56",
        f"{ARN}:inference-profile/us.nobody.knows-v1:0",
        "arn:aws:sagemaker:us-east-1:123456789012:endpoint/amazon.nova-lite-v1:0",
    ],
)
def test_an_arn_that_names_no_known_model_has_no_price(arn: str) -> None:
    known = Boards(environ={}).info("amazon").model(arn)
    assert known.rung not in ("id", "alias")
    assert not known.rules
