"""Asks all scanners to scan now and collects their replies, for the RPC method `router.scan`.

A reply is a `scan` event in the stream that carries the request's id.
"""

import asyncio
import secrets
from collections.abc import Collection, Iterable, Mapping
from contextlib import suppress
from typing import Any

from hero_router.errors import ScanTimeout
from hero_router.feed.mirror import Mirror
from hero_router.model import Event
from hero_router.sanitize import clean
from hero_router.singleflight import SingleFlight
from hero_router.store.scan_requests import ScanRequest, ScanRequests

WAIT_SECONDS = 10.0
"""How long the scanners have to answer one request."""

CALL_SECONDS = 2 * WAIT_SECONDS
"""Longest duration of one call: it waits for the request in progress, then for its own."""

COUNTS = ("discovered", "added", "removed", "changed")


class ScanReplies:
    """Collects the scanners' replies to one worker's scan requests, by request id."""

    def __init__(self) -> None:
        self._waiting: dict[str, asyncio.Queue[Event]] = {}

    def deliver(self, event: Event) -> None:
        """Keep a `scan` event for each expected request that it answers."""
        requests = event.payload.get("requests") if event.type == "scan" else None
        for request in requests if isinstance(requests, list) else ():
            if isinstance(request, str) and (queue := self._waiting.get(request)) is not None:
                queue.put_nowait(event)

    def expect(self, request: str) -> None:
        """Begin to keep the replies to a request; call it before the request is sent."""
        self._waiting[request] = asyncio.Queue()

    def forget(self, request: str) -> None:
        """Keep no more replies to a request. Call it after each `expect`; twice is harmless."""
        self._waiting.pop(request, None)

    async def collect(
        self, request: str, nodes: Collection[str], seconds: float
    ) -> dict[str, Mapping[str, Any]]:
        """Wait for the replies to an expected request; returns the replies by node.

        Waits until all these nodes have replied (if none is named: until any node has), for
        `seconds` at most. An event that is read twice counts once.
        """
        queue, answers = self._waiting[request], dict[str, Mapping[str, Any]]()
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                while not (answers and answers.keys() >= set(nodes)):
                    event = await queue.get()
                    answers[event.node] = event.payload
        return answers


class ScanCoordinator:
    """One worker's scan requests: at most one in progress, and one that waits for its turn.

    Calls that arrive while a request waits for its turn share that request. A call never shares a
    request that was sent before the call: that scan may have passed the socket that the caller asks
    about.
    """

    def __init__(
        self,
        mirror: Mirror,
        replies: ScanReplies,
        requests: ScanRequests,
        seconds: float = WAIT_SECONDS,
    ) -> None:
        self._mirror, self._replies = mirror, replies
        self._requests, self._seconds = requests, seconds
        self._turn = asyncio.Lock()
        self._next: SingleFlight[dict[str, Any]] | None = None

    async def scan(self) -> dict[str, Any]:
        """Ask for a scan; returns the counts of all nodes together, and of each node.

        `missing` names the nodes that did not reply. `conditions` says which folders or sockets
        scanners could not see.

        Raises:
            ScanTimeout: no scanner is running, or none replied in time.
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
        live = self._mirror.nodes.keys() - self._mirror.lost
        self._replies.expect(request.id)
        try:
            if not await self._requests.send(request):
                raise ScanTimeout("no scanner is running: none received the request")
            answers = await self._replies.collect(request.id, live, self._seconds)
        finally:
            self._replies.forget(request.id)
        if not answers:
            raise ScanTimeout(f"no scanner answered within {self._seconds:g} s")
        return summed(answers, live - answers.keys())


def summed(answers: Mapping[str, Mapping[str, Any]], missing: Iterable[str]) -> dict[str, Any]:
    """Merge the nodes' scan replies: add the counts, and take the longest duration.

    Nodes scan in parallel, so the longest duration is that of the whole scan.
    """
    nodes = {
        node: {name: _number(answer.get(name)) for name in (*COUNTS, "duration_ms")}
        for node, answer in sorted(answers.items())
    }
    conditions = [
        {"node": node, "reason": clean(reason), "detail": clean(detail)}
        for node, answer in sorted(answers.items())
        for reason, detail in _conditions(answer)
    ]
    totals = {name: sum(counts[name] for counts in nodes.values()) for name in COUNTS}
    slowest = max((counts["duration_ms"] for counts in nodes.values()), default=0)
    found = {**totals, "duration_ms": slowest, "nodes": nodes}
    return {**found, "missing": sorted(missing), "conditions": conditions}


def _conditions(answer: Mapping[str, Any]) -> Iterable[tuple[str, Any]]:
    """The conditions in a scanner's reply; an older scanner sends none."""
    found = answer.get("conditions")
    return found.items() if isinstance(found, dict) else ()


def _number(value: object) -> int:
    """A count in an event; a newer scanner, or another program, may have written another type."""
    return value if isinstance(value, int) else 0
