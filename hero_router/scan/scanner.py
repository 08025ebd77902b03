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

from hero_router.config import RouterConfig
from hero_router.errors import Fenced, StoreError
from hero_router.keys import APPLY_BATCH
from hero_router.model import Change, NodeState, Record
from hero_router.scan import figures, reports
from hero_router.scan.claims import Seen, services
from hero_router.scan.diff import Memory, departed, diff, must_ask, reloaded, taken
from hero_router.scan.judge import Now, Rules
from hero_router.scan.observation import Kind, Observation
from hero_router.scan.ports import Clock, LeasePort, Probe, RegistryPort
from hero_router.scan.sightings import Sightings
from hero_router.scan.sockets import Found, Walk, unlink
from hero_router.store.lease import Grant

log = logging.getLogger(__name__)

FLUSH_SECONDS = 0.2
"""Time over which results are gathered before they are published together."""
BATCH = 64
"""Services that are decided on, or probes that are started, before others get their turn."""
FAST_SHARE = 8
"""One probe in so many is kept for new sockets, which else would queue behind hanging ones."""
SIGN_SECONDS = 1.0
"""Shortest time between two signs of life of a scan under way."""
WHOLE_SCANS = 12
"""In one of so many scans all records are read, and decided on anew: a foreign hand may have
changed one and left the stream's head and their number as they were."""
LIVELY_TIMEOUTS = 2
"""A scan is under way while some probe ends within so many timeouts; longer, it hangs."""


