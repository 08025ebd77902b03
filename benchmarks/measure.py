"""What a process costs, read from the kernel; which core it runs on; how many files it may open."""

import os
import resource
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import psutil

SERVER_CORE = min(os.sched_getaffinity(0))
LOAD_CORE = max(os.sched_getaffinity(0))
"""The server has one core for itself; clients, publisher and Redis share the other."""


def cpu_seconds(pid: int) -> float:
    """CPU time, user and system, of all threads of a process since it began, exact to the ns.

    /proc has the same sum only in steps of 10 ms. See clock_getcpuclockid(3) for the number.
    """
    return time.clock_gettime((~pid << 3) | 2)


def waited_seconds(pid: int) -> float:
    """Time that a process's main thread was ready to run while another process had its core."""
    waited_ns = Path(f"/proc/{pid}/schedstat").read_text("ascii").split()[1]
    return int(waited_ns) / 1e9


def memory_bytes(pid: int) -> int:
    """A process's resident memory."""
    return int(psutil.Process(pid).memory_info().rss)


class Meter:
    """Reads what a process used since the meter was made."""

    def __init__(self, pid: int) -> None:
        self._pid = pid
        self._cpu, self._waited = cpu_seconds(pid), waited_seconds(pid)
        self.began_ns = time.monotonic_ns()

    def read(self) -> tuple[float, float]:
        """Seconds of CPU time, and of waiting for the core."""
        return cpu_seconds(self._pid) - self._cpu, waited_seconds(self._pid) - self._waited


@contextmanager
def pinned(core: int) -> Iterator[None]:
    """Processes started inside this block stay on one core."""
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {core})
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)


def allow_files(number: int) -> None:
    """Let this process and its children open that many files.

    Raises:
        SystemExit: when the system does not permit it.
    """
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard != resource.RLIM_INFINITY and hard < number:
        raise SystemExit(f"{number} open files are needed, `ulimit -Hn` allows {hard}")
    if soft != resource.RLIM_INFINITY and soft < number:
        resource.setrlimit(resource.RLIMIT_NOFILE, (number, hard))


@dataclass(frozen=True, slots=True)
class Latency:
    """Time from publishing to reading at the client, in ms, over all deliveries."""

    p50: float
    p90: float
    p99: float
    most: float

    @classmethod
    def of(cls, nanoseconds: Sequence[int]) -> Self:
        """Sum up; of nothing, all is zero."""
        order = sorted(nanoseconds) or [0]
        marks = (order[int(share * (len(order) - 1))] / 1e6 for share in (0.5, 0.9, 0.99, 1.0))
        return cls(*marks)
