"""A store in memory for the scanner's tests, with the same laws as Redis behind `store`."""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

from hero_router.errors import Fenced, StoreError, StoreUnreachable
from hero_router.model import Change, NodeState, Record
from hero_router.position import ORIGIN, Position
from hero_router.scan.dependency_protocols import Clock, Probe, SystemClock
from hero_router.scan.prober import Prober
from hero_router.scan.scan_loop import ScanLoop
from hero_router.scan.walk import Finder
from hero_router.settings.config import RouterConfig
from hero_router.store.history import Minute
from hero_router.store.lease import Grant
from hero_router.store.registry import NodeView
from hero_router.store.scan_requests import ScanRequest


@dataclass
class MemoryStore:
    """What Redis would hold. Set `trouble` to let every call fail."""

    records: dict[str, Record] = field(default_factory=dict)
    events: list[Change] = field(default_factory=list)
    nodes: dict[str, NodeState] = field(default_factory=dict)
    documents: dict[str, str] = field(default_factory=dict)
    probes: dict[str, Mapping[str, Any]] = field(default_factory=dict)
    holder: str | None = None
    fence: int = 0
    minutes: list[Minute] = field(default_factory=list)
    history_trouble: StoreError | None = None
    """What lets every write of the history fail."""
    trouble: StoreError | None = None
    lost_replies: int = 0
    """So many calls of `apply` from now on take effect, but fail."""
    refusals: int = 0
    """So many calls of `apply` from now on fail without an effect."""
    writes: int = 0
    after_write: Callable[[], Awaitable[object]] | None = None
    """What happens while the reply of the next `apply` is on its way."""
    listeners: list[asyncio.Queue[ScanRequest | None]] = field(default_factory=list)

    noted: list[Position] = field(default_factory=list)
    """Positions that a scanner's registry was told of."""

    @property
    def head(self) -> Position:
        """The position of the last event."""
        return Position(1, len(self.events)) if self.events else ORIGIN

    def check(self) -> None:
        if self.trouble is not None:
            raise self.trouble

    def expire_lease(self) -> None:
        """As when its holder was paused for longer than its lifetime."""
        self.holder = None

    def flush_all(self) -> None:
        self.records.clear()
        self.events.clear()
        self.nodes.clear()
        self.documents.clear()
        self.holder = None

    def types(self) -> list[str]:
        return [event.type for event in self.events if event.type != "scan"]

    def statuses(self) -> dict[str, str]:
        return {record.name: str(record.status) for record in self.records.values()}

    def record(self, name: str) -> Record:
        return next(item for item in self.records.values() if item.name == name)


class MemoryLease:
    """`store.lease.Lease` on a `MemoryStore`; it never runs out by itself."""

    def __init__(self, store: MemoryStore, node: str, scanner: str) -> None:
        self._store, self._node, self._scanner = store, node, scanner

    async def acquire(self) -> Grant | None:
        self._store.check()
        holder = self._store.holder
        if holder is not None and not holder.startswith(f"{self._scanner}:"):
            return None
        self._store.fence += 1
        grant = Grant(self._node, self._scanner, self._store.fence)
        self._store.holder = str(grant)
        return grant

    async def renew(self, grant: Grant) -> Position | None:
        self._store.check()
        return self._store.head if self._store.holder == str(grant) else None

    async def release(self, grant: Grant) -> None:
        self._store.check()
        if self._store.holder == str(grant):
            self._store.holder = None

    def now_ms(self) -> int:
        return int(time.time() * 1000)


