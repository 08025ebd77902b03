"""Probing bad services: each kind of trouble has its word, and silence ends at the deadline."""

import asyncio
import json
import os
import socket
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import uvloop
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hero_router.scan.probe_result import ProbeResult
from hero_router.scan.prober import HEALTH_LIMIT, Prober
from hero_router.scan.walk import Finder
from hero_router.upstream.outcome import Outcome
from tests.scan.probing import TIMEOUT, facts, found, probe
from tests.scan.services import OPENRPC, Services, curt, good, http, request, says, silent
from tests.support.wait import PATIENCE_SECONDS, eventually

Case = tuple[str, Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]], Outcome]
CASES: list[Case] = [
    ("silent", silent, Outcome.LATE),
    ("closes", curt, Outcome.CLOSED),
    ("garbage", says(b"+PONG\r\n"), Outcome.FOREIGN),
    ("binary", says(b"\x00\x01\x02\xff" * 50), Outcome.FOREIGN),
    ("banner", says(b"SSH-2.0-OpenSSH_9.9\r\n"), Outcome.FOREIGN),
    ("truncated", says(b"HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\nabc"), Outcome.FAILED),
    ("two lengths", says(b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab"),
     Outcome.FOREIGN),
    ("huge header", says(b"HTTP/1.1 200 OK\r\nX: " + b"x" * 200_000 + b"\r\n\r\n"),
     Outcome.FOREIGN),
    ("many headers", says(b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 50_000 + b"\r\n"),
     Outcome.FOREIGN),
]  # fmt: skip


@pytest.mark.parametrize(("name", "talk", "kind"), CASES, ids=[case[0] for case in CASES])
async def test_each_kind_of_trouble_has_its_word_and_only_silence_needs_the_deadline(
    root: Path,
    services: Services,
    name: str,
    talk: Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]],
    kind: Outcome,
) -> None:
    await services.talk("svc/rpc.sock", talk)
    seen = await probe(root, limit=TIMEOUT if kind is Outcome.LATE else PATIENCE_SECONDS)
    assert (seen.outcome, seen.documents) == (kind, None)
    assert seen.error


async def test_a_service_that_closes_after_each_answer_is_asked_on_a_new_connection(
    root: Path, services: Services
) -> None:
    """Without having said so: the connection that was kept is dead, the service is not."""
    document = json.dumps({"jsonrpc": "2.0", "id": 1, "result": OPENRPC}).encode()

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await request(reader)
        writer.write(http(document).replace(b"Connection: close\r\n", b""))
        await writer.drain()

    await services.talk("svc/rpc.sock", talk)
    assert facts(await probe(root)).title == "Ledger"


async def test_a_service_that_closes_without_an_answer_is_not_asked_twice(
    root: Path, services: Services
) -> None:
    asked = []

    async def talk(reader: asyncio.StreamReader, _: asyncio.StreamWriter) -> None:
        asked.append(await request(reader))

    await services.talk("svc/rpc.sock", talk)
    assert (await probe(root)).outcome is Outcome.CLOSED
    assert asked == ["GET /health HTTP/1.1"]


