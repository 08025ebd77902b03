"""Tunnels that copy bytes both ways between two connections, such as WebSockets (RFC 9110, 7.8)."""

import asyncio
from collections.abc import Callable
from typing import Any, cast

SWEEP_SECONDS = 30.0
"""Longest time between two checks for idle tunnels; a quarter of the limit if that is shorter."""


def _nothing() -> None:
    """Do nothing."""


class TunnelEnd(asyncio.Protocol):
    """One end of a tunnel: writes the bytes that it receives to the other end.

    The end of one direction is passed on; the other direction stays open. `is_over` says whether
    this end will send nothing more. `owner` is any object by which `Tunnels.close_where` finds the
    tunnel.
    """

    __slots__ = ("_tunnels", "is_over", "on_end", "other", "owner", "transport", "used_at")

    def __init__(self, tunnels: "Tunnels", transport: asyncio.Transport, owner: object) -> None:
        self._tunnels, self.transport, self.owner = tunnels, transport, owner
        self.other: TunnelEnd | None = None
        self.is_over = False
        self.used_at = 0.0
        self.on_end: Callable[[], None] = _nothing

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the transport of this end."""
        self.transport = cast("asyncio.Transport", transport)

    def data_received(self, data: bytes) -> None:
        """Pass the bytes on."""
        self.used_at = self._tunnels.now()
        if self.other is not None:
            self.other.transport.write(data)

    def pause_writing(self) -> None:
        """Pause the other end: this end is slow."""
        if self.other is not None and not self.other.transport.is_closing():
            self.other.transport.pause_reading()

    def resume_writing(self) -> None:
        """Let the other end read again."""
        if self.other is not None and not self.other.transport.is_closing():
            self.other.transport.resume_reading()

    def eof_received(self) -> bool:
        """Pass the end of one direction on; close the tunnel when both have ended."""
        self.is_over = True
        other = self.other
        if other is None or other.is_over or not other.transport.can_write_eof():
            return False
        other.transport.write_eof()
        return True

    def connection_lost(self, exc: Exception | None) -> None:
        """Close the other end: after its last bytes if this end closed cleanly, else at once."""
        self._tunnels.discard(self)
        other, self.other = self.other, None
        if other is not None:
            if exc is None:
                other.transport.close()
            else:
                other.transport.abort()


class Tunnels:
    """The open tunnels of one worker. One that carries nothing for `idle_seconds` is closed."""

    def __init__(self, idle_seconds: float) -> None:
        self._idle_seconds = idle_seconds
        self._open: set[TunnelEnd] = set()
        self._sweeper: asyncio.TimerHandle | None = None

    def __len__(self) -> int:
        return len(self._open) // 2

    def now(self) -> float:
        """The loop's time."""
        return asyncio.get_running_loop().time()

    def join(
        self,
        client: asyncio.Transport,
        service: asyncio.Transport,
        sent_early: bytes,
        owner: object = None,
        on_end: Callable[[], None] = _nothing,
    ) -> None:
        """Make a tunnel; `sent_early` are bytes of the service for the client.

        `on_end` is called once it has ended, perhaps twice.
        """
        near, far = TunnelEnd(self, client, owner), TunnelEnd(self, service, owner)
        near.other, far.other = far, near
        near.used_at = far.used_at = self.now()
        self._open |= {near, far}
        near.on_end = on_end
        client.set_protocol(near)
        service.set_protocol(far)
        if sent_early:
            client.write(sent_early)
        for transport in (client, service):
            transport.resume_reading()
        self._arm()

    def discard(self, end: TunnelEnd) -> None:
        """Remove the tunnel of a closed end."""
        self._open.discard(end)
        end.on_end()

    def close_where(self, predicate: Callable[[Any], bool]) -> None:
        """Break the tunnels of the matching callers, for example when access is revoked."""
        for end in tuple(self._open):
            if predicate(end.owner):
                end.transport.abort()

    def close(self) -> None:
        """Close all tunnels, as the worker ends."""
        if self._sweeper is not None:
            self._sweeper.cancel()
        for end in tuple(self._open):
            end.transport.close()

    def _arm(self) -> None:
        if self._sweeper is None:
            seconds = min(SWEEP_SECONDS, self._idle_seconds / 4)
            self._sweeper = asyncio.get_running_loop().call_later(seconds, self._sweep)

    def _sweep(self) -> None:
        self._sweeper = None
        oldest = self.now() - self._idle_seconds
        for end in tuple(self._open):
            if end.used_at <= oldest and (end.other is None or end.other.used_at <= oldest):
                end.transport.abort()
        if self._open:
            self._arm()
