"""Closes connections that take too long to send a request's head or to take a response.

One shared tick checks all connections: a timer for each of thousands would cost too much.
"""

import asyncio
from abc import ABC, abstractmethod
from typing import Protocol

MAX_WAITING = 8192
"""Maximum number of connections with an incomplete head. Above this number the oldest is closed:
real clients send their head within a moment."""

TICK_SECONDS = 1.0
"""Longest time between two checks; it is a quarter of the time limit if that is shorter."""


class Timed(Protocol):
    """A connection with a time limit; it is hashable."""

    transport: asyncio.Transport | None

    def give_up(self) -> None:
        """Close the connection: its request head is late, or too many heads are incomplete."""


class _Timeouts(ABC):
    """Connections with one time limit. The tick runs only while there are any."""

    def __init__(self, loop: asyncio.AbstractEventLoop, seconds: float) -> None:
        self._loop, self._seconds = loop, seconds
        self._tick: asyncio.TimerHandle | None = None

    def _arm(self) -> None:
        if self._tick is None:
            self._tick = self._loop.call_later(min(TICK_SECONDS, self._seconds / 4), self._on_tick)

    def _on_tick(self) -> None:
        self._tick = None
        if self._check(self._loop.time() - self._seconds):
            self._arm()

    @abstractmethod
    def _check(self, latest: float) -> bool:
        """End connections that started before `latest`; whether any are left."""


class HeadTimeouts(_Timeouts):
    """Closes connections whose request head is late, and the oldest of too many incomplete heads.

    The first head is timed from the connection's start, later heads from their first byte.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop, seconds: float) -> None:
        super().__init__(loop, seconds)
        self._since: dict[Timed, float] = {}

    def start(self, connection: Timed) -> None:
        """Start the time limit of a connection, unless it runs already."""
        self._since.setdefault(connection, self._loop.time())
        if len(self._since) > MAX_WAITING:
            self._give_up(next(iter(self._since)))
        self._arm()

    def stop(self, connection: Timed) -> None:
        """Stop the time limit: the head is complete, or the connection is closed."""
        self._since.pop(connection, None)

    def _check(self, latest: float) -> bool:
        """All have the same limit, so the oldest is the first that is late."""
        while self._since:
            connection, since = next(iter(self._since.items()))
            if since > latest:
                break
            self._give_up(connection)
        return bool(self._since)

    def _give_up(self, connection: Timed) -> None:
        del self._since[connection]
        connection.give_up()


class ResponseTimeouts(_Timeouts):
    """Closes connections whose client takes no byte of its response for too long."""

    def __init__(self, loop: asyncio.AbstractEventLoop, seconds: float) -> None:
        super().__init__(loop, seconds)
        self._waiting: dict[Timed, tuple[int, float]] = {}

    def start(self, connection: Timed) -> None:
        """Start the time limit of a connection on which bytes wait for the client."""
        self._waiting[connection] = 0, self._loop.time()
        self._arm()

    def stop(self, connection: Timed) -> None:
        """Stop the time limit: the client has taken all bytes, or is gone."""
        self._waiting.pop(connection, None)

    def _check(self, latest: float) -> bool:
        for connection, (before, since) in tuple(self._waiting.items()):
            if connection.transport is None:
                self.stop(connection)
                continue
            bytes_left = connection.transport.get_write_buffer_size()
            if bytes_left != before:
                self._waiting[connection] = bytes_left, self._loop.time()
            elif since <= latest:
                connection.transport.abort()
        return bool(self._waiting)
