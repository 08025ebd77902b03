"""Open files: each client takes one, and the system lets a process have only so many.

Beyond that nobody can connect, a health check neither, so a load balancer goes elsewhere; those who
are connected go on.
"""

import asyncio
import contextlib
import logging
import os
import resource

log = logging.getLogger(__name__)

LOOK_SECONDS = 1.0

FULL, ROOMY = 0.9, 0.8
"""Shares of all files: from the first one on it is told, and told to be over below the second."""


def raise_limit() -> None:
    """Let this process, and all that it starts, have as many as the system allows."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    with contextlib.suppress(OSError, ValueError):  # macOS has another limit below its "unlimited"
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


class FileLimitMonitor:
    """Tells in the log when a worker has hardly any left, and when it has some again."""

    def __init__(self) -> None:
        self._told = False

    async def run(self) -> None:
        """Look again and again until cancelled."""
        while True:
            await asyncio.sleep(LOOK_SECONDS)
            self._look()

    def _look(self) -> None:
        most, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
        used = _used(most)
        if not self._told and used >= FULL * most:
            log.warning(
                "%d of %d files are open: hardly anybody else can connect to this worker; start "
                "more workers, or raise the hard limit (`ulimit -Hn`)",
                used,
                most,
            )
            self._told = True
        elif self._told and used < ROOMY * most:
            log.info("%d of %d files are open: others can connect again", used, most)
            self._told = False


def _used(most: int) -> int:
    """How many are open: the system gives a new one the lowest number that is free."""
    try:
        number = os.open(os.devnull, os.O_RDONLY)
    except OSError:
        return most
    os.close(number)
    return number
