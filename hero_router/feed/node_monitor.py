"""Checks each node's lease and last node report, and sets this worker's conditions about nodes.

A node whose scanner has stopped is marked as lost: its services show `unknown` instead of their
last status. If a scanner reports that it cannot see some folders or sockets, its node gets a
condition.
"""

import asyncio
import logging
import shlex
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator, Mapping
from collections.abc import Set as AbstractSet

from hero_router.errors import StoreError
from hero_router.feed.conditions import NO_SCANNER, REDIS, SCANNER, Conditions
from hero_router.feed.mirror import Mirror
from hero_router.model import NodeState
from hero_router.sanitize import clean
from hero_router.store.stream_reader import NodeReader, NodeStatus

log = logging.getLogger(__name__)

WATCH_SECONDS = 1.0
GRACE_SECONDS = 4.0
"""A node is lost if its lease is missing for this long; another scanner takes over in less time."""
OVERDUE_SCANS = 3
"""A node is lost if its report is missing for the time of this many scans and `GRACE_SECONDS`."""


async def _nothing() -> None:
    """No further check."""


class LostNodes:
    """Decides which nodes are lost. `clock` gives monotonic seconds: wall time may jump.

    A scanner runs if it holds its node's lease, and works if it also reports: one that hangs, or
    whose writes Redis refuses, may still hold the lease. A node that has services but no report
    has no scanner.

    `now_ms` gives Unix ms by Redis's clock. With it, a report is as old as it says when its node is
    first seen, unless its own scanner holds the lease; without it, and else, it is new then.
    """

    def __init__(
        self,
        clock: Callable[[], float] = time.monotonic,
        now_ms: Callable[[], int] | None = None,
    ) -> None:
        self._clock, self._now_ms = clock, now_ms
        self._leased_at: dict[str, float] = {}
        self._reported_at: dict[str, float] = {}
        self._nodes: Mapping[str, NodeStatus] = {}
        self._names: AbstractSet[str] = frozenset()

    def update(
        self, nodes: Mapping[str, NodeStatus], with_services: AbstractSet[str]
    ) -> Mapping[str, str]:
        """Take the leases and reports of all nodes; returns why nodes are lost, by name.

        `with_services` are the names of the nodes that have services.
        """
        now, before = self._clock(), self._nodes
        names = nodes.keys() | with_services
        for name in names - self._names:
            self._leased_at[name] = now
        for name, node in nodes.items():
            if node.leased:
                self._leased_at[name] = now
            if name not in before:
                self._reported_at[name] = now - self._age(node)
            elif node.state != before[name].state:
                self._reported_at[name] = now
        self._names, self._nodes = names, nodes
        troubles = {name: self._trouble(name, now) for name in names}
        return {name: trouble for name, trouble in troubles.items() if trouble is not None}

    def _age(self, node: NodeStatus) -> float:
        """The age of a report in seconds when its node is first seen."""
        if self._now_ms is None or (node.leased and not node.taken_over):
            return 0.0
        return max(self._now_ms() - node.state.last_scan, 0) / 1000

    def _trouble(self, name: str, now: float) -> str | None:
        """Why the state of this node's services is unknown; None where its scanner works."""
        overdue = self._is_overdue(name, now)
        if now - self._leased_at[name] >= GRACE_SECONDS or (
            overdue and not self._nodes[name].leased
        ):
            command = f"hero_router forget {shlex.quote(name)}"
            return f"no scanner is running for node {name}; if it is gone for good: {command}"
        if not overdue:
            return None
        if self._nodes[name].taken_over:
            return f"a new scanner of node {name} has started and has not reported yet"
        return f"the scanner of node {name} is silent: it hangs, or Redis takes no data from it"

    def _is_overdue(self, name: str, now: float) -> bool:
        """Whether the next report should have come long ago; False for a node without a report."""
        if (node := self._nodes.get(name)) is None or not node.state.scan_seconds:
            return False
        scan = node.state.scan_seconds + node.state.duration_ms / 1000
        return now - self._reported_at[name] >= OVERDUE_SCANS * scan + GRACE_SECONDS

    def restart(self, lost: AbstractSet[str]) -> None:
        """Restart the time limits of all scanners, as while Redis could not be read.

        A `lost` node stays lost until its scanner is seen again.
        """
        now = self._clock()
        self._leased_at = _restarted(self._leased_at, now, lost)
        self._reported_at = _restarted(self._reported_at, now, lost)


