"""Publishes the results of scans: collects probe results, evaluates them, and writes changes."""

import asyncio
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import replace
from itertools import islice

from hero_router.model import Change, Record
from hero_router.scan.dead_socket_files import unlink_stale
from hero_router.scan.dependency_protocols import RegistryProtocol
from hero_router.scan.diff import Evaluation, diff, removals
from hero_router.scan.document_budget import DocumentRetention
from hero_router.scan.minute_recorder import MinuteRecorder
from hero_router.scan.probe_result import ProbeResult
from hero_router.scan.registry_drift import DriftDetector
from hero_router.scan.service_discovery import Discovery
from hero_router.scan.service_names import DiscoveredService
from hero_router.scan.socket_status import EvalTime, Thresholds
from hero_router.scan.status_change_log import log_status
from hero_router.scan.tracked_state import TrackedService, TrackedSocket, after_takeover, ask_again
from hero_router.scan.unreadable_folder_services import to_unknown, unverified
from hero_router.scan.walk import SocketFile
from hero_router.settings.config import RouterConfig
from hero_router.store.lease import Grant
from hero_router.store.registry import NodeView

BATCH = 64
"""Services that are evaluated and written together, before other tasks run."""


class Publisher:
    """Keeps the tracked state of services, and writes their changes to the registry.

    `now` returns the time of an evaluation; `recorder` notes each published change.
    """

    def __init__(
        self,
        config: RouterConfig,
        registry: RegistryProtocol,
        discovery: Discovery,
        now: Callable[[], EvalTime],
        recorder: MinuteRecorder,
    ) -> None:
        self._node, self._unlinks = config.node.name, config.scan.stale_unlink
        self._registry, self._discovery, self._now = registry, discovery, now
        self._recorder = recorder
        self._rules = Thresholds(config.scan.failures, config.scan.stale_seconds)
        self._results: dict[bytes, ProbeResult] = {}
        self._dirty: set[str] = set()
        self._drift = DriftDetector()
        self._retention = DocumentRetention()
        self._flushing = asyncio.Lock()
        self.tracked: dict[str, TrackedService] = {}
        self.counts: Counter[str] = Counter()
        """Numbers of changes written since the last `scan` event, by type."""
        self.work = asyncio.Event()
        """Set while results or changes wait to be published."""

    def reset(self, known: Mapping[str, Record]) -> None:
        """Drop results and tracked state that are out of date if another scanner held the lease."""
        self.tracked = {k: after_takeover(t, known.get(k)) for k, t in self.tracked.items()}
        self._results.clear()
        self._dirty.clear()

    def tracked_socket(self, file: SocketFile) -> TrackedSocket | None:
        """The tracked state of a socket; None if it is not known."""
        service = self.tracked.get(self._discovery.owner(file) or "")
        return None if service is None else service.sockets.get(file.raw)

    def services_found(self, before: Mapping[str, DiscoveredService]) -> None:
        """Note the services that are new, changed or gone since `before`, to publish them."""
        now = self._discovery.services
        self._dirty &= now.keys()
        self._dirty |= {key for key, service in now.items() if before.get(key) != service}
        if self._dirty or before.keys() - now.keys():
            self.work.set()

    def result_found(self, file: SocketFile, result: ProbeResult) -> None:
        """Note the result of a probe, to publish it; it replaces an earlier one of this socket."""
        if owner := self._discovery.owner(file):
            if result.document is not None:
                self._retention.offer(result.document)
            self._results[file.raw] = replace(result, document=None)
            self._recorder.probed(owner, result.latency_ms)
            self._dirty.add(owner)
            self.work.set()

    async def flush(self, grant: Grant) -> NodeView:
        """Publish all noted services and results; returns the node as Redis held it before.

        Raises:
            Fenced: another scanner holds the lease.
            StoreError: not all could be published; a later call publishes the rest.
        """
        async with self._flushing:
            view = await self._registry.view(self._node)
            await self._flush(grant, dict(view.records))
            return view

    async def finish(self, grant: Grant, *, whole: bool) -> None:
        """Publish all at the end of a scan, and then remove documents that no service record names.

        With `whole` all service records are read, so that any change by another program is
        corrected. Raises as `flush` does.
        """
        async with self._flushing:
            known = dict((await self._registry.view(self._node, whole=whole)).records)
            await self._flush(grant, known)
            await self._keep_documents(grant, known)

    async def _flush(self, grant: Grant, known: dict[str, Record]) -> None:
        """Publish all noted services and results; updates `known`, the records in Redis."""
        self.work.clear()
        await self._publish_missing(grant, known)
        self._dirty |= self._drift.drifted(known, self._discovery.services)
        while batch := set(islice(self._dirty, BATCH)):
            await self._publish(grant, known, batch)
            await asyncio.sleep(0)

    async def _keep_documents(self, grant: Grant, known: Mapping[str, Record]) -> None:
        self._retention.set_kept(await self._registry.documents(self._node))
        used = {record.document for record in known.values()}
        lost = self._retention.lost(used)
        for key, record in known.items():
            if record.document in lost and key in self.tracked:
                self.tracked[key] = ask_again(self.tracked[key], record.document)
        waiting = (result.documents for result in self._results.values())
        used |= {each.facts.document for each in waiting if each is not None and each.facts}
        if todo := self._retention.cleanup(used):
            await self._registry.apply(grant, [], documents=todo)
            self._retention.written(todo)

    async def _publish_missing(self, grant: Grant, known: dict[str, Record]) -> None:
        """Publish the removals of services that are gone, and `unknown` for unverified ones."""
        if not self._discovery.complete:
            return
        given = self._evaluation(known)
        found = self._discovery.services.keys()
        reasons = unverified(known, found, self._discovery.why_unverified)
        present = found | reasons.keys()
        changes, kept = removals(present, given)
        self.tracked = {k: t for k, t in self.tracked.items() if k in present} | kept
        changes += to_unknown(known, reasons, given.now)
        await self._apply(grant, known, changes, {})

    async def _publish(self, grant: Grant, known: dict[str, Record], batch: set[str]) -> None:
        """Evaluate and write one batch of services; if the write fails, a later call repeats it."""
        services = self._discovery.services
        present = [services[key] for key in sorted(batch & services.keys())]
        raws = [file.raw for service in present for file in service.sockets]
        results = {raw: self._results.pop(raw) for raw in raws if raw in self._results}
        before = {key: self.tracked[key].record for key in batch & self.tracked.keys()}
        changes, after = diff(present, self._evaluation(known, results))
        self._dirty -= batch  # before the first `await`: what is noted meanwhile stays noted
        try:
            if self._unlinks:
                await asyncio.to_thread(unlink_stale, present, self.tracked, after)
            self.tracked |= after
            await self._apply(grant, known, changes, before)
        except BaseException:
            self._dirty |= batch
            raise
        self._drift.agree({service.id: known.get(service.id) for service in present})

    def _evaluation(
        self, known: Mapping[str, Record], results: Mapping[bytes, ProbeResult] | None = None
    ) -> Evaluation:
        now = self._now()
        return Evaluation(self._node, known, self.tracked, now, self._rules, results or {})

    async def _apply(
        self,
        grant: Grant,
        known: dict[str, Record],
        changes: list[Change],
        before: Mapping[str, Record | None],
    ) -> None:
        """Write changes together with the documents that their records name; log new statuses.

        `before` has the last records of services that Redis may have lost.
        """
        if not changes:
            return
        digests = (change.record.document for change in changes if change.record)
        documents = self._retention.pending(digests)
        await self._registry.apply(grant, changes, documents=documents)
        self._retention.written(documents)
        self.counts.update(change.type for change in changes)
        for change in changes:
            old = known.pop(change.service, None) or before.get(change.service)
            self._recorder.changed(change.service, old, change.record)
            if change.record is not None:
                known[change.service] = change.record
                log_status(old, change.record)
