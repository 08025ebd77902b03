"""Reads CPU time, memory and open files of this process, for its metrics.

prometheus_client's own collector of these figures does not work in its multiprocess mode.
"""

import math
import os
import resource
import time
from dataclasses import dataclass
from pathlib import Path

STATM, FILES = Path("/proc/self/statm"), Path("/proc/self/fd")


@dataclass(frozen=True, slots=True)
class Usage:
    """CPU time, memory and open files of this process; NaN where the system has no /proc."""

    cpu_seconds: float
    resident_bytes: float
    open_files: float
    max_files: float


def usage() -> Usage:
    """The current figures of this process."""
    limit, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return Usage(time.process_time(), _resident_bytes(), _open_files(), limit)


def _resident_bytes() -> float:
    try:
        pages = int(STATM.read_text("ascii").split()[1])
    except OSError:
        return math.nan
    return pages * os.sysconf("SC_PAGE_SIZE")


def _open_files() -> float:
    try:
        return len(list(FILES.iterdir())) - 1  # without the one that reads the folder
    except OSError:
        return math.nan
