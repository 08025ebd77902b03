"""The interfaces of the scanner's dependencies; `store` implements most, and tests have fakes."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from types import MappingProxyType
from typing import Any, Protocol

from hero_router.model import Change, NodeState
from hero_router.position import Position
from hero_router.scan.probe_result import ProbeResult
from hero_router.scan.walk import SocketFile
from hero_router.store.history import Minute
from hero_router.store.lease import Grant
from hero_router.store.registry import NodeView
from hero_router.store.scan_requests import ScanRequest


class LeaseProtocol(Protocol):
    """The lease on this node: at most one scanner holds it, and only that scanner can write."""

    async def acquire(self) -> Grant | None:
        """Take the lease; None while another scanner holds it. Raises StoreError."""

    async def renew(self, grant: Grant) -> Position | None:
        """Renew the lease; returns the newest position of the stream, None if the lease is lost.

        Raises StoreError.
        """

    async def release(self, grant: Grant) -> None:
        """Release the lease, if it is still held. Raises StoreError."""

    def now_ms(self) -> int:
        """Redis's time now in Unix milliseconds."""


class RegistryProtocol(Protocol):
    """The registry of services and nodes in Redis."""

    async def view(self, node: str, *, whole: bool = False) -> NodeView:
        """Read a node from Redis. Raises StoreError.

        With `whole` all service records are read, so that no change by another program is missed.
        """

    async def apply(
        self,
        grant: Grant,
        changes: Sequence[Change],
        report: NodeState | None = None,
        documents: Mapping[str, str] = MappingProxyType({}),
    ) -> Position:
        """Write changes with their events, documents, and the node report.

        `documents` are texts by digest; "" removes a document. The call is atomic per step and may
        be repeated without a second effect. Raises Fenced or another StoreError.
        """

    def note_head(self, head: Position) -> None:
        """Remember a position of the stream: a stream that is behind it later was rolled back."""

    async def documents(self, node: str) -> Mapping[str, int]:
        """The sizes of the OpenRPC documents in Redis for a node, by digest. Raises StoreError."""

    async def write_probes(self, node: str, figures: Mapping[str, Mapping[str, Any]]) -> None:
        """Write the figures of the node's last probes, by service id. Raises StoreError."""


class HistoryProtocol(Protocol):
    """The history of services in Redis."""

    async def write(self, grant: Grant, seen: Minute) -> None:
        """Write one more minute; the call may be repeated. Raises Fenced or another StoreError."""


class ScanRequestsProtocol(Protocol):
    """Receives the web workers' scan requests; a request is lost if no scanner listens."""

    def listen(self, subscribed: Callable[[], None]) -> AsyncIterator[ScanRequest]:
        """Yield scan requests as they arrive; calls `subscribed` when none is lost from then on.

        Raises StoreError if the connection is lost.
        """


class Probe(Protocol):
    """Probes one socket within a time limit."""

    async def __call__(self, file: SocketFile, /, *, ask_documents: bool) -> ProbeResult:
        """Probe one socket; failures of the socket are part of the result, and not raised."""


class Clock(Protocol):
    """Monotonic time and waiting, so that tests can control both."""

    def monotonic(self) -> float:
        """Monotonic time in seconds."""

    async def wait(self, event: asyncio.Event, seconds: float) -> bool:
        """Wait until the event is set, for `seconds` at most; returns whether it was set."""


class SystemClock:
    """The monotonic clock of this machine."""

    def monotonic(self) -> float:
        """Monotonic time in seconds."""
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
