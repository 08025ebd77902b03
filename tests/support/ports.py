"""Free ports on this machine, for servers that are started a moment later."""

import random
import socket

FIRST, LAST = 20_000, 32_000
"""Below the ports of outgoing connections (Linux: from 32768, others: from 49152). An outgoing
connection could take such a port before the server is up."""

BLOCK = 20
"""So many ports belong to one process of tests at a time."""

_left: list[int] = []
"""Ports of this process that were not given yet; none is given twice."""


def free_port() -> int:
    """A random port that is free now on all addresses of this machine.

    No other process of tests is given it while this one runs. A server may need seconds until it
    listens, and the parts of the suite that run at the same time ask for hundreds of ports.
    """
    while True:
        if not _left:
            _left.extend(_block())
        port = _left.pop()
        if _is_free(port):
            return port


def _block() -> list[int]:
    """Ports that are kept from other processes until this one ends, in random order."""
    while True:
        first = random.randrange(FIRST, LAST, BLOCK)
        mark = socket.socket(socket.AF_UNIX)
        try:
            # A name that needs no file, and that the kernel frees when the process ends.
            mark.bind(f"\0hero_router tests: ports from {first}")
        except OSError:
            mark.close()
            continue
        mark.detach()  # open until the end of the process
        ports = list(range(first, first + BLOCK))
        random.shuffle(ports)
        return ports


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        try:
            probe.bind(("0.0.0.0", port))
        except OSError:
            return False
    return True
