"""Counts wrong tokens by client address, to stop the guessing of tokens. Pure: no I/O, no clock."""

from dataclasses import dataclass, field
from math import ceil
from typing import TypedDict

from hero_router.access.ip_allowlist import client_network

MAX_WRONG = 10
"""Different wrong tokens from one address within `SECONDS`, before it has to wait."""

SECONDS = 60.0

MAX_ADDRESSES = 4096
"""Maximum number of client addresses to remember; the oldest is forgotten first."""


class Tries(TypedDict):
    """The wrong tokens from one address: how many, since when, and how long it has to wait."""

    address: str
    wrong: int
    seconds_ago: int
    wait_seconds: int


@dataclass(slots=True)
class _Tried:
    since: float
    digests: set[bytes] = field(default_factory=set)


class FailedAttempts:
    """The wrong tokens of the last minute, by address; times are monotonic seconds.

    The same wrong token counts once: a program with an old token is no attack, and must not lock
    out the others at its address. IPv6 addresses of one /64 network count as one.
    """

    def __init__(self) -> None:
        self._tried: dict[str, _Tried] = {}

    def wait(self, address: str, now: float) -> float:
        """How many seconds an address has to wait before its next attempt; 0: none."""
        tried = self._tried.get(client_network(address))
        if tried is None or len(tried.digests) < MAX_WRONG:
            return 0.0
        return max(tried.since + SECONDS - now, 0.0)

    def note(self, address: str, digest: bytes, now: float) -> bool:
        """Count a wrong token (its digest); returns whether the address had not sent it before."""
        place = client_network(address)
        tried = self._tried.get(place)
        if tried is None or now - tried.since >= SECONDS:
            self._tried.pop(place, None)
            if len(self._tried) >= MAX_ADDRESSES:
                del self._tried[next(iter(self._tried))]
            tried = self._tried[place] = _Tried(now)
        if digest in tried.digests:
            return False
        tried.digests.add(digest)
        return True

    def recent(self, now: float) -> list[Tries]:
        """The wrong tokens of the last minute by address, the latest address first."""
        return [
            Tries(
                address=place,
                wrong=len(tried.digests),
                seconds_ago=int(now - tried.since),
                wait_seconds=ceil(self.wait(place, now)),
            )
            for place, tried in reversed(self._tried.items())
            if now - tried.since < SECONDS
        ]
