"""The connections of the transport over httptools: places, waiters, event loops, cancelling, and what they cost."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import ssl
from collections.abc import Awaitable, Callable, Iterator
from typing import Any

import pytest
import trustme

from jackfield import Timeout, TransportSettings
from jackfield.errors import ConfigurationError, ConnectionFailed, RequestTimeout
from jackfield.transport import AsyncReply, AsyncTransport, open_async_transport
from tests.core.transports.driving import SOON, new_loop, post, sockets, wait_until_gone
from tests.core.transports.peers import END, STREAM_HEAD, WATCH, Server, piece, serving, whole

#: Longer than any of these tests waits.
LONG = Timeout(60.0, 60.0, 60.0)
Run = Callable[[Awaitable[Any]], Any]


@pytest.fixture(params=["async", pytest.param("uvloop", marks=pytest.mark.needs("module:uvloop"))])
def loops(request: pytest.FixtureRequest) -> Callable[[], asyncio.AbstractEventLoop]:
    kind: str = request.param
    return lambda: new_loop(kind)


@pytest.fixture
def run(loops: Callable[[], asyncio.AbstractEventLoop]) -> Iterator[Run]:
    """Run in one loop, which is ended as `asyncio.run` ends it, and leaves no socket."""
    loop = loops()
    loop.run_until_complete(asyncio.sleep(0))
    before = sockets()
    yield loop.run_until_complete
    assert not asyncio.all_tasks(loop)
    loop.run_until_complete(loop.shutdown_asyncgens())
    left = wait_until_gone(before)
    loop.close()
    assert not left, f"sockets are left: {left}"


def opened(**settings: Any) -> AsyncTransport:
    return open_async_transport(TransportSettings(library="httptools", **settings), {})


async def read(reply: AsyncReply) -> bytes:
    return b"".join([chunk async for chunk in reply.chunks])


async def closed(reply: AsyncReply) -> None:
    await reply.aclose()


async def ask(transport: AsyncTransport, server: Server, timeout: Timeout = SOON) -> bytes:
    return await read(await transport.send(post(server.url), timeout))


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(5):
        while not condition():
            await asyncio.sleep(0.002)


def test_client_works_in_one_loop_after_another(server: Server, loops: Callable[[], asyncio.AbstractEventLoop]) -> None:
    server.scripts = [whole(b"1")]
    before, transport = sockets(), opened()
    for times in (1, 2):
        with asyncio.Runner(loop_factory=loops) as runner:
            assert runner.run(ask(transport, server)) == b"1"
            assert runner.run(ask(transport, server)) == b"1"
        assert server.opened == times
        assert not wait_until_gone(before), "the end of the loop closed its connections"
    with asyncio.Runner(loop_factory=loops) as runner:
        runner.run(transport.aclose())
        runner.run(transport.aclose())


@pytest.mark.filterwarnings("ignore::ResourceWarning", "ignore::pytest.PytestUnraisableExceptionWarning")
def test_connections_of_a_loop_that_was_just_closed_are_dropped(
    server: Server, loops: Callable[[], asyncio.AbstractEventLoop]
) -> None:
    """Python itself warns of the sockets of such a loop."""
    server.scripts = [whole(b"1"), [STREAM_HEAD, piece(b"2"), WATCH], whole(b"3")]
    before, transport, loop = sockets(), opened(max_connections=1), loops()
    assert loop.run_until_complete(ask(transport, server)) == b"1"
    reply = loop.run_until_complete(transport.send(post(server.url), SOON))
    assert loop.run_until_complete(anext(reply.chunks)) == b"2"
    loop.close()
    with asyncio.Runner(loop_factory=loops) as runner:
        assert runner.run(ask(transport, server)) == b"3", "the place of the answer that was being read is free again"
        with pytest.raises(ConnectionFailed, match="the event loop of the answer was closed"):
            runner.run(anext(reply.chunks))  # type: ignore[arg-type]
        runner.run(closed(reply))
        runner.run(transport.aclose())
    del reply, loop
    gc.collect()
    assert not wait_until_gone(before)


def test_second_loop_beside_an_open_one_is_refused(server: Server, run: Run) -> None:
    server.scripts = [whole(b"1")]
    transport = opened()
    assert run(ask(transport, server)) == b"1"
    for work in (ask(transport, server), transport.aclose()):
        with asyncio.Runner() as other, pytest.raises(ConfigurationError, match="in use in another event loop"):
            other.run(work)
    assert run(ask(transport, server)) == b"1"
    assert server.opened == 1


def test_closed_client_ends_what_waits_and_can_be_used_again(server: Server, run: Run) -> None:
    server.scripts = [[STREAM_HEAD, piece(b"1"), WATCH], [WATCH], whole(b"2")]
    transport = opened(max_connections=2)

    async def work() -> None:
        reply = await transport.send(post(server.url), SOON)
        assert await anext(reply.chunks) == b"1"
        waiting: list[asyncio.Future[Any]] = [asyncio.ensure_future(anext(reply.chunks))]
        waiting += [asyncio.ensure_future(transport.send(post(server.url), Timeout(None, None, None)))]  # for a head
        await until(lambda: len(server.heads) == 2)
        waiting += [asyncio.ensure_future(transport.send(post(server.url), Timeout(None, None, None)))]  # for a place
        await asyncio.sleep(0)
        await transport.aclose()
        found = await asyncio.gather(*waiting, return_exceptions=True)
        assert [str(error) for error in found] == ["no connection: the client was closed"] * 3
        await until(lambda: len(server.hung_up) == 2)
        with pytest.raises(ConnectionFailed, match="the client was closed"):
            await anext(reply.chunks)
        assert list(await asyncio.gather(ask(transport, server), ask(transport, server))) == [b"2", b"2"]
        await transport.aclose()

    run(work())


def test_connection_in_the_making_is_not_used_by_a_client_that_was_closed(run: Run) -> None:
    transport = opened(max_connections=1)

    async def work() -> None:
        with serving() as server:
            server.scripts = [whole(b"1")]
            asking = asyncio.ensure_future(transport.send(post(server.url), SOON))
            await asyncio.sleep(0)
            await asyncio.sleep(0)
            await transport.aclose()
            with pytest.raises(ConnectionFailed, match="the client was closed"):
                await asking
            assert await ask(transport, server) == b"1", "and its place is free"
            await transport.aclose()

    run(work())


@pytest.mark.parametrize("when", ["head", "body"])
def test_cancelling_closes_the_socket_and_frees_the_place(server: Server, run: Run, when: str) -> None:
    server.scripts = [[WATCH] if when == "head" else [STREAM_HEAD, WATCH], whole(b"2")]
    transport = opened(max_connections=1)

    async def work() -> None:
        task = asyncio.ensure_future(ask(transport, server, LONG))
        await until(lambda: bool(server.heads))
        await asyncio.sleep(0.02)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        await until(lambda: bool(server.hung_up))
        assert await ask(transport, server) == b"2"

    run(work())


def test_cancelling_while_a_tunnel_is_made_closes_the_socket(server: Server, run: Run) -> None:
    server.scripts = [[WATCH]]  # as a proxy, it never answers
    transport = opened(proxy=server.url, max_connections=1)

    async def work() -> None:
        for _ in range(2):
            task = asyncio.ensure_future(transport.send(post("https://provider.invalid"), LONG))
            count = len(server.heads)
            await until(lambda count=count: len(server.heads) > count)  # type: ignore[misc]
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
        await until(lambda: len(server.hung_up) == 2)
        with pytest.raises(RequestTimeout, match="the connection was not made"):
            await transport.send(post("https://provider.invalid"), Timeout(0.1, 5.0, 5.0))

    run(work())


@pytest.mark.parametrize(
    ("answer", "match"),
    [
        (b"HTTP/1.1 407 No\r\n\r\n", "the proxy refused: status 407"),
        (b"SSH-2.0-OpenSSH\r\n\r\n", "the proxy's answer is no HTTP"),
        (b"HTTP/1.1 200 OK\r\n\r\nsurplus", "the proxy's answer is no HTTP"),
        (b"x" * 70_000, "the proxy's answer is no HTTP"),
        (b"HTTP/1.1 2", "the proxy closed the connection without an answer"),
        (b"HTTP/1.1 200 OK\r\n\r\n", "no connection"),  # and no TLS
    ],
)
def test_proxy_that_does_not_connect_is_told(server: Server, run: Run, answer: bytes, match: str) -> None:
    server.scripts = [[answer[:5], 0.01, answer[5:], 0.05, "close"]]
    transport = opened(proxy=server.url, max_connections=1)
    for _ in range(2):
        with pytest.raises(ConnectionFailed, match=match):
            run(transport.send(post("https://provider.invalid"), SOON))
    run(transport.aclose())


def test_cancelling_the_handshake_closes_the_socket(server: Server, run: Run) -> None:
    server.scripts = [[WATCH]]  # it never answers the hello
    transport = opened(max_connections=1)

    async def work() -> None:
        before = sockets()
        secure = post(server.url.replace("http:", "https:"))
        for _ in range(2):
            with pytest.raises(RequestTimeout, match="the connection was not made"):
                await transport.send(secure, Timeout(0.1, 5.0, 5.0))
        await until(lambda: not sockets() - before)

    run(work())


def test_place_goes_from_one_to_the_next_and_is_not_lost_with_who_waits(server: Server, run: Run) -> None:
    server.scripts = [[STREAM_HEAD, piece(b"1"), WATCH], whole(b"2")]
    transport = opened(max_connections=1)

    async def work() -> None:
        reply = await transport.send(post(server.url), SOON)
        with pytest.raises(RequestTimeout, match="no connection became free"):
            await transport.send(post(server.url), Timeout(0.05, 5.0, 5.0))
        tasks = [asyncio.ensure_future(ask(transport, server)) for _ in range(4)]
        await asyncio.sleep(0)
        tasks[0].cancel()  # waits yet
        await asyncio.sleep(0)
        await reply.aclose()  # the place is given to the second
        tasks[1].cancel()  # which does not take it
        found = await asyncio.gather(*tasks, return_exceptions=True)
        assert [type(one) for one in found[:2]] == [asyncio.CancelledError] * 2
        assert found[2:] == [b"2", b"2"]
        assert server.opened == 2, "the last two, one after the other, had the same connection"
        assert await ask(transport, server, Timeout(1.0, 5.0, 5.0)) == b"2"

    run(work())


def test_connections_are_kept_as_many_and_as_long_as_the_settings_say(server: Server, run: Run) -> None:
    server.scripts = [[STREAM_HEAD, piece(b"1"), 0.05, piece(b"2"), END]]
    with serving() as other:
        other.scripts = server.scripts
        transport = opened(max_idle=2, idle_seconds=0.3)

        async def work() -> None:
            before = sockets()

            async def at_once(times: int, *servers: Server) -> None:
                found = await asyncio.gather(*[ask(transport, one) for one in servers for _ in range(times)])
                assert found == [b"12"] * times * len(servers)

            await at_once(5, server)
            assert server.opened == 5
            await at_once(2, server)
            assert server.opened == 5, "two were kept"
            await at_once(3, server)
            assert server.opened == 6, "and no more than two"
            await at_once(2, other)
            await at_once(1, server)
            assert server.opened == 7, "those of another origin took their place"
            await until(lambda: not sockets() - before)

        run(work())


def test_last_connection_is_used_first(server: Server, run: Run) -> None:
    transport = opened(idle_seconds=0.3)
    server.scripts = [[0.05, *whole(b"1")]]

    async def work() -> None:
        assert await asyncio.gather(*[ask(transport, server) for _ in range(3)]) == [b"1"] * 3
        for _ in range(8):  # longer than an idle connection is kept
            assert await ask(transport, server) == b"1"
        assert server.opened == 3
        assert list(await asyncio.gather(ask(transport, server), ask(transport, server))) == [b"1"] * 2
        assert server.opened == 4, "of the three the one that was used is left"

    run(work())


def test_answer_before_the_request_was_sent_leaves_no_connection(run: Run) -> None:
    connections = 0

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal connections
        connections += 1
        head = await reader.readuntil(b"\r\n\r\n")
        if b"content-length: 2\r\n" in head:
            await reader.readexactly(2)
            writer.write(b"HTTP/1.1 200 X\r\nContent-Length: 1\r\n\r\n1")
        else:
            writer.write(b"HTTP/1.1 413 X\r\nContent-Length: 1\r\n\r\n2")
        with contextlib.suppress(ConnectionError):
            await asyncio.sleep(0.1)
        writer.close()

    async def work() -> None:
        server = await asyncio.start_server(serve, "127.0.0.1", 0)
        url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/"
        transport = opened()
        reply = await transport.send(post(url, b"x" * 50_000_000), SOON)
        assert (reply.status, await read(reply)) == (413, b"2")
        reply = await transport.send(post(url, b"{}"), SOON)
        assert (reply.status, await read(reply)) == (200, b"1")
        assert connections == 2
        await transport.aclose()
        server.close()
        await asyncio.sleep(0.2)

    run(work())


def test_request_makes_no_task_and_no_timer_of_its_own(server: Server) -> None:
    """What costs is counted by the loop."""
    server.scripts = [[STREAM_HEAD, piece(b"1"), 0.001, piece(b"2"), END]]
    loop = asyncio.new_event_loop()
    tasks: list[Any] = []
    timers: list[Any] = []
    call_at = loop.call_at

    def counted(when: float, *given: Any, **options: Any) -> asyncio.TimerHandle:
        timers.append(when)
        return call_at(when, *given, **options)

    def made(within: asyncio.AbstractEventLoop, work: Any, **options: Any) -> asyncio.Task[Any]:
        tasks.append(work)
        return asyncio.Task(work, loop=within, **options)

    loop.call_at = counted  # type: ignore[method-assign, assignment]
    loop.set_task_factory(made)
    transport = opened()

    async def work() -> None:
        for _ in range(50):
            assert await ask(transport, server, Timeout(5.0, 60.0, 30.0)) == b"12"
        await transport.aclose()

    loop.run_until_complete(work())
    loop.run_until_complete(loop.shutdown_asyncgens())
    assert len(tasks) <= 3, "of this test, and of the loop's end"
    assert len(timers) <= 5, "of the connection: to connect, to the first bytes, between bytes; to close it when idle"
    assert not [handle for handle in loop._scheduled if not handle.cancelled()]  # type: ignore[attr-defined]
    loop.close()


def test_whole_answer_wakes_its_reader_once(server: Server, run: Run) -> None:
    server.scripts = [whole(b"1")]
    transport = opened()

    async def work() -> None:
        assert await ask(transport, server) == b"1"
        reply = await transport.send(post(server.url), SOON)
        steps = read(reply)
        with pytest.raises(StopIteration) as done:  # the body is there: nothing is waited for
            steps.send(None)
        assert done.value.value == b"1"
        await transport.aclose()

    run(work())


def test_alert_after_the_handshake_is_told_as_one(run: Run, tmp_path: Any) -> None:
    """TLS 1.3: the server looks at the client's certificate when the client has begun to speak."""
    authority = trustme.CA()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    authority.configure_trust(context)
    context.verify_mode = ssl.CERT_REQUIRED
    bundle = tmp_path / "bundle.pem"
    authority.cert_pem.write_to_path(str(bundle))
    with serving(context) as server:
        transport = opened(ca_bundle=bundle, max_connections=1)
        for _ in range(2):
            with pytest.raises(ConnectionFailed, match=r"TLS: .*CERTIFICATE_REQUIRED|Connection reset|Broken pipe"):
                run(ask(transport, server))
        run(transport.aclose())
