"""Raises the limit of open files and connections, and warns when a web worker comes close to it.

Each client takes one file descriptor. At the limit no client and no health check can connect, so a
load balancer uses other workers; connected clients stay connected.
"""

import asyncio
import contextlib
import logging
import os
import resource

from hero_router.access.concurrency_limits import Limits

log = logging.getLogger(__name__)

CHECK_SECONDS = 1.0

STREAMS, CALLS = 0.6, 0.15
"""Shares of the limit that event streams and requests to services may use at most; a request to a
service has two open files. The rest is for health checks, the API and Redis."""

FULL, ROOMY = 0.9, 0.8
"""Shares of the limit: from `FULL` on a warning is logged; below `ROOMY` its end is logged."""


def raise_limit() -> None:
    """Raise the limit of open files of this process and its children to the hard limit."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    with contextlib.suppress(OSError, ValueError):  # macOS has another limit below its "unlimited"
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


def stream_limits(by_address: int) -> Limits:
    """How many event streams may be open in a worker at once."""
    return Limits(_share(STREAMS), by_address)


def call_limits(by_address: int) -> Limits:
    """How many requests to services may be open in a worker at once."""
    return Limits(_share(CALLS), by_address)


def _share(share: float) -> int:
    most, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return 0 if most == resource.RLIM_INFINITY else max(int(most * share), 1)


class FileLimitMonitor:
    """Logs when a worker is close to its limit of open files, and when it no longer is."""

    def __init__(self) -> None:
        self._warned = False

    async def run(self) -> None:
        """Check the number of open files every second until cancelled."""
        while True:
            await asyncio.sleep(CHECK_SECONDS)
            self._check()

    def _check(self) -> None:
        most, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
        used = _used(most)
        if not self._warned and used >= FULL * most:
            log.warning(
                "this web worker has about %d files and connections open and may have %d: soon "
                "no client can connect to it; start more web workers (ROUTER_WORKERS), or raise "
                "the hard limit of open files (`ulimit -Hn`)",
                used,
                most,
            )
            self._warned = True
        elif self._warned and used < ROOMY * most:
            log.info(
                "this web worker has about %d files and connections open and may have %d: "
                "clients can connect again",
                used,
                most,
            )
            self._warned = False


def _used(most: int) -> int:
    """How many files are open, about: a new one gets the lowest number that is free."""
    try:
        number = os.open(os.devnull, os.O_RDONLY)
    except OSError:
        return most
    os.close(number)
    return number
