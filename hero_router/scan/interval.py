"""How often a socket is asked: the longer nothing has been wrong with it, the less. Pure.

A service writes a line into its log for each question. One that has long been well is asked every
fourth scan only, and no less than every `REST_SECONDS`; in between it is only connected to, which
shows at once if nothing listens any more. Any change brings the full pace back.
"""

import zlib

WELL_PROBES = 12
"""Good probes in a row after which a socket is asked every second scan: a minute by default."""
REST_PROBES = 18
"""Good probes in a row after which it is asked every fourth scan: two minutes by default."""
REST_SCANS = 4
REST_SECONDS = 20.0
"""Longest time between two questions, unless single scans are further apart than that."""


def rests(raw: bytes, well: int, scan: int, scan_seconds: float) -> bool:
    """Whether the socket `raw`, with so many good probes in a row, is not asked in this scan.

    Sockets take turns: in each scan about as many are asked as in any other.
    """
    return (scan + zlib.crc32(raw)) % _stride(well, scan_seconds) != 0


def _stride(well: int, scan_seconds: float) -> int:
    """Every so many scans it is asked."""
    if well < WELL_PROBES:
        return 1
    most = max(1, min(REST_SCANS, int(REST_SECONDS // scan_seconds)))
    return most if well >= REST_PROBES else min(2, most)
