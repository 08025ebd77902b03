"""Encodes the numbers of the history (latencies, counts of minutes) in digits of base 62.

A minute has two digits: the median and the 95th percentile of its probes' latencies. An hour has
two more before them: its minutes in which the service was up, and which were watched. A day has
two digits for each of these numbers. A latency is stored as its logarithm, 12 steps for each
factor of ten.
"""

import math
from string import ascii_lowercase, ascii_uppercase, digits

DIGITS = digits + ascii_uppercase + ascii_lowercase
"""In the order of their values, which is also the order of ASCII."""

NONE = "-"
"""No latency."""

LATENCIES = 2
"""How many digits of a bucket are latencies: the last ones."""

STEPS_PER_DECADE, SMALLEST_MS = 12, 0.1

_BASE = len(DIGITS)
_VALUES = {digit: value for value, digit in enumerate(DIGITS)}
_TABLE = bytes(_VALUES.get(chr(code), 0) for code in range(256))


def latency_code(ms: float) -> str:
    """A latency as one digit, rounded to the nearest step; the first and the last step are open."""
    step = round(STEPS_PER_DECADE * math.log10(max(ms, SMALLEST_MS) / SMALLEST_MS))
    return DIGITS[min(step, _BASE - 1)]


def latency_ms(code: str) -> float | None:
    """The latency of a digit in ms, with two significant figures; None if there is none."""
    return _LATENCIES_MS.get(code)


def _two_figures(value: int) -> float:
    """The latency of a step in ms."""
    ms = SMALLEST_MS * 10 ** (value / STEPS_PER_DECADE)
    return round(ms, 1 - math.floor(math.log10(ms)))


_LATENCIES_MS = {digit: _two_figures(value) for digit, value in _VALUES.items()}


def number(value: int, width: int) -> str:
    """A number as `width` digits."""
    found = ""
    for _ in range(width):
        value, rest = divmod(value, _BASE)
        found = DIGITS[rest] + found
    return found


def total(text: str, offset: int, digits_each: int, every: int) -> int:
    """The sum of the numbers at `offset` in each group of `every` characters.

    A character that is no digit counts as 0.
    """
    values, found = text.encode("ascii", "replace").translate(_TABLE), 0
    for place in range(offset, offset + digits_each):
        found = found * _BASE + sum(values[place::every])
    return found


def percentile(codes: str, share: float) -> str:
    """The latency that so large a share of latencies does not exceed (nearest rank); or `NONE`."""
    found = sorted(code for code in codes if code in _VALUES)
    return found[math.ceil(share * len(found)) - 1] if found else NONE


def median_and_p95(medians: str, p95s: str) -> str:
    """The figures of a longer time from those of its parts: the same percentiles of them.

    Of fewer than 20 parts, as are the probes of a minute, the second one is the highest. So for a
    longer time it tells the peaks of its parts, and is no 95th percentile of all probes.
    """
    return percentile(medians, 0.5) + percentile(p95s, 0.95)