class Scanner:
    """The node's sockets, what is remembered of them, and the probes under way."""

    def __init__(
        self,
        config: RouterConfig,
        lease: LeasePort,
        registry: RegistryPort,
        probe: Probe,
        clock: Clock,
        walk: Callable[[], Walk],
    ) -> None:
        self._config, self._lease, self._registry = config, lease, registry
        self._probe, self._clock, self._walk = probe, clock, walk
        self._rules = Rules(config.node, config.failures, config.stale_seconds)
        self._sightings = Sightings(config.stale_seconds)
        self._seen: Mapping[str, Seen] = {}
        self._owner: Mapping[bytes, str] = {}
        self._memories: dict[str, Memory] = {}
        self._observed: dict[bytes, Observation] = {}
        self._probes: dict[Found, asyncio.Task[None]] = {}
        self._unsettled: set[str] = set()
        self._walked = False
        self._scan = self._token = 0
        self._tally: Counter[str] = Counter()
        self._lack: str | None = None
        self._looking, self._flushing = asyncio.Lock(), asyncio.Lock()
        reserve = config.probe_concurrency // FAST_SHARE
        self._slots = asyncio.Semaphore(config.probe_concurrency - reserve)
        self._fast_slots = asyncio.Semaphore(reserve) if reserve else self._slots
        self.work = asyncio.Event()
        """Set while something waits to be published."""

    @property
    def root(self) -> tuple[int, int] | None:
        """Device and inode of the root as last seen; another one means that it was replaced."""
        return self._sightings.root

    async def begin(self, grant: Grant) -> None:
        """Go to work under a new grant; the tasks of the last one are gone. Raises StoreError.

        Tokens grow by one, so a gap means that another scanner ruled, or Redis was emptied: then
        what the registry says counts for more than what is remembered here. A node gets a report
        before its first service: else nobody would miss a scanner that dies in its first scan.
        """
        self._probes.clear()
        known = await self._registry.known(self._config.node)
        if grant.token != self._token + 1:
            self._memories = {k: reloaded(m, known.get(k)) for k, m in self._memories.items()}
            self._seen, self._walked = {}, False
            self._observed.clear()
            self._unsettled.clear()
        self._token = grant.token
        if self._registry.report(self._config.node) is None:
            await self._registry.apply(grant, [], self._first_report(grant, known))

    async def scan(self, grant: Grant, requests: Iterable[str], group: asyncio.TaskGroup) -> None:
        """One full scan to its end: every socket probed, every change published, and the report.

        Raises:
            Fenced: another scanner holds the lease.
            StoreError: nothing could be published; what was seen is published by a later call.
        """
        self._scan += 1
        self._lack = None
        started = self._clock.monotonic()
        probes = await self.look(group, everything=True)
        await self._outlast(grant, probes, started)
        if self._scan % WHOLE_SCANS == 0:
            await self._registry.known(self._config.node, whole=True)
            self._unsettled |= self._seen.keys()
        await self.flush(grant)
        await self._report(grant, self._clock.monotonic() - started, list(requests))

    async def look(
        self, group: asyncio.TaskGroup, *, everything: bool = False
    ) -> set[asyncio.Task[None]]:
        """Walk once, and start the probes of new and re-bound sockets, or of all; returns those."""
        async with self._looking:
            seconds = self._clock.monotonic()
            view = await asyncio.to_thread(self._walk_once, self._sightings, seconds)
            self._sightings, seen = view
            self._take_in(seen)
        return await self._start_probes(group, everything=everything)

    async def flush(self, grant: Grant) -> None:
        """Publish what was observed since the last call, and meanwhile. Raises StoreError."""
        async with self._flushing:
            self.work.clear()
            known = await self._registry.known(self._config.node)
            await self._publish_departures(grant, known)
            self._unsettled |= taken(known, self._memories) & self._seen.keys()
            while batch := set(islice(self._unsettled, BATCH)):
                known |= await self._publish(grant, known, batch)
                await asyncio.sleep(0)

    def _walk_once(self, before: Sightings, seconds: float) -> tuple[Sightings, dict[str, Seen]]:
        """The part that blocks or is long; runs in a thread, so it changes nothing here."""
        sightings = before.after(self._walk(), seconds)
        return sightings, services(self._config.node, sightings.found.values())

    def _take_in(self, seen: dict[str, Seen]) -> None:
        before = self._seen
        self._seen = seen
        self._owner = {found.raw: key for key, item in seen.items() for found in item.sockets}
        self._unsettled &= seen.keys()
        self._unsettled |= {key for key, item in seen.items() if before.get(key) != item}
        self._walked = True
        if self._unsettled or before.keys() - seen.keys():
            self.work.set()

    async def _start_probes(
        self, group: asyncio.TaskGroup, *, everything: bool
    ) -> set[asyncio.Task[None]]:
        started = set()
        for count, found in enumerate(list(self._sightings.found.values())):
            if count % BATCH == 0:
                await asyncio.sleep(0)
            new = self._is_new(found)
            if found not in self._probes and (new or everything):
                slots = self._fast_slots if new and not everything else self._slots
                self._probes[found] = group.create_task(self._examine(found, slots))
            if found in self._probes:
                started.add(self._probes[found])
        return started

    def _is_new(self, found: Found) -> bool:
        memory = self._memory_of(found)
        before = None if memory is None else memory.sockets.get(found.raw)
        return before is None or before.inode != found.inode

    def _memory_of(self, found: Found) -> Memory | None:
        return self._memories.get(self._owner.get(found.raw, ""))

    async def _examine(self, found: Found, slots: asyncio.Semaphore) -> None:
        """Probe a socket; what comes back counts only while it is still the one in its place."""
        try:
            async with slots:
                seen = await self._probe_safely(found)
        finally:
            self._probes.pop(found, None)
        if self._sightings.found.get(found.raw) == found:
            self._note(found, seen)

    async def _probe_safely(self, found: Found) -> Observation:
        asked = must_ask(found, self._memory_of(found))
        try:
            return await self._probe(found, ask_documents=asked)
        except Exception:
            log.exception("probing %s failed by a fault of the scanner", found.path)
            return Observation(Kind.UNSEEN, "a probe failed by a fault of the scanner")

    def _note(self, found: Found, seen: Observation) -> None:
        """Keep what was seen, unless the file is simply gone: the next walk tells that."""
        held = self._sightings.holds(found.path, self._clock.monotonic())
        if seen.kind is Kind.MISSING and not held:
            return
        if seen.kind is Kind.UNSEEN:
            self._lack = seen.error
        self._observed[found.raw] = seen
        self._unsettled.add(self._owner[found.raw])
        self.work.set()

    async def _publish_departures(self, grant: Grant, known: Mapping[str, Record]) -> None:
        if not self._walked:
            return
        now = self._now()
        held = {key for key, record in known.items() if self._is_held(record, now)}
        present = self._seen.keys() | held
        changes, kept = departed(known, self._memories, present, now)
        self._memories = {k: m for k, m in self._memories.items() if k in present} | kept
        await self._apply(grant, changes)

    def _is_held(self, record: Record, now: Now) -> bool:
        return any(self._sightings.holds(socket.path, now.seconds) for socket in record.sockets)

    async def _publish(
        self, grant: Grant, known: Mapping[str, Record], batch: set[str]
    ) -> dict[str, Record]:
        """Decide and write one batch, again next time if that fails; returns what is new."""
        seen = [self._seen[key] for key in sorted(batch & self._seen.keys())]
        names = [found.raw for item in seen for found in item.sockets]
        observed = {raw: self._observed.pop(raw) for raw in names if raw in self._observed}
        changes, memories = diff(known, self._memories, seen, observed, self._now(), self._rules)
        if self._config.stale_unlink:
            await asyncio.to_thread(self._unlink_stale, seen, memories)
        self._memories |= memories
        self._unsettled -= batch
        try:
            await self._apply(grant, changes)
        except BaseException:
            self._unsettled |= batch
            raise
        return {change.service: change.record for change in changes if change.record}

    def _unlink_stale(self, seen: list[Seen], memories: Mapping[str, Memory]) -> None:
        for item in seen:
            before = self._memories.get(item.id, Memory()).sockets
            for found in item.sockets:
                was = found.raw in before and before[found.raw].stale
                if memories[item.id].sockets[found.raw].stale and not was and unlink(found):
                    log.info("deleted stale socket %s", found.path)

    async def _apply(self, grant: Grant, changes: list[Change]) -> None:
        for start in range(0, len(changes), APPLY_BATCH):
            batch = changes[start : start + APPLY_BATCH]
            await self._registry.apply(grant, batch)
            self._tally.update(change.type for change in batch)

    def _now(self) -> Now:
        return Now(self._lease.now_ms(), self._clock.monotonic(), self._scan)

    async def _outlast(self, grant: Grant, probes: set[asyncio.Task[None]], started: float) -> None:
        """Wait for the end of all probes, and show meanwhile that some go on to end."""
        moved = self._clock.monotonic()
        while probes:
            every = max(self._config.scan_seconds, SIGN_SECONDS)
            done, probes = await asyncio.wait(probes, timeout=every)
            now = self._clock.monotonic()
            moved = now if done else moved
            if probes and now - moved <= LIVELY_TIMEOUTS * self._config.probe_timeout:
                await self._sign(grant, now - started)

    async def _sign(self, grant: Grant, seconds: float) -> None:
        """Renew the report of a scan that takes longer than the last one: it is no silence.

        Only where all that was seen could be published: a scanner that cannot write is silent.
        """
        try:
            await self.flush(grant)
            fresh = self._first_report(grant, {})
            last = self._registry.report(self._config.node) or fresh
            report = reports.under_way(last, fresh, seconds)
            if report is not last:
                await self._registry.apply(grant, [], report)
        except Fenced:
            raise
        except StoreError as error:
            log.debug("no sign of life can be given: %s", error)

    def _first_report(self, grant: Grant, known: Mapping[str, Record]) -> NodeState:
        return reports.first(self._config, grant.scanner, self._lease.now_ms(), known)

    async def _report(self, grant: Grant, seconds: float, requests: list[str]) -> None:
        """Write the node's state and figures; a `scan` event only where there is something new."""
        known = await self._registry.known(self._config.node)
        report = replace(
            self._first_report(grant, known),
            scan=self._scan,
            duration_ms=round(seconds * 1000),
            sockets=len(self._sightings.found),
            error=self._sightings.error or self._lack,
            probe_ms=figures.durations(self._memories.values()),
        )
        # Without a stream, clients of an emptied Redis would have nowhere to go on from.
        told = Counter(self._tally)
        news = requests or told or not self._registry.has_stream
        event = [reports.event(report, told, requests)] if news else []
        await self._registry.apply(grant, event, report)
        self._tally -= told
        probes = figures.by_service(self._memories, known, report.last_scan)
        await self._registry.write_probes(self._config.node, probes)
