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
from hero_router.metrics.multiproc import VARIABLE, metric_files
from hero_router.metrics.nodes import View, families
from hero_router.store.clock import RedisClock


class Exposition:
    """Makes the answer of `/metrics`: the metrics of all workers, and of nodes and services.

    The answering worker makes the metrics of nodes and services from its copy of the registry: all
    workers read the same registry.
    """

    def __init__(self, own: CollectorRegistry, mirror: Mirror, clock: RedisClock) -> None:
        self._own, self._mirror, self._clock = own, mirror, clock

    def view(self) -> View:
        """The current nodes and services. Call it on the event loop: the mirror changes there."""
        mirror, ahead = self._mirror, self._clock.ahead or 0
        return View(tuple(mirror.services()), mirror.nodes, time.time() + ahead)

    def text(self, view: View) -> bytes:
        """The metrics as text, with this view; may run in a thread, as it reads many files."""
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
        """The metrics that were passed in."""
        return self.made


@dataclass(eq=False)
class _AllWorkers(Collector):
    """Merges the metrics that all workers wrote into a folder."""

    folder: str

    def collect(self) -> Iterable[Metric]:
        """The merged metrics, without empty files, as of a worker that has just started."""
        merge: Any = MultiProcessCollector.merge
        merged: Iterable[Metric] = merge(metric_files(self.folder))
        return merged