def _restarted(times: Mapping[str, float], now: float, lost: AbstractSet[str]) -> dict[str, float]:
    return {name: at if name in lost else now for name, at in times.items()}


class NodeMonitor:
    """Checks all nodes for one worker. `clock` gives monotonic seconds.

    `also` is a further check after each check of the nodes. `errors` counts the errors of Redis by
    code since the worker began. `checked` is set once the conditions say what is known of nodes:
    after the first check, or when a condition says that they cannot be checked.
    """

    def __init__(
        self,
        nodes: NodeReader,
        mirror: Mirror,
        conditions: Conditions,
        clock: Callable[[], float] = time.monotonic,
        also: Callable[[], Awaitable[None]] = _nothing,
    ) -> None:
        self._nodes, self._mirror, self._conditions = nodes, mirror, conditions
        self._clock, self._also = clock, also
        self._reported = ReportedConditions(conditions)
        self._lost = LostNodes(clock, conditions.now_ms)
        self._empty_since: float | None = None
        self._failing_since: float | None = None
        self.errors = Counter[str]()
        self.checked = asyncio.Event()

    async def run(self) -> None:
        """Check all nodes every second until cancelled."""
        while True:
            try:
                self.update(await self._nodes.list())
                await self._also()
            except StoreError as error:
                log.debug(
                    "this web worker cannot read leases and reports of the scanners from Redis: %s",
                    error,
                )
                self.store_failed(error)
            await asyncio.sleep(WATCH_SECONDS)

    def update(self, nodes: Mapping[str, NodeStatus]) -> None:
        """Take the leases and reports of all nodes from Redis, and set or clear conditions."""
        self._failing_since = None
        self._note_empty(not nodes, self._clock())
        lost = self._lost.update(nodes, self._mirror.node_names())
        reports = {name: node.state for name, node in nodes.items()}
        unreported = frozenset(name for name, node in nodes.items() if not node.reported)
        self._mirror.set_nodes(frozenset(lost), reports, unreported)
        self._set_lost(lost)
        self._reported.update(reports)
        self.checked.set()

    def _note_empty(self, empty: bool, now: float) -> None:
        if not empty:
            self._empty_since = None
            self._conditions.clear(NO_SCANNER)
            return
        self._empty_since = now if self._empty_since is None else self._empty_since
        if now - self._empty_since >= GRACE_SECONDS:
            self._conditions.set(NO_SCANNER, None, "no scanner has reported to this Redis")

    def _set_lost(self, lost: Mapping[str, str]) -> None:
        for name, trouble in lost.items():
            self._conditions.set(SCANNER, name, trouble)
        for item in self._conditions.current:
            if item.reason == SCANNER and item.node not in lost:
                self._conditions.clear(SCANNER, item.node)

    def store_failed(self, error: StoreError) -> None:
        """Note that Redis could not be read; no node counts as lost because of that.

        If the stream can still be read, no other check notices the error: after `GRACE_SECONDS` it
        becomes a condition.
        """
        now = self._clock()
        self.errors[error.code] += 1
        self._lost.restart(self._mirror.lost)
        self._empty_since = None
        if self._failing_since is None or self._conditions.find(REDIS) is not None:
            self._failing_since = now
        if now - self._failing_since >= GRACE_SECONDS:
            self._conditions.set(NO_SCANNER, None, f"the scanners cannot be checked: {error}")
            self.checked.set()


class ReportedConditions:
    """Sets a condition for each reason in a node's report, and clears it when the report lacks it.

    A node whose scanner is lost keeps its last conditions: no scanner has reported their end.
    """

    def __init__(self, conditions: Conditions) -> None:
        self._conditions = conditions
        self._set: set[tuple[str, str]] = set()

    def update(self, reports: Mapping[str, NodeState]) -> None:
        """Set and clear conditions by the newest reports of all nodes."""
        found = {
            (reason, node): detail
            for node, state in reports.items()
            for reason, detail in _valid(state.conditions)
        }
        for (reason, node), detail in found.items():
            self._conditions.set(reason, node, detail)
        for reason, node in self._set - found.keys():
            self._conditions.clear(reason, node)
        self._set = set(found)


def _valid(reported: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    """The reasons and details of a report, without those that are not text.

    Reasons of a newer version are kept. `scanner` is left out: a report cannot say that its own
    scanner is gone.
    """
    for reason, detail in reported.items():
        if reason != SCANNER and isinstance(detail, str):
            yield clean(reason), clean(detail)
