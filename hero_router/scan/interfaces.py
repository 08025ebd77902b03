"""What the scanner needs from outside: seams that `store` fills in production, fakes in tests."""

import asyncio
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Any, Protocol

from hero_router.model import Change, NodeState, Record
from hero_router.position import Position
from hero_router.scan.result import ProbeResult
from hero_router.scan.sockets import SocketFile
from hero_router.store.commands import ScanRequest
from hero_router.store.lease import Grant


class LeaseProtocol(Protocol):
    """The lease on this node: at most one scanner holds it, and only its holder can write."""

    async def acquire(self) -> Grant | None:
        """Take the lease; None while another scanner holds it. Raises StoreError."""

    async def renew(self, grant: Grant) -> bool:
        """Prolong it; False when it is lost. Raises StoreError."""

    async def release(self, grant: Grant) -> None:
        """Give it up, if it is still held. Raises StoreError."""

    def now_ms(self) -> int:
        """Unix milliseconds by Redis's clock."""


class RegistryProtocol(Protocol):
    """The registry. `apply` is atomic per batch and may be repeated without a second effect."""

    async def records(self, node: str, *, whole: bool = False) -> dict[str, Record]:
        """The node's records as Redis holds them now; with `whole`, whatever a foreign hand did to
        them. Raises StoreError."""

    @property
    def has_stream(self) -> bool:
        """Whether the stream of events existed when `known` last looked."""

    def report(self, node: str) -> NodeState | None:
        """The node's report as `known` last saw it; None where there is none."""

    async def apply(
        self, grant: Grant, changes: Sequence[Change], report: NodeState | None = None
    ) -> Position:
        """Write changes in their order, and the report. Raises Fenced or another StoreError."""

    async def write_probes(self, node: str, figures: Mapping[str, Mapping[str, Any]]) -> None:
        """Replace the node's figures of the last probes. Raises StoreError."""


class ScanRequestsProtocol(Protocol):
    """What others ask of scanners; nothing is kept while nobody listens."""

    def listen(self) -> AsyncIterator[ScanRequest]:
        """Requests as they come; raises StoreError when the connection is lost."""


class Probe(Protocol):
    """Looks at one socket; bounded in time, and raises nothing that the socket could cause."""

    async def __call__(self, found: SocketFile, *, ask_documents: bool) -> ProbeResult:
        """What was seen."""


class Clock(Protocol):
    """Time as the scanner sees it."""

    def monotonic(self) -> float:
        """Seconds that never jump or go back."""

    async def wait(self, event: asyncio.Event, seconds: float) -> bool:
        """Until the event is set, but no longer than that; whether it was set."""


class SystemClock:
    """The machine's own time."""

    def monotonic(self) -> float:
        """Seconds since some moment in the past."""
        return time.monotonic()

    async def wait(self, event: asyncio.Event, seconds: float) -> bool:
        """Until the event is set, but no longer than that; whether it was set."""
        try:
            async with asyncio.timeout(seconds):
                await event.wait()
        except TimeoutError:
            return False
        return True


async def pause(clock: Clock, seconds: float) -> None:
    """Do nothing for a while."""
    await clock.wait(asyncio.Event(), seconds)
