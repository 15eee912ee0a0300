"""Our signature is botocore's, byte for byte."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from botocore import auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from hypothesis import given
from hypothesis import strategies as st

from jackfield_amazon._sigv4 import sign

AT = datetime(2026, 11, 20, 9, 5, 7, tzinfo=UTC)
KEYS = {"access_key_id": "AKIDEXAMPLE", "secret_access_key": "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"}
TEMPORARY = {**KEYS, "session_token": "IQoJb3JpZ2luX2VjE//////////wEaCXVzLWVhc3QtMSJ=="}
HOST = "https://bedrock-runtime.us-east-1.amazonaws.com"
ARN = "arn%3Aaws%3Abedrock%3Aus-east-1%3A123456789012%3Aapplication-inference-profile%2Fab12cd34ef56"


def botocore_signs(
    method: str, url: str, headers: dict[str, str], body: bytes, keys: dict[str, str], region: str, at: datetime
) -> dict[str, str]:
    """Return the headers that botocore adds, its clock standing at a time."""
    request = AWSRequest(method=method, url=url, headers=headers, data=body)
    known = Credentials(keys["access_key_id"], keys["secret_access_key"], keys.get("session_token"))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(auth, "get_current_datetime", lambda remove_tzinfo=True: at.astimezone(UTC).replace(tzinfo=None))
        auth.SigV4Auth(known, "bedrock", region).add_auth(request)
    names = ("authorization", "x-amz-date", "x-amz-security-token")
    return {name: request.headers[name] for name in names if name in request.headers}


def check(
    method: str = "POST",
    url: str = f"{HOST}/model/m/converse",
    headers: dict[str, str] | None = None,
    body: bytes = b"{}",
    keys: dict[str, str] = KEYS,
    region: str = "us-east-1",
    at: datetime = AT,
) -> dict[str, str]:
    """Sign, and compare with botocore."""
    given_headers = {"content-type": "application/json"} if headers is None else headers
    found = sign(method, url, given_headers, body, keys, region, "bedrock", at)
    assert found == botocore_signs(method, url, given_headers, body, keys, region, at)
    return found


CASES: dict[str, dict[str, Any]] = {
    "plain": {},
    "temporary_keys": {"keys": TEMPORARY},
    "an_empty_token_is_none": {"keys": {**KEYS, "session_token": ""}},
    "another_region": {"region": "eu-central-1", "url": "https://bedrock-runtime.eu-central-1.amazonaws.com/model/m/x"},
    "colons_in_the_model": {"url": f"{HOST}/model/anthropic.claude-3-haiku-20240307-v1%3A0/converse-stream"},
    "an_arn": {"url": f"{HOST}/model/{ARN}/converse"},
    "an_arn_that_nobody_encoded": {"url": f"{HOST}/model/arn:aws:bedrock:us-east-1::foundation-model/a.b/converse"},
    "get_without_body": {"method": "GET", "body": b"", "headers": {}},
    "no_path": {"url": HOST, "method": "GET", "body": b""},
    "a_slash": {"url": f"{HOST}/", "method": "get", "body": b""},
    "dots_and_double_slashes": {"url": f"{HOST}/a/./b/../c//d/"},
    "dots_beyond_the_root": {"url": f"{HOST}/../../a"},
    "a_tilde_and_spaces": {"url": f"{HOST}/a~b/c%20d/e f"},
    "a_query": {"url": f"{HOST}/x?b=2&a=1&b=1&c&d=&a=%20"},
    "a_fragment": {"url": f"{HOST}/x?a=b#part"},
    "utf8": {"url": f"{HOST}/modèle/%C3%A9?q=ü", "body": "日本語 😀".encode()},
    "a_port": {"url": "http://localhost:8700/model/m/converse"},
    "the_usual_port": {"url": "https://example.com:443/x"},
    "the_usual_port_of_http": {"url": "http://example.com:80/x"},
    "an_unusual_port_of_https": {"url": "https://example.com:80/x"},
    "a_host_in_capitals": {"url": "https://Bedrock.Example.COM/x"},
    "a_name_in_the_address": {"url": "https://user:word@example.com/x"},
    "an_ipv6_address": {"url": "https://[::1]:8443/x"},
    "white_space_in_headers": {"headers": {"X-Team": "  a   b\tc ", "content-type": "application/json"}},
    "headers_that_change_on_the_way": {"headers": {"User-Agent": "x", "connection": "close", "X-Amzn-Trace-Id": "r"}},
    "a_host_of_ones_own": {"headers": {"Host": "proxy.example"}},
    "a_signature_of_before": {"headers": {"authorization": "Bearer x", "x-amz-date": "20200101T000000Z"}},
    "the_next_day": {"at": datetime(2026, 12, 31, 23, 59, 59, tzinfo=UTC)},
    "another_zone": {"at": datetime(2026, 11, 20, 1, 0, tzinfo=timezone(timedelta(hours=9)))},
}  # fmt: skip


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_the_signature_is_that_of_botocore(case: dict[str, Any]) -> None:
    found = check(**case)
    assert ("x-amz-security-token" in found) is bool(case.get("keys", KEYS).get("session_token"))


_paths = st.text("abcXYZ019-._~:/% ()[]@!$&'*+,;=äé日😀", max_size=30)
_queries = st.text("abc=&%2F+ ä~:/", max_size=20)
_tokens = st.text("abcXYZ019/+=", min_size=1, max_size=30)


@given(
    method=st.sampled_from(["GET", "POST", "put"]),
    path=_paths,
    query=_queries,
    headers=st.dictionaries(
        st.sampled_from(["content-type", "x-team", "X-Odd", "accept", "te"]), st.text("ab \t,;", max_size=10)
    ),
    body=st.binary(max_size=50),
    keys=st.fixed_dictionaries(
        {"access_key_id": _tokens, "secret_access_key": _tokens}, optional={"session_token": _tokens}
    ),
    region=st.sampled_from(["us-east-1", "eu-west-3", "us-gov-west-1"]),
    at=st.datetimes(datetime(2000, 1, 1), datetime(2099, 1, 1), timezones=st.just(UTC)),
)
def test_any_signature_is_that_of_botocore(
    method: str,
    path: str,
    query: str,
    headers: dict[str, str],
    body: bytes,
    keys: dict[str, str],
    region: str,
    at: datetime,
) -> None:
    url = f"{HOST}/{path}" + (f"?{query}" if query else "")
    check(method, url, headers, body, keys, region, at)
