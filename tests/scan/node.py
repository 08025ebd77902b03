"""One node of the scanner's tests: a root, a store in memory, and scanners that can be run."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from hero_router.scan.probe_result import ProbeResult
from hero_router.scan.prober import Prober
from hero_router.scan.scan_loop import ScanLoop
from hero_router.scan.walk import SocketFile
from hero_router.settings.config import RouterConfig
from tests.scan.fakes import (
    MemoryStore,
    OwnClock,
    memory_agent,
)
from tests.scan.waiting import until
from tests.support.wait import PATIENCE_SECONDS


@dataclass
class Node:
    """One root, one store, and as many scanners as a test wants."""

    root: Path
    store: MemoryStore = field(default_factory=MemoryStore)
    clock: OwnClock = field(default_factory=OwnClock)
    probed: list[str] = field(default_factory=list)
    settings: dict[str, Any] = field(default_factory=dict)

    def config(self) -> RouterConfig:
        fast: dict[str, Any] = {
            "node": "n",
            "socket_dir": str(self.root),
            "scan_seconds": 0.5,
            "probe_timeout": PATIENCE_SECONDS,
            "lease_seconds": 0.6,
            "stale_seconds": 60,
        }
        return RouterConfig.of(**{**fast, **self.settings})

    def worker(self, scanner: str = "one", wrap: Callable[..., Any] | None = None) -> ScanLoop:
        config = self.config()
        prober = Prober(config.scan.probe_timeout, self.clock.monotonic)

        async def probe(found: SocketFile, *, ask_documents: bool) -> ProbeResult:
            self.probed.append(found.path)
            return await prober(found, ask_documents=ask_documents)

        return memory_agent(self.store, config, self.clock, scanner, wrap(probe) if wrap else probe)

    @asynccontextmanager
    async def running(self, scanner: str = "one") -> AsyncIterator[asyncio.Task[None]]:
        """A scanner that runs meanwhile, and is ended as on SIGTERM."""
        task = asyncio.create_task(self.worker(scanner).run())
        try:
            yield task
        finally:
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task

    @property
    def scanned(self) -> bool:
        """Whether a whole scan was reported."""
        return "n" in self.store.nodes and self.store.nodes["n"].scan > 0

    def is_up(self, path: str) -> bool:
        """Whether the service with the socket at this path is published as healthy."""
        records = self.store.records.values()
        return any(item.healthy and item.sockets[0].path == path for item in records)

    async def quiet(self) -> None:
        """Wait for a whole scan that begins after now."""
        state = self.store.nodes.get("n")
        before = state.scan if state else 0
        await until(
            lambda: "n" in self.store.nodes and self.store.nodes["n"].scan > before + 1, "two scans"
        )


def answered(node: Node) -> list[str]:
    return [
        name
        for event in node.store.events
        if event.type == "scan"
        for name in event.data["requests"]
    ]


def doubt(node: Node) -> str:
    """What the node's last report doubts of its root; "" for nothing."""
    return node.store.nodes["n"].conditions.get("root", "")
