"""Watches the nodes' scanners, so that a dead one is told instead of its last words repeated.

A scanner lives if it holds its node's lease, and works if it also reports: one that hangs, or whose
writes Redis refuses, may still hold the lease. Services of a node that has no report, as after a
foreign hand took it, have no scanner either.
"""

import asyncio
import logging
import shlex
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping
from collections.abc import Set as AbstractSet

from hero_router.errors import StoreError
from hero_router.feed.doubts import NO_SCANNER, REDIS, SCANNER, Conditions
from hero_router.feed.mirror import Mirror
from hero_router.feed.reported import ReportedConditions
from hero_router.model import NodeState
from hero_router.store.stream import NodeReader, NodeStatus

log = logging.getLogger(__name__)

WATCH_SECONDS = 1.0
GRACE_SECONDS = 4.0
"""A lease may be missing for this long, as when another scanner takes over, before it matters."""
OVERDUE_SCANS = 3
"""A report may be missing for as long as so many scans take, and the grace time, before it does."""


async def _nothing() -> None:
    """There is nothing else to look at."""


class NodeMonitor:
    """One worker's eye on all nodes. `clock` is monotonic seconds: wall time may jump.

    `also` is what else is looked at each time, over the same connection.

    `errors` are counted by code since the worker began.
    """

    def __init__(
        self,
        nodes: NodeReader,
        mirror: Mirror,
        doubts: Conditions,
        clock: Callable[[], float] = time.monotonic,
        also: Callable[[], Awaitable[None]] = _nothing,
    ) -> None:
        self._nodes, self._mirror, self._doubts, self._clock = nodes, mirror, doubts, clock
        self._also = also
        self._reported = ReportedConditions(doubts)
        self._leased_at: dict[str, float] = {}
        self._reported_at: dict[str, float] = {}
        self._reports: Mapping[str, NodeState] = {}
        self._names: AbstractSet[str] = frozenset()
        self.errors = Counter[str]()
        self._empty_since: float | None = None
        self._blind_since: float | None = None

    async def run(self) -> None:
        """Look again and again until cancelled; while Redis is away, nothing new can be known."""
        while True:
            try:
                self.update(await self._nodes.list())
                await self._also()
            except StoreError as error:
                log.debug("cannot look at the nodes: %s", error)
                self.store_failed(error)
            await asyncio.sleep(WATCH_SECONDS)

    def update(self, sight: Mapping[str, NodeStatus]) -> None:
        """Take what was seen and begin or end doubts."""
        now, before = self._clock(), self._reports
        names = sight.keys() | self._mirror.node_names()
        self._blind_since = None
        self._note_empty(not sight, now)
        for name in names - self._names:
            self._leased_at[name] = now
        for name, node in sight.items():
            if node.leased:
                self._leased_at[name] = now
            if node.state != before.get(name):
                self._reported_at[name] = now
        self._names = names
        self._reports = {name: node.state for name, node in sight.items()}
        found = {name: self._trouble(name, now) for name in names}
        lost = {name: trouble for name, trouble in found.items() if trouble is not None}
        self._mirror.set_nodes(frozenset(lost), self._reports)
        self._tell(lost)
        self._reported.update(self._reports)

    def _trouble(self, name: str, now: float) -> str | None:
        """Why nobody can know how this node's services are; None where its scanner works."""
        if now - self._leased_at[name] >= GRACE_SECONDS:
            command = f"hero_router forget {shlex.quote(name)}"
            return f"no scanner is running for node {name}; if it is gone for good: {command}"
        if (report := self._reports.get(name)) is None:
            return None
        pace = report.scan_seconds
        late = OVERDUE_SCANS * (pace + report.duration_ms / 1000) + GRACE_SECONDS
        if pace and now - self._reported_at[name] >= late:
            return f"the scanner of node {name} is silent: it hangs, or Redis takes no data from it"
        return None

    def _note_empty(self, empty: bool, now: float) -> None:
        if not empty:
            self._empty_since = None
            self._doubts.clear(NO_SCANNER)
            return
        self._empty_since = now if self._empty_since is None else self._empty_since
        if now - self._empty_since >= GRACE_SECONDS:
            self._doubts.set(NO_SCANNER, None, "no scanner has reported to this Redis")

    def _tell(self, lost: Mapping[str, str]) -> None:
        for name, trouble in lost.items():
            self._doubts.set(SCANNER, name, trouble)
        for reason, node in tuple(self._doubts.current):
            if reason == SCANNER and node not in lost:
                self._doubts.clear(SCANNER, node)

    def store_failed(self, error: StoreError) -> None:
        """Time without Redis says nothing about the scanners: begin to count anew.

        A node that is lost stays so until its scanner is seen: nothing speaks for it meanwhile.

        While the stream itself can be read, nobody else would tell of the trouble.
        """
        now = self._clock()
        self.errors[error.code] += 1
        lost = self._mirror.lost
        self._leased_at = {
            name: at if name in lost else now for name, at in self._leased_at.items()
        }
        self._reported_at = {
            name: at if name in lost else now for name, at in self._reported_at.items()
        }
        self._empty_since = None
        if self._blind_since is None or (REDIS, None) in self._doubts.current:
            self._blind_since = now
        if now - self._blind_since >= GRACE_SECONDS:
            self._doubts.set(NO_SCANNER, None, f"the scanners cannot be watched: {error}")
