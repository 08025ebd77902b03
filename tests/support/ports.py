"""Free ports on this machine, for servers that are started a moment later."""

import random
import socket

FIRST, LAST = 20_000, 32_000
"""Below those that systems give to connections that go out (Linux: from 32768, others: 49152): one
that such a connection takes before the server is up would be gone."""


def free_port() -> int:
    """A port that nobody uses now, on any address of this machine; others look for some as well."""
    while True:
        port = random.randrange(FIRST, LAST)
        with socket.socket() as probe:
            try:
                probe.bind(("0.0.0.0", port))
            except OSError:
                continue
        return port
