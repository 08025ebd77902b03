"""Sentences about the past that page and command line must both say."""

from typing import Any

PERCENT: list[tuple[int, int, str]] = [
    (60, 60, "100 %"),
    (0, 60, "0 %"),
    (59, 60, "98.3 %"),
    (1439, 1440, "99.93 %"),
    (525_599, 525_600, "99.999 %"),
    (999, 1000, "99.9 %"),
    (992, 1000, "99.2 %"),
    (1, 3, "33.3 %"),
]

AVAILABILITY: list[tuple[int, int, int, str]] = [
    (60, 60, 60, "100 %"),
    (56, 56, 60, "100 % of the 93.3 % watched"),
    (932, 940, 1000, "99.1 % of the 94 % watched"),
    (0, 0, 60, "not watched"),
    (0, 0, 0, ""),
]

DURATION: list[tuple[int, str]] = [
    (0, "0 s"),
    (999, "0 s"),
    (59_999, "59 s"),
    (60_000, "1 min"),
    (200_100, "3 min 20 s"),
    (3_600_000, "1 h"),
    (3_659_000, "1 h"),
    (3_660_000, "1 h 1 min"),
    (90_000_000, "1 d 1 h"),
    (-5, "0 s"),
]


def incident(**fields: Any) -> dict[str, Any]:
    """An incident of an answer: 3 min 20 s without an answer."""
    began = fields.get("began", 1_764_286_243_020)
    return {
        "began": began,
        "ended": began + 200_100,
        "duration_ms": 200_100,
        "status": "unhealthy",
        "reason": "no answer in 2 s",
        "unwatched_ms": 0,
        **fields,
    }