class MemoryRegistry:
    """`store.registry.Registry` on a `MemoryStore`."""

    def __init__(self, store: MemoryStore) -> None:
        self._store = store
        self._version: tuple[int, int] | None = None
        self._records: dict[str, Record] = {}
        self._published = set[str]()

    async def view(self, node: str, *, whole: bool = False) -> NodeView:
        self._store.check()
        head, size = len(self._store.events), len(self._store.records)
        if whole or (head, size) != self._version:
            self._version, self._records = (head, size), dict(self._store.records)
        mine = {key: item for key, item in self._records.items() if item.node == node}
        self._published |= mine.keys()
        return NodeView(mine, self._store.nodes.get(node), bool(self._store.events))

    async def apply(
        self,
        grant: Grant,
        changes: Sequence[Change],
        report: NodeState | None = None,
        documents: Mapping[str, str] = MappingProxyType({}),
    ) -> Position:
        self._store.check()
        if self._store.holder != str(grant):
            raise Fenced(f"the lease is held by {self._store.holder or 'nobody'}")
        if self._store.refusals > 0:
            self._store.refusals -= 1
            raise StoreUnreachable("the request was lost")
        self._store.writes += 1
        self._store.documents |= documents
        for digest in [key for key, text in self._store.documents.items() if not text]:
            del self._store.documents[digest]
        for change in changes:
            if self._takes(change):
                self._store.events.append(change)
        if report is not None:
            self._store.nodes[grant.node] = report
        if (meanwhile := self._store.after_write) and changes:
            self._store.after_write = None
            await meanwhile()
        if self._store.lost_replies > 0:
            self._store.lost_replies -= 1
            raise StoreUnreachable("the reply was lost")
        return self._store.head

    def _takes(self, change: Change) -> bool:
        """Whether the change has an effect, and so makes an event."""
        if change.type == "scan":
            return True
        if change.record is None:
            published = change.service in self._published
            self._published.discard(change.service)
            return self._store.records.pop(change.service, None) is not None or published
        self._published.add(change.service)
        fresh = self._store.records.get(change.service) != change.record
        self._store.records[change.service] = change.record
        return fresh

    def note_head(self, head: Position) -> None:
        self._store.noted.append(head)

    async def documents(self, node: str) -> dict[str, int]:
        self._store.check()
        assert node == "n", "there is only one"
        return {digest: len(text) for digest, text in self._store.documents.items()}

    async def write_probes(self, node: str, figures: Mapping[str, Mapping[str, Any]]) -> None:
        self._store.check()
        self._store.probes[node] = figures


class MemoryHistory:
    """`store.history.HistoryStore` on a `MemoryStore`: the minutes as they are written."""

    def __init__(self, store: MemoryStore) -> None:
        self._store = store

    async def write(self, grant: Grant, seen: Minute) -> None:
        self._store.check()
        if self._store.history_trouble is not None:
            raise self._store.history_trouble
        if self._store.holder != str(grant):
            raise Fenced(f"the lease is held by {self._store.holder or 'nobody'}")
        self._store.minutes.append(seen)


class MemoryRequests:
    """`store.commands.ScanRequests` on a `MemoryStore`."""

    def __init__(self, store: MemoryStore) -> None:
        self._store = store

    async def listen(self, subscribed: Callable[[], None]) -> AsyncIterator[ScanRequest]:
        self._store.check()
        queue: asyncio.Queue[ScanRequest | None] = asyncio.Queue()
        self._store.listeners.append(queue)
        subscribed()
        try:
            while (request := await queue.get()) is not None:
                yield request
            raise StoreUnreachable("the connection is lost")
        finally:
            self._store.listeners.remove(queue)

    async def ask(self, request: ScanRequest) -> int:
        for queue in self._store.listeners:
            queue.put_nowait(request)
        return len(self._store.listeners)


class OwnClock(SystemClock):
    """A clock whose monotonic time can be put forward; waiting is real."""

    def __init__(self) -> None:
        self.ahead = 0.0

    def monotonic(self) -> float:
        return super().monotonic() + self.ahead


def memory_agent(
    store: MemoryStore, config: RouterConfig, clock: Clock, scanner: str, probe: Probe | None = None
) -> ScanLoop:
    """A scanner on a store in memory; `probe` replaces the prober."""
    return ScanLoop(
        config,
        MemoryLease(store, config.node.name, scanner),
        MemoryRegistry(store),
        MemoryHistory(store),
        MemoryRequests(store),
        probe or Prober(config.scan.probe_timeout, clock.monotonic),
        clock,
        Finder(config.node.root, config.scan.ignored).walk,
    )
