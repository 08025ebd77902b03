"""Has the scanners look again now, by a request through Redis, and waits for what they found."""

import asyncio
import secrets
from collections.abc import Iterable, Mapping
from typing import Any

from hero_router.errors import ScanTimeout
from hero_router.feed.feed import Feed
from hero_router.model import clean
from hero_router.singleflight import SingleFlight
from hero_router.store.commands import ScanRequest, ScanRequests

WAIT_SECONDS = 10.0
"""How long the scanners have to answer one request."""

CALL_SECONDS = 2 * WAIT_SECONDS
"""Longest wait of one call: for the request that is under way, then for its own."""

COUNTS = ("discovered", "added", "removed", "changed")


class ScanCoordinator:
    """One worker's scan requests: at most one under way, and one that waits for its turn.

    A call that comes while a request waits shares it. A call never shares one that was sent before
    it came: that scan may have passed the very socket that the caller asks about.
    """

    def __init__(self, feed: Feed, requests: ScanRequests, seconds: float = WAIT_SECONDS) -> None:
        self._feed, self._requests, self._seconds = feed, requests, seconds
        self._turn = asyncio.Lock()
        self._next: SingleFlight[dict[str, Any]] | None = None

    async def scan(self) -> dict[str, Any]:
        """What all nodes found together, and each of them.

        `missing` names who did not answer, `doubts` tells what scanners could not see.

        Raises:
            ScanTimeout: nobody listens, or nobody answered in time.
            StoreError: Redis could not be asked.
        """
        if self._next is None or not self._next.open:
            self._next = SingleFlight(self._round())
        return await self._next.result()

    async def _round(self) -> dict[str, Any]:
        async with self._turn:
            self._next = None
            return await self._ask(ScanRequest("scan", secrets.token_hex(8)))

    async def _ask(self, request: ScanRequest) -> dict[str, Any]:
        mirror, scans = self._feed.mirror, self._feed.scans
        live = mirror.nodes.keys() - mirror.lost
        scans.expect(request.id)
        try:
            if not await self._requests.ask(request):
                raise ScanTimeout("no scanner is running: nobody heard the request")
            answers = await scans.collect(request.id, live, self._seconds)
        finally:
            scans.forget(request.id)
        if not answers:
            raise ScanTimeout(f"no scanner answered within {self._seconds:g} s")
        return summed(answers, live - answers.keys())


def summed(answers: Mapping[str, Mapping[str, Any]], missing: Iterable[str]) -> dict[str, Any]:
    """The answers of all nodes as one. They scan side by side: the slowest one's time counts."""
    nodes = {
        node: {name: _number(answer.get(name)) for name in (*COUNTS, "duration_ms")}
        for node, answer in sorted(answers.items())
    }
    doubts = [
        {"node": node, "reason": clean(reason), "detail": clean(detail)}
        for node, answer in sorted(answers.items())
        for reason, detail in _doubts(answer)
    ]
    totals = {name: sum(counts[name] for counts in nodes.values()) for name in COUNTS}
    slowest = max((counts["duration_ms"] for counts in nodes.values()), default=0)
    found = {**totals, "duration_ms": slowest, "nodes": nodes}
    return {**found, "missing": sorted(missing), "doubts": doubts}


def _doubts(answer: Mapping[str, Any]) -> Iterable[tuple[str, Any]]:
    """What a scanner could not see; an older one does not say."""
    doubts = answer.get("doubts")
    return doubts.items() if isinstance(doubts, dict) else ()


def _number(value: object) -> int:
    """A count of an event; a newer scanner, or a stranger, may have written something else."""
    return value if isinstance(value, int) else 0
