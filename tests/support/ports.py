"""Free ports on this machine, for servers that are started a moment later."""

import random
import socket

FIRST, LAST = 20_000, 32_000
"""Below the ports of outgoing connections (Linux: from 32768, others: from 49152). An outgoing
connection could take such a port before the server is up."""


def free_port() -> int:
    """A random port that is free now on all addresses of this machine."""
    while True:
        port = random.randrange(FIRST, LAST)
        with socket.socket() as probe:
            try:
                probe.bind(("0.0.0.0", port))
            except OSError:
                continue
        return port
