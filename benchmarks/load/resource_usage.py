"""What a process costs, read from the kernel; which core it runs on; how many files it may open."""

import os
import resource
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import psutil

ALL_CORES = frozenset(os.sched_getaffinity(0))
SERVER_CORE = frozenset({min(ALL_CORES)})
LOAD_CORE = frozenset({max(ALL_CORES)})
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


def memory_bytes(pids: Sequence[int]) -> int:
    """What processes have of memory that is theirs alone (USS)."""
    return sum(int(psutil.Process(pid).memory_full_info().uss) for pid in pids)


def forget_peaks(pids: Sequence[int]) -> int:
    """Begin to look for the most memory that processes have at once; what they have now."""
    for pid in pids:
        Path(f"/proc/{pid}/clear_refs").write_text("5", "ascii")
    return peak_bytes(pids)


def peak_bytes(pids: Sequence[int]) -> int:
    """The most memory that each process had since `forget_peaks`, in all."""
    return sum(1024 * _status(pid, "VmHWM") for pid in pids)


def _status(pid: int, name: str) -> int:
    """A number in a process's status, in KB."""
    text = Path(f"/proc/{pid}/status").read_text("ascii")
    return int(text.partition(f"{name}:")[2].split()[0])


class Meter:
    """Reads what processes used since the meter was made."""

    def __init__(self, pids: Sequence[int]) -> None:
        self._pids = pids
        self._cpu, self._waited = self._sums()
        self.began_ns = time.monotonic_ns()

    def read(self) -> tuple[float, float]:
        """Seconds of CPU time, and of waiting for a core."""
        cpu, waited = self._sums()
        return cpu - self._cpu, waited - self._waited

    def _sums(self) -> tuple[float, float]:
        return sum(map(cpu_seconds, self._pids)), sum(map(waited_seconds, self._pids))


@contextmanager
def pinned(cores: Iterable[int]) -> Iterator[None]:
    """Processes started inside this block stay on these cores."""
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, cores)
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)


def allow_files(number: int) -> None:
    """Let this process and its children open that many files, and more if the system permits.

    Raises:
        SystemExit: when the system does not permit it.
    """
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard != resource.RLIM_INFINITY and hard < number:
        raise SystemExit(f"{number} open files are needed, `ulimit -Hn` allows {hard}")
    if soft != resource.RLIM_INFINITY and soft < number:
        most = number if hard == resource.RLIM_INFINITY else hard
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, hard))


@dataclass(frozen=True, slots=True)
class Latency:
    """Time from publishing to reading at the client, in ms, over all deliveries."""

    p50: float
    p90: float
    p99: float
    most: float

    @classmethod
    def of(cls, counted: Mapping[int, int], step_ns: int) -> Self:
        """Sum up what is counted in steps of `step_ns`; of nothing, all is zero."""
        total, shares = sum(counted.values()), (0.5, 0.9, 0.99, 1.0)
        due = [share * total for share in shares]
        marks, seen = list[float](), 0
        for step, number in sorted(counted.items()):
            seen += number
            while len(marks) < len(due) and seen >= due[len(marks)]:
                marks.append(step * step_ns / 1e6)
        return cls(*(marks or [0.0] * len(shares)))
