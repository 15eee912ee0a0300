"""Faults on demand: what they are written as, and what becomes of each, with a socket and without."""

import contextlib
import time
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jackfield import (
    AuthenticationError,
    BillingError,
    Boards,
    Client,
    ConnectionFailed,
    HTTPRequest,
    InvalidInput,
    InvalidRequestError,
    JackfieldError,
    ModelNotFoundError,
    OverloadedError,
    PermissionDenied,
    RateLimitError,
    RequestTimeout,
    RequestTooLargeError,
    ResponseFormatError,
    ServerError,
    StreamInterrupted,
    Timeout,
)
from jackfield_sandbox import AsyncSandboxTransport, Sandbox
from jackfield_sandbox._faults import Fault, find_fault, read_fault

MakeClient = Callable[..., Client]


@pytest.fixture(params=["in process", "over a socket"])
def make(request: pytest.FixtureRequest, make_client: MakeClient) -> MakeClient:
    """Make clients of the sandbox, each way."""
    if request.param == "in process":
        return make_client
    base = request.getfixturevalue("url")
    return lambda **options: make_client(base_url=f"{base}/v1", **options)


def ask(client: Client, fault: str, streamed: bool) -> tuple[int, JackfieldError | None]:
    """Ask for a fault by the model's name; return how many deltas came, and the error."""
    count = 0
    try:
        if streamed:
            with client.stream(f"openai/fault/{fault}", "hello there") as stream:
                for _ in stream:
                    count += 1
        else:
            client.chat(f"openai/fault/{fault}", "hello there")
    except JackfieldError as error:
        return count, error
    return count, None


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("status=429;retry-after=2", Fault(status=429, retry_after="2")),
        ('status=500;body={"error": ";"}', Fault(status=500, body=b'{"error": ";"}')),
        ("status=529;header.x-foo=bar; header.x-two=a b", Fault(status=529, headers={"x-foo": "bar", "x-two": "a b"})),
        ("cut=5", Fault(cut=5)),
        ("stall=3.5", Fault(stall=3.5)),
        ("stall=5:30", Fault(stall_after=5, stall=30.0)),
        ("stall=1;cut=0;", Fault(stall=1.0, cut=0)),
        ("malformed=4", Fault(malformed=4)),
        ("error=3", Fault(error=3)),
        ("html", Fault(marks=frozenset({"html"}))),
        ("empty", Fault(marks=frozenset({"empty"}))),
    ],
)
def test_grammar(text: str, expected: Fault) -> None:
    assert read_fault(text, "model") == expected
    assert find_fault({"x-jackfield-fault": text}, "any") == expected
    assert find_fault({}, f"fault/{text}") == expected
    assert find_fault({}, f"anything/fault/{text}") == expected


@pytest.mark.parametrize(
    "text",
    ["", ";", "status", "status=199", "status=600", "status=6xx", "cut", "cut=-1", "cut=x", "html=1",
     "stall=", "stall=a:1", "seed=1", "flap=0", "flap=3", "pace=x", "slow=9999", "refusal=1", "retry-after=in:2",
     "stall=9999", "retry-after=2", "header.a=b", "status=429;header.x\r=1", "status=429;retry-after=2\nx", "boom=1",
     "cut=" + "9" * 5000],
)  # fmt: skip
def test_wrong_fault_is_explained(text: str) -> None:
    with pytest.raises(InvalidInput, match="status=429;retry-after=2"):
        read_fault(text, "model")


PIECES = st.sampled_from([*"=;:.,-1259", "status", "cut", "stall", "header.", "body", "html", "retry-after"])


@given(st.text() | st.lists(PIECES).map("".join))
def test_any_text_is_a_fault_or_explained(text: str) -> None:
    with contextlib.suppress(InvalidInput):
        assert read_fault(text, "model") != Fault()


def test_model_without_fault_is_left_alone() -> None:
    for name in ("gpt-4o", "default/gpt", "fault", "my-fault/x"):
        assert find_fault({}, name) is None


