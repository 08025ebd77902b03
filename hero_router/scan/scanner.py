"""One scan: walk, probe with bounded concurrency, publish in batches. `worker` says when.

A hanging service delays nobody: what is known is published every `FLUSH_SECONDS`, new sockets at
first as `unknown`, and a small part of the probes is kept for sockets that have just appeared.
"""

import asyncio
import logging
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from itertools import islice

from hero_router.errors import Fenced, StoreError
from hero_router.model import Change, NodeState, Record
from hero_router.scan import figures, report
from hero_router.scan.conditions import NodeConditions
from hero_router.scan.diff import TrackedService, after_takeover, diff, removals
from hero_router.scan.interfaces import Clock, LeaseProtocol, Probe, RegistryProtocol
from hero_router.scan.inventory import Inventory
from hero_router.scan.naming import DiscoveredService, services
from hero_router.scan.probing import Probes
from hero_router.scan.reconcile import ForeignChanges
from hero_router.scan.result import ProbeResult
from hero_router.scan.sockets import SocketFile, WalkResult
from hero_router.scan.status import EvalTime, Thresholds, TrackedSocket
from hero_router.scan.unlink import unlink_stale
from hero_router.scan.unseen import hidden, unseen
from hero_router.settings.config import RouterConfig
from hero_router.store.keys import APPLY_BATCH
from hero_router.store.lease import Grant
from hero_router.upstream.outcome import NO_PERMISSION, Outcome

log = logging.getLogger(__name__)

FLUSH_SECONDS = 0.2
"""Time over which results are gathered before they are published together."""
BATCH = 64
"""Services that are decided on before others get their turn."""
SIGN_SECONDS = 1.0
"""Shortest time between two signs of life of a scan under way."""
WHOLE_SCANS = 12
"""In one of so many scans all records are read: a foreign hand may have changed one, and left the
stream's head and their number as they were."""
LIVELY_TIMEOUTS = 2
"""A scan is under way while some probe ends within so many timeouts; longer, it hangs."""


