"""A tunnel of bytes between two connections, after both have left HTTP (RFC 9110, section 7.8)."""

import asyncio
from typing import cast


class TunnelEnd(asyncio.Protocol):
    """One end of a tunnel: writes to the other end what arrives here.

    The end of one direction is passed on; the other direction stays open. `is_over` says whether
    this end will send nothing more.
    """

    __slots__ = ("is_over", "other", "transport")

    def __init__(self, transport: asyncio.Transport) -> None:
        self.transport = transport
        self.other: TunnelEnd | None = None
        self.is_over = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Take the transport."""
        self.transport = cast("asyncio.Transport", transport)

    def data_received(self, data: bytes) -> None:
        """Pass the bytes on."""
        if self.other is not None:
            self.other.transport.write(data)

    def pause_writing(self) -> None:
        """Stop the reading at the other end: this one is slow."""
        if self.other is not None and not self.other.transport.is_closing():
            self.other.transport.pause_reading()

    def resume_writing(self) -> None:
        """Read again at the other end."""
        if self.other is not None and not self.other.transport.is_closing():
            self.other.transport.resume_reading()

    def eof_received(self) -> bool:
        """Pass the end of one direction on; close when both have ended."""
        self.is_over = True
        other = self.other
        if other is None or other.is_over or not other.transport.can_write_eof():
            return False
        other.transport.write_eof()
        return True

    def connection_lost(self, exc: Exception | None) -> None:
        """Close the other end: cleanly after a clean end, else at once."""
        other, self.other = self.other, None
        if other is not None:
            if exc is None:
                other.transport.close()
            else:
                other.transport.abort()


def join(client: asyncio.Transport, service: asyncio.Transport, sent_early: bytes) -> TunnelEnd:
    """Make a tunnel of two connections; `sent_early` are bytes of the service for the client."""
    near, far = TunnelEnd(client), TunnelEnd(service)
    near.other, far.other = far, near
    client.set_protocol(near)
    service.set_protocol(far)
    if sent_early:
        client.write(sent_early)
    for transport in (client, service):
        transport.resume_reading()
    return near