@pytest.mark.parametrize("streamed", [False, True])
def test_wrong_fault_is_a_400(make: MakeClient, streamed: bool) -> None:
    _, error = ask(make(), "boom", streamed)
    assert isinstance(error, InvalidRequestError)
    assert error.status == 400
    assert "cut=N" in str(error)


@pytest.mark.parametrize("streamed", [False, True])
@pytest.mark.parametrize(
    ("status", "expected"),
    [
        (400, InvalidRequestError), (401, AuthenticationError), (402, BillingError), (403, PermissionDenied),
        (404, ModelNotFoundError), (408, RequestTimeout), (413, RequestTooLargeError), (429, RateLimitError),
        (500, ServerError), (503, OverloadedError), (504, RequestTimeout), (529, OverloadedError),
    ],
)  # fmt: skip
def test_status_is_of_the_right_class(
    make: MakeClient, status: int, expected: type[JackfieldError], streamed: bool
) -> None:
    _, error = ask(make(), f"status={status}", streamed)
    assert type(error) is expected
    assert error.status == status
    assert error.retry_after is None
    assert error.request_id


@pytest.mark.parametrize("streamed", [False, True])
def test_retry_after_headers_and_body(make: MakeClient, streamed: bool) -> None:
    _, error = ask(make(), "status=429;retry-after=2", streamed)
    assert isinstance(error, RateLimitError)
    assert error.retry_after == 2
    _, error = ask(make(), 'status=500;body={"error": {"message": "own; words"}}', streamed)
    assert isinstance(error, ServerError)
    assert error.message == "own; words"


@pytest.mark.parametrize("streamed", [False, True])
def test_fault_by_header(make: MakeClient, streamed: bool) -> None:
    client = make(headers={"x-jackfield-fault": "status=503"})
    _, error = ask(client, "status=401", streamed)
    assert isinstance(error, OverloadedError)


@pytest.mark.parametrize("streamed", [False, True])
def test_html_and_empty_and_bare_body(make: MakeClient, streamed: bool) -> None:
    _, error = ask(make(), "html", streamed)
    assert isinstance(error, ServerError)
    assert error.status == 502
    _, error = ask(make(), "empty", streamed)
    assert isinstance(error, ResponseFormatError)
    _, error = ask(make(), "body=[1", streamed)
    assert isinstance(error, StreamInterrupted if streamed else ResponseFormatError)


def test_cut_stream_is_interrupted(make: MakeClient) -> None:
    count, error = ask(make(), "cut=3", True)
    assert isinstance(error, StreamInterrupted)
    assert count >= 3
    assert error.response.text
    _, error = ask(make(), "cut=0", True)
    assert isinstance(error, ConnectionFailed)


def test_short_stream_is_cut_before_its_end(make: MakeClient) -> None:
    _, error = ask(make(), "cut=100000", True)
    assert isinstance(error, StreamInterrupted)


@pytest.mark.parametrize("after", [0, 3])
def test_cut_answer_is_a_failed_connection(make: MakeClient, after: int) -> None:
    _, error = ask(make(), f"cut={after}", False)
    assert isinstance(error, ConnectionFailed)


def test_malformed(make: MakeClient) -> None:
    count, error = ask(make(), "malformed=4", True)
    assert isinstance(error, ResponseFormatError)
    assert count >= 4
    _, error = ask(make(), "malformed=0", False)
    assert isinstance(error, ResponseFormatError)


@pytest.mark.parametrize("after", [0, 3, 100_000])
def test_error_in_a_good_stream(make: MakeClient, after: int) -> None:
    count, error = ask(make(), f"error={after}", True)
    assert isinstance(error, ServerError)
    assert error.status == 200
    assert count >= min(after, 1)


def test_error_in_a_good_answer(make: MakeClient) -> None:
    _, error = ask(make(), "error=1", False)
    assert isinstance(error, ServerError)
    assert error.status == 200


