"""The scanner's dependencies as protocols: `store` implements them, and tests have fakes."""

import asyncio
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from types import MappingProxyType
from typing import Any, Protocol

from hero_router.model import Change, NodeState
from hero_router.position import Position
from hero_router.scan.result import ProbeResult
from hero_router.scan.walk import SocketFile
from hero_router.store.lease import Grant
from hero_router.store.registry import NodeView
from hero_router.store.scan_requests import ScanRequest


class LeaseProtocol(Protocol):
    """The lease on this node. At most one scanner holds it, and only that one can write."""

    async def acquire(self) -> Grant | None:
        """Take the lease; None while another scanner holds it. Raises StoreError."""

    async def renew(self, grant: Grant) -> bool:
        """Extend it; False if it is lost. Raises StoreError."""

    async def release(self, grant: Grant) -> None:
        """Release it, if it is still held. Raises StoreError."""

    def now_ms(self) -> int:
        """Unix milliseconds by Redis's clock."""


class RegistryProtocol(Protocol):
    """The registry. `apply` is atomic per batch and may be repeated without a second effect."""

    async def view(self, node: str, *, whole: bool = False) -> NodeView:
        """The node as Redis holds it now. With `whole` every record is read, so that any change by
        a foreign hand is seen. Raises StoreError."""

    async def apply(
        self,
        grant: Grant,
        changes: Sequence[Change],
        report: NodeState | None = None,
        documents: Mapping[str, str] = MappingProxyType({}),
    ) -> Position:
        """Write the changes in order, the documents (text by digest; "" removes one), the report.

        Raises Fenced or another StoreError.
        """

    async def documents(self, node: str) -> Mapping[str, int]:
        """The size of each document that Redis keeps for the node, by digest. Raises StoreError."""

    async def write_probes(self, node: str, figures: Mapping[str, Mapping[str, Any]]) -> None:
        """Replace the figures of the node's last probes. Raises StoreError."""


class ScanRequestsProtocol(Protocol):
    """Requests for scans, as workers send them; those sent while nobody listens are lost."""

    def listen(self) -> AsyncIterator[ScanRequest]:
        """Requests as they come. Raises StoreError when the connection is lost."""


class Probe(Protocol):
    """Probes one socket in bounded time; raises nothing that the socket could cause."""

    async def __call__(self, file: SocketFile, /, *, ask_documents: bool) -> ProbeResult:
        """The result, with documents if they were asked for."""


class Clock(Protocol):
    """Monotonic time and waiting, so that tests can control both."""

    def monotonic(self) -> float:
        """Seconds that never jump or go back."""

    async def wait(self, event: asyncio.Event, seconds: float) -> bool:
        """Wait until the event is set, for `seconds` at most; returns whether it was set."""


class SystemClock:
    """The machine's monotonic clock."""

    def monotonic(self) -> float:
        """Seconds since some moment in the past."""
        return time.monotonic()

    async def wait(self, event: asyncio.Event, seconds: float) -> bool:
        """Wait until the event is set, for `seconds` at most; returns whether it was set."""
        try:
            async with asyncio.timeout(seconds):
                await event.wait()
        except TimeoutError:
            return False
        return True


async def pause(clock: Clock, seconds: float) -> None:
    """Wait for `seconds` by this clock."""
    await clock.wait(asyncio.Event(), seconds)
