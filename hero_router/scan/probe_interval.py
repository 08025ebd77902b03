"""Decides how often a socket is probed: less often, the longer nothing was wrong with it. Pure.

Most services write a log line for each request. One that has long been healthy is probed in every
fourth scan only, at least every `REST_SECONDS`. In between the scanner only checks whether
something still listens. After any change every scan probes it again.
"""

import zlib

WELL_PROBES = 12
"""After so many calm probes in a row every second scan probes it: after a minute by default."""
REST_PROBES = 18
"""After so many calm probes in a row every fourth scan probes it: after two minutes by default."""
REST_SCANS = 4
REST_SECONDS = 20.0
"""Longest time between two probes of a socket, unless the scans themselves are further apart."""


def rests(raw: bytes, calm_probes: int, scan: int, scan_seconds: float) -> bool:
    """Whether the socket with this raw path and so many calm probes is not probed in this scan.

    Sockets take turns, so each scan probes about the same number of them.
    """
    return (scan + zlib.crc32(raw)) % _stride(calm_probes, scan_seconds) != 0


def _stride(calm_probes: int, scan_seconds: float) -> int:
    """The socket is probed in one of so many scans."""
    if calm_probes < WELL_PROBES:
        return 1
    most = max(1, min(REST_SCANS, int(REST_SECONDS // scan_seconds)))
    return most if calm_probes >= REST_PROBES else min(2, most)