@pytest.mark.parametrize("streamed", [False, True])
@pytest.mark.parametrize("fault", ["stall=0.3", "stall=2:0.3"])
def test_stall_delays(make: MakeClient, fault: str, streamed: bool) -> None:
    started = time.monotonic()
    _, error = ask(make(), fault, streamed)
    assert error is None
    assert time.monotonic() - started >= 0.3


@pytest.mark.parametrize("streamed", [False, True])
def test_stall_runs_into_the_time_limit(make: MakeClient, streamed: bool) -> None:
    client = make(timeout=Timeout(first=0.2, between=0.2))
    started = time.monotonic()
    _, error = ask(client, "stall=20", streamed)
    assert isinstance(error, RequestTimeout)
    _, error = ask(client, "stall=3:20", streamed)
    assert isinstance(error, StreamInterrupted if streamed else RequestTimeout)
    assert time.monotonic() - started < 5


def test_limits_of_first_and_between_are_told_apart(make_client: MakeClient) -> None:
    patient = make_client(timeout=Timeout(first=5, between=0.05))
    assert ask(patient, "stall=0.2", True)[1] is None
    assert isinstance(ask(patient, "stall=2:0.2", True)[1], StreamInterrupted)


def test_faults_work_together(make: MakeClient) -> None:
    started = time.monotonic()
    _, error = ask(make(), "stall=0.2;status=429;retry-after=1", False)
    assert isinstance(error, RateLimitError)
    assert ask(make(), "stall=2:0.2;cut=4", False)[1] is not None
    assert time.monotonic() - started >= 0.4


def test_faults_reach_other_operations(make_client: MakeClient) -> None:
    client = make_client(headers={"x-jackfield-fault": "status=403"})
    with pytest.raises(PermissionDenied):
        client.models("openai")


def test_retry_gets_through_when_nothing_is_wrong(make: MakeClient) -> None:
    assert make(retries=2).chat("openai/gpt-4o", "hi").attempts[0].outcome == "ok"
    client = make(retries=1)
    _, error = ask(client, "status=503;retry-after=0", False)
    assert isinstance(error, OverloadedError)
    assert len(error.attempts) == 2


def test_async_transport_has_the_same_faults(boards: Boards) -> None:
    import asyncio

    from jackfield import AsyncClient

    async def fail(fault: str) -> type:
        provider = {"api_key": "any", "transport": AsyncSandboxTransport(boards)}
        timeout = Timeout(first=0.1, between=0.1)
        async with AsyncClient({"openai": provider}, 0, timeout, boards=boards, environ={}) as client:
            try:
                async with client.stream(f"openai/fault/{fault}", "hi") as stream:
                    async for _ in stream:
                        pass
            except JackfieldError as error:
                return type(error)
        return type(None)

    async def all_of(*faults: str) -> list[type]:
        return [await fail(fault) for fault in faults]

    found = asyncio.run(all_of("cut=0", "cut=2", "stall=5", "stall=2:5", "status=429", "error=2", "malformed=1"))
    assert found == [
        ConnectionFailed, StreamInterrupted, RequestTimeout, StreamInterrupted, RateLimitError, ServerError,
        ResponseFormatError,
    ]  # fmt: skip


def test_status_fault_keeps_headers(boards: Boards) -> None:
    body: dict[str, Any] = {"model": "fault/status=529;header.x-foo=bar;retry-after=Fri, 01 Jan 2027 00:00:00 GMT"}
    body["messages"] = [{"role": "user", "content": "hi"}]
    given = Sandbox(boards).answer(HTTPRequest("POST", "/v1/chat/completions", {}, body))
    assert given.status == 529
    assert given.headers["x-foo"] == "bar"
    assert given.headers["retry-after"] == "Fri, 01 Jan 2027 00:00:00 GMT"
    assert given.headers["x-jackfield-sandbox"] == "1"