async def test_a_drip_ends_at_the_deadline(root: Path, services: Services) -> None:
    """Time is bounded for the whole conversation, not for each byte."""

    async def drip(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await request(reader)
        writer.write(b"HTTP/1.1 200 OK\r\n")
        while not writer.is_closing():
            writer.write(b"X-More: 1\r\n")
            await writer.drain()
            await asyncio.sleep(0.05)

    await services.talk("svc/rpc.sock", drip)
    seen = await probe(root, limit=TIMEOUT)
    assert seen.outcome is Outcome.LATE
    assert seen.error == (
        "no answer in 0.4 s (the listener accepts connections, but sends no answer)"
    )


def test_a_stale_socket_is_refused_at_once(root: Path, services: Services) -> None:
    """The file is there, nothing listens."""
    services.stale("svc/rpc.sock")
    seen = asyncio.run(probe(root))
    assert (seen.outcome, seen.error) == (Outcome.REFUSED, "nothing listens")


@contextmanager
def full(place: Path) -> Iterator[socket.socket]:
    """A listener at this path whose queue is full."""
    with socket.socket(socket.AF_UNIX) as listener, socket.socket(socket.AF_UNIX) as filler:
        listener.bind(str(place))
        listener.listen(0)
        filler.connect(str(place))
        yield listener


@pytest.mark.parametrize("loops", ["asyncio", "uvloop"])
def test_a_full_queue_is_silence_not_a_refusal(root: Path, loops: str) -> None:
    """A listener that never accepts ends in bounded time, under either event loop."""
    runner = asyncio.run if loops == "asyncio" else uvloop.run
    place = root / "svc/rpc.sock"
    place.parent.mkdir()
    with full(place):
        seen = runner(probe(root, limit=TIMEOUT))
    assert seen.outcome is Outcome.LATE
    assert (
        seen.error == "no answer in 0.4 s (the listener accepts no connections: its queue is full)"
    )


async def test_a_queue_that_drains_in_time_is_no_failure(root: Path, services: Services) -> None:
    place = root / "svc/rpc.sock"
    place.parent.mkdir()
    with full(place) as listener:
        probing = asyncio.create_task(probe(root, ask=False))
        await asyncio.sleep(0.1)
        listener.setblocking(False)
        listener.accept()[0].close()
        loop = asyncio.get_running_loop()
        async with asyncio.timeout(PATIENCE_SECONDS):
            peer, _ = await loop.sock_accept(listener)
            with peer:
                await loop.sock_recv(peer, 1000)
                await loop.sock_sendall(peer, http(b"{}"))
                assert (await probing).outcome is Outcome.ANSWERED


@pytest.mark.parametrize("kind", [socket.SOCK_DGRAM, socket.SOCK_SEQPACKET])
async def test_a_socket_of_another_type_is_foreign(root: Path, kind: socket.SocketKind) -> None:
    with socket.socket(socket.AF_UNIX, kind) as other:
        other.bind(str(root / "svc.sock"))
        assert (await probe(root)).outcome is Outcome.FOREIGN


async def test_a_socket_replaced_since_the_walk_is_not_talked_to(
    root: Path, services: Services
) -> None:
    await services.start("a.sock", good())
    item = found(root)
    service = await services.start("b.sock", good())
    (root / "b.sock").rename(root / "a.sock")
    seen = await Prober(PATIENCE_SECONDS, time.monotonic)(item, ask_documents=True)
    assert (seen.outcome, service.asked) == (Outcome.MISSING, [])


async def test_a_socket_swapped_for_a_symlink_is_not_followed(
    root: Path, services: Services
) -> None:
    await services.start("a.sock", good())
    item = found(root)
    (root / "a.sock").rename(root / "away")
    (root / "a.sock").symlink_to("away")
    seen = await Prober(PATIENCE_SECONDS, time.monotonic)(item, ask_documents=True)
    assert seen.outcome is not Outcome.ANSWERED


async def test_no_descriptors_left_is_no_fault_of_the_service(
    root: Path, services: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With its own limit reached, the scanner learns nothing and says so."""
    await services.start("svc/rpc.sock", good())
    item = found(root)

    def exhausted(*_: object) -> int:
        raise OSError(24, os.strerror(24))

    monkeypatch.setattr(os, "open", exhausted)
    seen = await Prober(PATIENCE_SECONDS, time.monotonic)(item, ask_documents=True)
    assert seen.outcome is Outcome.UNSEEN
    assert seen.error == "this process has too few resources to connect: Too many open files"


async def test_a_long_health_answer_counts_by_its_status(root: Path, services: Services) -> None:
    await services.talk("svc/admin.sock", says(http(b"x" * (HEALTH_LIMIT + 1))))
    assert (await probe(root, ask=False)).error is None


@settings(
    max_examples=30,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(
    answer=st.binary(max_size=300) | st.binary(max_size=200).map(lambda raw: b"HTTP/1.1 2" + raw)
)
def test_no_bytes_make_a_probe_raise(root: Path, answer: bytes) -> None:
    async def attempt() -> ProbeResult:
        services = Services(root)
        await services.talk("svc/rpc.sock", says(answer))
        try:
            return await probe(root, limit=0.2)
        finally:
            await services.stop(unlink=True)

    assert asyncio.run(attempt()).outcome is not Outcome.UNSEEN


def descriptors() -> int:
    """How many files this process has open."""
    return len(list(Path("/proc/self/fd").iterdir()))


async def test_probes_leave_no_descriptors_behind(root: Path, services: Services) -> None:
    await services.start("a.sock", good())
    await services.talk("b.sock", silent)
    services.stale("c.sock")
    items = Finder(root).walk().sockets
    prober = Prober(0.1, time.monotonic)
    await asyncio.gather(*(prober(item, ask_documents=True) for item in items))
    await asyncio.sleep(0)
    before = descriptors()
    for _ in range(5):
        await asyncio.gather(*(prober(item, ask_documents=True) for item in items))
    await eventually(lambda: descriptors() <= before + 1, message="all are closed")
