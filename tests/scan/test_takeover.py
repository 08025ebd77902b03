"""Scanner processes on a real Redis: killed, paused and replaced; Redis emptied and restarted."""

import asyncio
import contextlib
import signal
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from hero_router.model import Record
from hero_router.position import ORIGIN, Position
from hero_router.settings.config import RouterConfig
from hero_router.store.client import connect
from hero_router.store.embedded_redis_command import EmbeddedRedis
from hero_router.store.keys import Keys
from hero_router.store.registry import Registry
from hero_router.store.stream_reader import NodeReader
from tests.scan.places import bind
from tests.scan.process import LEASE_SECONDS, settings
from tests.scan.services import Services, good
from tests.scan.waiting import until
from tests.support.proxy import FaultProxy
from tests.support.wait import eventually

MANY = 400
HALF_OF_IT = 350_000
"""Bytes from the scanner until it is cut off: some batches of so many services, not all."""

SHORT = 1.0
"""The lease in seconds of a scanner that another one shall replace soon."""

INOTIFY_QUEUE = int(Path("/proc/sys/fs/inotify/max_queued_events").read_text())
"""Events that the kernel keeps for one watcher."""


class Host:
    """A real Redis, scanner processes on one root, and eyes on what they write."""

    def __init__(self, root: Path, folder: Path) -> None:
        self._redis = EmbeddedRedis(folder)
        self._root = root
        self._children: list[subprocess.Popen[bytes]] = []
        self._server: subprocess.Popen[bytes] | None = None
        self.config: RouterConfig = settings(self._redis.url, root)
        self.client = connect(self._redis.url, name="test")
        self.records: dict[str, Record] = {}
        self.scanner = ""
        self.events: list[str] = []
        self.told: list[str] = []
        self.head = ORIGIN

    @property
    def redis_socket(self) -> Path:
        return Path(self._redis.url.removeprefix("unix://"))

    def _run_redis(self, *, durable: bool) -> None:
        command = [*self._redis.command(), "--appendonly", "yes" if durable else "no"]
        self._server = subprocess.Popen(command, stdout=subprocess.DEVNULL)

    async def start_redis(self, *, durable: bool = False) -> None:
        """On the files of the one before, if both are durable."""
        self._run_redis(durable=durable)
        await eventually(self._redis.answers, message="Redis has started")

    def kill_redis(self) -> None:
        assert self._server is not None
        self._server.kill()
        self._server.wait()

    def start_scanner(
        self, name: str, url: str = "", lease: float = LEASE_SECONDS
    ) -> subprocess.Popen[bytes]:
        command = [sys.executable, "-m", "tests.scan.process", "scanner"]
        where = [url or self._redis.url, str(self._root)]
        child = subprocess.Popen([*command, *where, name, str(lease)])
        self._children.append(child)
        return child

    async def look(self) -> None:
        """Read what Redis holds now."""
        registry = Registry(self.client, Keys(self.config.redis.prefix), self.config.stream.window)
        self.records = {item.name: item for item in (await registry.view("n")).records.values()}
        sight = await NodeReader(self.client, Keys(self.config.redis.prefix)).list()
        state = sight["n"].state if "n" in sight else None
        self.scanner = "" if state is None else state.scanner
        entries: Any = await self.client.xrange(Keys(self.config.redis.prefix).events)
        changes = [fields for _, fields in entries if fields[b"type"] != b"scan"]
        self.events = [fields[b"type"].decode() for fields in changes]
        self.told = [fields[b"service"].decode() for fields in changes]
        self.head = Position.parse(entries[-1][0].decode()) or ORIGIN if entries else ORIGIN

    async def wait(self, statuses: dict[str, str], scanner: str) -> None:
        """Until this scanner has reported and the registry says exactly this."""

        async def same() -> bool:
            await self.look()
            return (self.statuses(), self.scanner) == (statuses, scanner)

        await eventually(same, message=f"{statuses} by {scanner}")

    def statuses(self) -> dict[str, str]:
        return {name: str(record.status) for name, record in self.records.items()}

    async def close(self) -> None:
        for child in self._children:
            with contextlib.suppress(ProcessLookupError):
                child.send_signal(signal.SIGCONT)
            child.kill()
            child.wait()
        await self.client.aclose()
        self.kill_redis()
        self._redis.close()


@pytest.fixture
async def host(root: Path, tmp_path: Path) -> AsyncIterator[Host]:
    host = Host(root, tmp_path / "redis")
    await host.start_redis()
    yield host
    await host.close()


async def test_a_paused_scanner_that_wakes_up_writes_nothing_old(
    host: Host, services: Services
) -> None:
    """SIGSTOP, another takes over, the world changes, SIGCONT: the new truth stays."""
    await services.start("a.sock", good())
    paused = host.start_scanner("first", lease=SHORT)
    await host.wait({"a": "healthy"}, "first")
    paused.send_signal(signal.SIGSTOP)
    host.start_scanner("second")
    await host.wait({"a": "healthy"}, "second")
    await services.stop("a.sock", unlink=True)
    await services.start("b.sock", good())
    await host.wait({"b": "healthy"}, "second")
    events = len(host.events)
    paused.send_signal(signal.SIGCONT)
    for _ in range(50):
        await host.look()
        assert (host.statuses(), host.scanner) == ({"b": "healthy"}, "second")
        await asyncio.sleep(0.02)
    assert len(host.events) == events
    assert paused.poll() is None


