"""The letters of the history: the status of a service in one minute, hour or day."""

from collections.abc import Mapping

from hero_router.model import Record, Status

UNKNOWN, LOST, GONE, BEFORE = "?", "l", "g", "-"
"""Not known; no scanner ran for the node; the service had left the registry; and the time before
the history of the service begins."""

BEST_TO_WORST = "-h?ldniug"
"""All letters. A bucket has the worst letter of its time, so nothing not known looks healthy."""

OF_STATUS: Mapping[str, str] = {
    Status.HEALTHY: "h",
    Status.DEGRADED: "d",
    Status.NON_RPC: "n",
    Status.INACTIVE: "i",
    Status.UNHEALTHY: "u",
    Status.UNKNOWN: UNKNOWN,
    "gone": GONE,
}
"""The letter of each status; `gone`: the service left the registry."""

UP, WATCHED = frozenset("hd"), frozenset("hdniug")
"""Letters of a minute in which the service answered, and in which a scanner watched it."""

_RANK = {letter: rank for rank, letter in enumerate(BEST_TO_WORST)}


def worst(letters: str) -> str:
    """The worst of the letters; "" without letters. Only known letters."""
    return max(set(letters), key=_RANK.__getitem__, default="")


def known(text: str, length: int) -> str:
    """Letters as read from Redis: any other character, and a missing one, counts as not known."""
    if set(text) - _RANK.keys():
        text = "".join(letter if letter in _RANK else UNKNOWN for letter in text)
    return text[:length].ljust(length, UNKNOWN)


def letter_of(record: Record) -> str:
    """The letter of a service now; "" if it was never probed, which says nothing about it."""
    if record.status is Status.UNKNOWN and not record.reason:
        return ""
    return OF_STATUS[record.status]


def count(letters: str, of: frozenset[str]) -> int:
    """How many of the letters are in the set."""
    return sum(map(letters.count, of))
