"""Compares what clients read with what was published: faults and latency. Pure."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

from benchmarks.load.resource_usage import Latency
from benchmarks.load.wire import Reader

Pieces = Iterable[tuple[int, bytes]]
"""What one client read, in order, each with the time of reading (monotonic ns)."""

STEP_NS = 10_000
"""The step in which latencies are counted: tens of millions fit into little memory."""


@dataclass(slots=True)
class Verdict:
    """Sums over all clients, in deliveries; `waits` counts latencies by step.

    `lost` are events that never came although later ones did, `undelivered` those after the last
    one that a client had when measuring ended: they may have been on their way. `missed` is what
    resyncs said, and `inexact` the clients for which received and missed do not make up what was
    published.
    """

    delivered: int = 0
    lost: int = 0
    undelivered: int = 0
    doubled: int = 0
    disordered: int = 0
    resyncs: int = 0
    missed: int = 0
    inexact: int = 0
    waits: Counter[int] = field(default_factory=Counter)

    def add(self, reader: Reader, pieces: Pieces, first: int, published: Sequence[int]) -> None:
        """Take one client; `published` are the times of the events `first`, `first` + 1 …"""
        got, missed, last = list[int](), 0, first + len(published)
        for read_at, piece in pieces:
            found = reader(piece)
            self.resyncs += found.resyncs
            missed += found.missed
            for seq in found.numbers:
                if first <= seq < last:
                    got.append(seq)
                    self.waits[(read_at - published[seq - first]) // STEP_NS] += 1
        different, ahead = len(set(got)), last - 1 - max(got, default=first - 1)
        self.delivered += len(got)
        self.lost += len(published) - different - ahead
        self.undelivered += ahead
        self.doubled += len(got) - different
        self.disordered += sum(b < a for a, b in pairwise(got))
        self.missed += missed
        self.inexact += different + missed != len(published)

    def latency(self) -> Latency:
        """The waits, summed up."""
        return Latency.of(self.waits, STEP_NS)