async def test_a_killed_scanner_is_replaced_without_an_event(
    host: Host, services: Services
) -> None:
    """Kill -9; the other one finds the world as it is told, so it tells nothing."""
    await services.start("a.sock", good())
    services.stale("old.sock")
    first = host.start_scanner("first", lease=SHORT)
    await host.wait({"a": "healthy", "old": "inactive"}, "first")
    host.start_scanner("second")
    events = host.events
    first.kill()
    await host.wait({"a": "healthy", "old": "inactive"}, "second")
    assert host.events == events


async def test_a_scanner_killed_in_the_middle_of_a_write_leaves_nothing_half_or_double(
    host: Host, root: Path
) -> None:
    """Its last command never ended; who takes over writes what is missing, and that only.

    On a busy machine a service may be told before its first probe has ended: then what it is
    follows as a change of its status.
    """
    for number in range(MANY):
        bind(root / f"s{number}.sock")
    truth = {f"s{number}": "inactive" for number in range(MANY)}
    async with FaultProxy(host.redis_socket) as proxy:
        proxy.cut_after(HALF_OF_IT)
        first = host.start_scanner("first", f"unix://{proxy.path}", SHORT)
        await until(lambda: proxy.is_cut, "it is in the middle of a command")
        first.kill()
        first.wait()
    await host.look()
    assert 0 < len(host.records) < MANY
    host.start_scanner("second")
    await host.wait(truth, "second")
    told = list(zip(host.events, host.told, strict=True))
    added = [service for event, service in told if event == "service_added"]
    assert (len(added), len(set(added))) == (MANY, MANY)
    assert set(host.events) <= {"service_added", "status_change"}


async def test_changes_that_the_kernel_dropped_are_found_all_the_same(
    host: Host, services: Services, root: Path
) -> None:
    """A scanner that is paused while more happens than its queue of inotify events holds."""
    await services.start("a.sock", good())
    scanner = host.start_scanner("first")
    await host.wait({"a": "healthy"}, "first")
    scanner.send_signal(signal.SIGSTOP)
    for number in range(INOTIFY_QUEUE // 2 + 1):
        (root / f"flood{number}").symlink_to("nowhere")
        (root / f"flood{number}").unlink()
    await services.stop("a.sock", unlink=True)
    await services.start("b/rpc.sock", good())
    scanner.send_signal(signal.SIGCONT)
    await host.wait({"b": "healthy"}, "first")
    await services.start("b/admin.sock", good())
    await services.start("c.sock", good())
    await host.wait({"b": "healthy", "c": "healthy"}, "first")
    await until(lambda: len(host.records["b"].sockets) == 2, "the new folder is looked into")


@pytest.mark.parametrize("durable", [False, True], ids=["empty", "from its append-only file"])
async def test_a_redis_that_was_killed_and_comes_back_holds_the_truth_again(
    host: Host, services: Services, durable: bool
) -> None:
    """kill -9: no phantom of what went meanwhile, history survives, and a new epoch begins."""
    if durable:
        host.kill_redis()
        await host.start_redis(durable=True)
    await services.start("a.sock", good())
    await services.start("b.sock", good())
    host.start_scanner("first")
    await host.wait({"a": "healthy", "b": "healthy"}, "first")
    before, head = host.records["a"], host.head
    host.kill_redis()
    await services.stop("b.sock", unlink=True)
    await host.start_redis(durable=durable)
    await host.wait({"a": "healthy"}, "first")
    assert host.records["a"].first_seen == before.first_seen
    assert host.events[-1] == ("service_removed" if durable else "service_added")
    assert host.head.epoch > head.epoch


async def test_an_emptied_redis_is_filled_again(host: Host, services: Services) -> None:
    await services.start("a.sock", good())
    host.start_scanner("first")
    await host.wait({"a": "healthy"}, "first")
    await host.client.flushall()
    await host.wait({"a": "healthy"}, "first")


async def test_a_quiet_world_adds_nothing_to_the_stream(host: Host, services: Services) -> None:
    service = await services.start("a.sock", good())
    services.stale("old.sock")
    host.start_scanner("first")
    await host.wait({"a": "healthy", "old": "inactive"}, "first")
    asked = len(service.asked)
    await until(lambda: len(service.asked) >= asked + 3, "three more scans")
    length = await host.client.xlen(Keys(host.config.redis.prefix).events)
    asked = len(service.asked)
    await until(lambda: len(service.asked) >= asked + 5, "five more scans")
    assert await host.client.xlen(Keys(host.config.redis.prefix).events) == length
