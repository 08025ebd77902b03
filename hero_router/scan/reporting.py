"""Publishes the node report: before the first scan, during a long scan, and after each scan."""

import logging
from collections import Counter
from collections.abc import Mapping, Sequence

from hero_router.errors import Fenced, StoreError
from hero_router.model import Record
from hero_router.scan.dependency_protocols import LeaseProtocol, RegistryProtocol
from hero_router.scan.node_report import NodeReportBuilder, ProbeFigures, ScanSummary, scan_event
from hero_router.scan.publishing import Publisher
from hero_router.settings.config import RouterConfig
from hero_router.store.lease import Grant

log = logging.getLogger(__name__)


class Reporter:
    """Writes the reports of one node to Redis."""

    def __init__(
        self,
        config: RouterConfig,
        lease: LeaseProtocol,
        registry: RegistryProtocol,
        publisher: Publisher,
    ) -> None:
        self._node, self._lease, self._registry = config.node.name, lease, registry
        self._publisher, self._builder = publisher, NodeReportBuilder(config)
        self._figures = ProbeFigures()

    async def first(self, grant: Grant, known: Mapping[str, Record]) -> None:
        """Publish the node report before the node's first scan. Raises StoreError."""
        report = self._builder.first(grant.scanner, self._lease.now_ms(), known)
        await self._registry.apply(grant, [], report)

    async def heartbeat(self, grant: Grant, seconds: float) -> bool:
        """Renew the node report during a long scan, so that the scanner does not count as lost.

        All results are published first: a scanner that cannot publish must count as lost. If Redis
        fails, only this heartbeat is skipped. Returns whether Redis took it. Raises Fenced.
        """
        try:
            view = await self._publisher.flush(grant)
            now_ms = self._lease.now_ms()
            last = view.report or self._builder.first(grant.scanner, now_ms, {})
            renewed = self._builder.in_progress(last, grant.scanner, seconds, now_ms)
            if renewed is not last:
                await self._registry.apply(grant, [], renewed)
        except Fenced:
            raise
        except StoreError as error:
            log.debug("the scanner cannot write the report of its node to Redis: %s", error)
            return False
        return True

    async def finish(self, grant: Grant, summary: ScanSummary, requests: Sequence[str]) -> None:
        """Publish the node report of a finished scan, and the figures of the last probes.

        A `scan` event is added if the scan made changes or was requested. Without a stream of
        events it is always added: dashboards need a position after Redis was emptied.

        Raises Fenced or another StoreError.
        """
        view = await self._registry.view(self._node)
        now_ms = self._lease.now_ms()
        report = self._builder.finished(grant.scanner, now_ms, view.records, summary)
        counts = Counter(self._publisher.counts)
        is_news = requests or counts or not view.has_stream
        event = [scan_event(report, counts, requests)] if is_news else []
        await self._registry.apply(grant, event, report)
        self._publisher.counts -= counts
        figures = self._figures.update(summary.tracked, view.records)
        await self._registry.write_probes(self._node, figures)
