"""Programs that the scanner's tests run as processes of their own: a scanner, and many services.

`python -m tests.scan.process scanner <url> <root> <name> <lease>` · `… services <root> <count>` ·
`… alone <root> <scans>`, a scanner without Redis that says in the end what it cost and saw
"""

import asyncio
import json
import sys
from collections.abc import Callable, Coroutine
from pathlib import Path

from hero_router.scan.dependency_protocols import SystemClock
from hero_router.scan.prober import Prober
from hero_router.scan.scan_loop import ScanLoop
from hero_router.scan.walk import Finder
from hero_router.settings.config import RouterConfig
from hero_router.store.client import connect
from hero_router.store.history import HistoryStore
from hero_router.store.keys import Keys
from hero_router.store.lease import Lease
from hero_router.store.registry import Registry
from hero_router.store.scan_requests import ScanRequests
from tests.scan.fakes import MemoryStore, memory_agent
from tests.scan.services import http, request
from tests.support.wait import PATIENCE_SECONDS, eventually

LEASE_SECONDS = 60.0
"""A scanner holds its lease however long a busy machine lets it wait."""


def settings(url: str, root: Path, lease: float = LEASE_SECONDS) -> RouterConfig:
    """The settings that tests with a real Redis share."""
    return RouterConfig.of(
        node="n",
        redis_url=url,
        socket_dir=str(root),
        scan_seconds=0.3,
        probe_timeout=PATIENCE_SECONDS,
        lease_seconds=lease,
    )


async def scanner(url: str, root: str, name: str, lease: str) -> None:
    """Scan until killed."""
    config = settings(url, Path(root), float(lease))
    client, channel = connect(url, name="scanner"), connect(url, name="scanner", block_seconds=6)
    clock = SystemClock()
    worker = ScanLoop(
        config,
        Lease(client, Keys(config.redis.prefix), config.node.name, name, config.scan.lease_seconds),
        Registry(client, Keys(config.redis.prefix), config.stream.window),
        HistoryStore(client, Keys(config.redis.prefix)),
        ScanRequests(channel, Keys(config.redis.prefix)),
        Prober(config.scan.probe_timeout, clock.monotonic),
        clock,
        Finder(config.node.root, config.scan.ignored).walk,
    )
    try:
        await worker.run()
    finally:
        await client.aclose()
        await channel.aclose()


def most_memory() -> int:
    """Most memory in KB since this program began; `getrusage` also counts who started it."""
    status = Path("/proc/self/status").read_text("ascii")
    return int(status.partition("VmHWM:")[2].split()[0])


async def alone(root: str, scans: str) -> None:
    """Scan so many times with a store in memory, and say what that cost and what was seen."""
    store, clock = MemoryStore(), SystemClock()
    config = RouterConfig.of(node="n", socket_dir=root, scan_seconds=1, probe_timeout=30)
    scanning = asyncio.create_task(memory_agent(store, config, clock, "alone").run())
    await eventually(
        lambda: "n" in store.nodes and store.nodes["n"].scan >= int(scans), 150, "scans"
    )
    scanning.cancel()
    told = {
        "memory_kb": most_memory(),
        "statuses": store.statuses(),
    }
    sys.stdout.write(json.dumps(told))
    sys.stdout.flush()


async def services(root: str, count: str) -> None:
    """Serve so many healthy services that each have a document, and say so when all are up."""
    body = http(b'{"jsonrpc":"2.0","id":1,"result":{"methods":[],"info":{"title":"One"}}}')

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await request(reader)
        writer.write(body)
        await writer.drain()
        writer.close()

    for number in range(int(count)):
        folder = Path(root, f"s{number}")
        folder.mkdir()  # noqa: ASYNC240 - nothing else runs yet
        await asyncio.start_unix_server(answer, str(folder / "rpc.sock"))
    sys.stdout.write("up\n")
    sys.stdout.flush()
    await asyncio.Event().wait()


if __name__ == "__main__":
    what, *arguments = sys.argv[1:]
    programs: dict[str, Callable[..., Coroutine[None, None, None]]]
    programs = {"scanner": scanner, "services": services, "alone": alone}
    asyncio.run(programs[what](*arguments))