class Scanner:
    """The node's sockets, what is remembered of them, and the probes under way."""

    def __init__(
        self,
        config: RouterConfig,
        lease: LeaseProtocol,
        registry: RegistryProtocol,
        probe: Probe,
        clock: Clock,
        walk: Callable[[], WalkResult],
    ) -> None:
        self._config, self._lease, self._registry = config, lease, registry
        self._clock, self._walk = clock, walk
        self._rules = Thresholds(config.node.name, config.scan.failures, config.scan.stale_seconds)
        self._sightings = Inventory(config.scan.stale_seconds)
        self._seen: Mapping[str, DiscoveredService] = {}
        self._owner: Mapping[bytes, str] = {}
        self._memories: dict[str, TrackedService] = {}
        self._observed: dict[bytes, ProbeResult] = {}
        self._probes = Probes(config, probe, self._memory_of, self._note)
        self._unsettled: set[str] = set()
        self._agreement = ForeignChanges()
        self._walked = False
        self._scan = self._token = 0
        self._tally: Counter[str] = Counter()
        self._last_error: str | None = None
        self._looking, self._flushing = asyncio.Lock(), asyncio.Lock()
        self.conditions = NodeConditions(config)
        self.work = asyncio.Event()
        """Set while something waits to be published."""

    async def begin(self, grant: Grant) -> None:
        """Go to work under a new grant; the tasks of the last one are gone. Raises StoreError.

        Tokens grow by one, so a gap means that another scanner ruled, or Redis was emptied: then
        what the registry says counts for more than what is remembered here. A node gets a report
        before its first service: else nobody would miss a scanner that dies in its first scan.
        """
        self._probes.forget()
        known = await self._registry.records(self._config.node.name)
        last = self._registry.report(self._config.node.name)
        if grant.token != self._token + 1:
            self._memories = {k: after_takeover(m, known.get(k)) for k, m in self._memories.items()}
            self._seen, self._walked = {}, False
            self._observed.clear()
            self._unsettled.clear()
            self._sightings = self._sightings.inherited(report.previous_root(last, self._config))
        self._token = grant.token
        if last is None:
            await self._registry.apply(grant, [], self._first_report(grant, known))

    async def scan(self, grant: Grant, requests: Iterable[str], group: asyncio.TaskGroup) -> None:
        """One full scan to its end: every socket probed, every change published, and the report.

        A socket that rests is only connected to, unless somebody asked for the scan.

        Raises:
            Fenced: another scanner holds the lease.
            StoreError: nothing could be published; what was seen is published by a later call.
        """
        self._scan += 1
        self._last_error = None
        started = self._clock.monotonic()
        wishes = list(requests)
        found = await self._walked_again()
        if wishes:
            probes = await self._probes.start_all(found, group)
        else:
            probes = await self._probes.start_due(found, group, self._scan)
        await self._await_probes(grant, probes, started)
        if self._scan % WHOLE_SCANS == 0:
            await self._registry.records(self._config.node.name, whole=True)
        await self.flush(grant)
        await self._report(grant, self._clock.monotonic() - started, wishes)

    async def look(self, group: asyncio.TaskGroup) -> None:
        """Walk once, and start the probes of new and re-bound sockets."""
        await self._probes.start_new(await self._walked_again(), group)

    async def flush(self, grant: Grant) -> None:
        """Publish what was observed since the last call, and meanwhile. Raises StoreError."""
        async with self._flushing:
            self.work.clear()
            known = await self._registry.records(self._config.node.name)
            await self._publish_departures(grant, known)
            self._unsettled |= self._agreement.changed_elsewhere(known, self._seen)
            while batch := set(islice(self._unsettled, BATCH)):
                known |= await self._publish(grant, known, batch)
                await asyncio.sleep(0)

    async def _walked_again(self) -> Iterable[SocketFile]:
        """The sockets in sight of a walk that is done now; all that it tells is taken in."""
        async with self._looking:
            seconds = self._clock.monotonic()
            before = self._sightings, self._seen
            view = await asyncio.to_thread(self._walk_once, *before, seconds)
            self._sightings, seen = view
            self.conditions.look(self._sightings)
            self._take_in(seen)
            self._note_held()
            held = self._sightings.held
            return [item for raw, item in self._sightings.found.items() if raw not in held]

    def _walk_once(
        self, before: Inventory, seen: Mapping[str, DiscoveredService], seconds: float
    ) -> tuple[Inventory, Mapping[str, DiscoveredService]]:
        """The part that blocks or is long; runs in a thread, so it changes nothing here."""
        sightings = before.after(self._walk(), seconds)
        if seen and sightings.found == before.found:
            return sightings, seen
        return sightings, services(self._config.node.name, sightings.found.values())

    def _take_in(self, seen: Mapping[str, DiscoveredService]) -> None:
        before = self._seen
        self._seen = seen
        self._owner = {found.raw: key for key, item in seen.items() for found in item.sockets}
        self._unsettled &= seen.keys()
        self._unsettled |= {key for key, item in seen.items() if before.get(key) != item}
        self._walked = True
        if self._unsettled or before.keys() - seen.keys():
            self.work.set()

    def _memory_of(self, found: SocketFile) -> TrackedSocket | None:
        memory = self._memories.get(self._owner.get(found.raw, ""))
        return None if memory is None else memory.sockets.get(found.raw)

    def _note(self, found: SocketFile, seen: ProbeResult) -> None:
        """Keep what a probe saw, while the socket is still the one in its place, and in sight.

        Of a file that is gone the next walk tells.
        """
        there = self._sightings.found.get(found.raw) == found
        if there and found.raw not in self._sightings.held and seen.kind is not Outcome.MISSING:
            self._keep(found, seen)

    def _note_held(self) -> None:
        """What is out of sight is unknown at once, even where it could still be connected to."""
        for raw in self._sightings.held:
            found = self._sightings.found[raw]
            if why := self._unseen(found.path):
                self._keep(found, ProbeResult(Outcome.MISSING, why))

    def _keep(self, found: SocketFile, seen: ProbeResult) -> None:
        if seen.kind is Outcome.UNSEEN:
            self._last_error = seen.error
        self._observed[found.raw] = seen
        self._unsettled.add(self._owner[found.raw])
        self.work.set()

    async def _publish_departures(self, grant: Grant, known: Mapping[str, Record]) -> None:
        if not self._walked:
            return
        now = self._now()
        held = unseen(known, self._seen.keys(), self._unseen)
        present = self._seen.keys() | held.keys()
        changes, kept = removals(known, self._memories, present, now)
        self._memories = {k: m for k, m in self._memories.items() if k in present} | kept
        await self._apply(grant, [*changes, *hidden(known, held, now)])

    def _unseen(self, path: str) -> str | None:
        return self._sightings.why(path, self._clock.monotonic())

    async def _publish(
        self, grant: Grant, known: Mapping[str, Record], batch: set[str]
    ) -> dict[str, Record]:
        """Decide and write one batch, again next time if that fails; returns what is new."""
        seen = [self._seen[key] for key in sorted(batch & self._seen.keys())]
        names = [found.raw for item in seen for found in item.sockets]
        observed = {raw: self._observed.pop(raw) for raw in names if raw in self._observed}
        changes, memories = diff(known, self._memories, seen, observed, self._now(), self._rules)
        if self._config.scan.stale_unlink:
            await asyncio.to_thread(unlink_stale, seen, self._memories, memories)
        self._memories |= memories
        self._unsettled -= batch
        try:
            await self._apply(grant, changes)
        except BaseException:
            self._unsettled |= batch
            raise
        written = {change.service: change.record for change in changes}
        self._agreement.agreed({one.id: written.get(one.id, known.get(one.id)) for one in seen})
        return {key: record for key, record in written.items() if record}

    async def _apply(self, grant: Grant, changes: list[Change]) -> None:
        for start in range(0, len(changes), APPLY_BATCH):
            batch = changes[start : start + APPLY_BATCH]
            await self._registry.apply(grant, batch)
            self._tally.update(change.type for change in batch)

    def _now(self) -> EvalTime:
        return EvalTime(self._lease.now_ms(), self._clock.monotonic(), self._scan)

    async def _await_probes(
        self, grant: Grant, probes: set[asyncio.Task[None]], started: float
    ) -> None:
        """Wait for the end of all probes, and show meanwhile that some go on to end."""
        moved = self._clock.monotonic()
        while probes:
            every = max(self._config.scan.seconds, SIGN_SECONDS)
            done, probes = await asyncio.wait(probes, timeout=every)
            now = self._clock.monotonic()
            moved = now if done else moved
            if probes and now - moved <= LIVELY_TIMEOUTS * self._config.scan.probe_timeout:
                await self._heartbeat(grant, now - started)

    async def _heartbeat(self, grant: Grant, seconds: float) -> None:
        """Renew the report of a scan that takes longer than the last one: it is no silence.

        Only where all that was seen could be published: a scanner that cannot write is silent.
        """
        try:
            await self.flush(grant)
            fresh = self._first_report(grant, {})
            last = self._registry.report(self._config.node.name) or fresh
            renewed = report.in_progress(last, fresh, seconds)
            if renewed is not last:
                await self._registry.apply(grant, [], renewed)
        except Fenced:
            raise
        except StoreError as error:
            log.debug("no sign of life can be given: %s", error)

    def _first_report(self, grant: Grant, known: Mapping[str, Record]) -> NodeState:
        return report.first(self._config, grant.scanner, self._lease.now_ms(), known)

    async def _report(self, grant: Grant, seconds: float, requests: list[str]) -> None:
        """Write the node's state and figures; a `scan` event only where there is something new."""
        known = await self._registry.records(self._config.node.name)
        self.conditions.knock(figures.failing(self._memories.values(), NO_PERMISSION))
        fresh = self._first_report(grant, known)
        latest = replace(
            report.after_scan(fresh, self._sightings, self.conditions.current, self._last_error),
            scan=self._scan,
            duration_ms=round(seconds * 1000),
            probe_ms=figures.durations(self._memories.values()),
        )
        # Without a stream, clients of an emptied Redis would have nowhere to go on from.
        told = Counter(self._tally)
        news = requests or told or not self._registry.has_stream
        event = [report.event(latest, told, requests)] if news else []
        await self._registry.apply(grant, event, latest)
        self._tally -= told
        probes = figures.by_service(self._memories, known)
        await self._registry.write_probes(self._config.node.name, probes)
