"""Writes the metrics of all workers of one gunicorn master in Prometheus' text format."""

import os
import time
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.metrics_core import Metric
from prometheus_client.multiprocess import MultiProcessCollector
from prometheus_client.registry import Collector

from hero_router.feed.mirror import Mirror
from hero_router.metrics.multiproc_folder import VARIABLE, metric_files
from hero_router.metrics.registry_collector import View, families
from hero_router.store.clock import RedisClock
from hero_router.store.webhook import WebhookStatus


class Exposition:
    """Makes the answer of `/metrics`: the metrics of all workers, and of nodes and services.

    The answering worker makes the metrics of nodes and services from its copy of the registry: all
    workers read the same registry.
    """

    def __init__(self, own: CollectorRegistry, mirror: Mirror, clock: RedisClock) -> None:
        self._own, self._mirror, self._clock = own, mirror, clock

    def view(self, webhook: WebhookStatus | None = None) -> View:
        """The current nodes and services. Call it on the event loop: the mirror changes there."""
        mirror, ahead = self._mirror, self._clock.ahead or 0
        return View(tuple(mirror.services()), mirror.nodes, time.time() + ahead, webhook)

    def text(self, view: View) -> bytes:
        """All metrics as text; `view` has nodes and services. Reads files: run it in a thread."""
        registry = CollectorRegistry()
        registry.register(_Families(families(view)))
        folder = os.environ.get(VARIABLE)
        if folder is None:
            return generate_latest(self._own) + generate_latest(registry)
        registry.register(_AllWorkers(folder))
        return generate_latest(registry)


@dataclass(eq=False)
class _Families(Collector):
    """Gives prometheus_client metrics that are made already."""

    made: list[Metric]

    def collect(self) -> Iterable[Metric]:
        """The metrics that were given at construction."""
        return self.made


@dataclass(eq=False)
class _AllWorkers(Collector):
    """Merges the metrics that all workers wrote into a folder."""

    folder: str

    def collect(self) -> Iterable[Metric]:
        """The merged metrics; skips empty files, as a starting worker has for a moment."""
        merge: Any = MultiProcessCollector.merge
        merged: Iterable[Metric] = merge(metric_files(self.folder))
        return merged
