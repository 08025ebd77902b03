"""Holds what clients read against what was published: losses, doubles, disorder, latency. Pure."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

from benchmarks.wire import Reader

Pieces = Iterable[tuple[int, bytes]]
"""What one client read, in order, each with the time of reading (monotonic ns)."""


@dataclass(slots=True)
class Verdict:
    """Sums over all clients, in deliveries; `waits` are latencies in ns."""

    delivered: int = 0
    lost: int = 0
    doubled: int = 0
    disordered: int = 0
    resyncs: int = 0
    waits: list[int] = field(default_factory=list)

    def add(self, reader: Reader, pieces: Pieces, first: int, published: Sequence[int]) -> None:
        """Take one client; `published` are the times of the events `first`, `first` + 1 …"""
        got = list[int]()
        for read_at, piece in pieces:
            for seq in reader(piece):
                if 0 <= seq - first < len(published):
                    got.append(seq)
                    self.waits.append(read_at - published[seq - first])
        different = len(set(got))
        self.delivered += len(got)
        self.lost += len(published) - different
        self.doubled += len(got) - different
        self.disordered += sum(b < a for a, b in pairwise(got))
        self.resyncs += reader.resyncs
