"""Decides how often a socket is probed: less often, the longer its probes found no change.

A probe is calm if it found no failure and no change. Most services write a log line for each
request. So after many calm probes a socket is probed in every fourth scan only, at least every
`REST_SECONDS`. In the other scans the scanner only checks whether the socket has a listener. After
any change every scan probes the socket again. Pure: no I/O, no clock.
"""

import zlib

WELL_PROBES = 12
"""Calm probes in a row after which every second scan probes a socket: a minute by default."""
REST_PROBES = 18
"""Calm probes in a row after which every fourth scan probes a socket: two minutes by default."""
REST_SCANS = 4
REST_SECONDS = 20.0
"""Longest time between two probes of a socket, unless ROUTER_SCAN_SECONDS is longer."""


def rests(raw: bytes, calm_probes: int, scan: int, scan_seconds: float) -> bool:
    """Whether this scan skips a socket, after `calm_probes` in a row that found no change.

    Sockets take turns, so that every scan probes about the same number of sockets.
    """
    return (scan + zlib.crc32(raw)) % _stride(calm_probes, scan_seconds) != 0


def _stride(calm_probes: int, scan_seconds: float) -> int:
    """The number of scans in which a socket is probed once."""
    if calm_probes < WELL_PROBES:
        return 1
    most = max(1, min(REST_SCANS, int(REST_SECONDS // scan_seconds)))
    return most if calm_probes >= REST_PROBES else min(2, most)
