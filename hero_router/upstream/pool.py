"""Kept connections to the sockets of services: opened safely, reused, and bounded in number."""

import asyncio
from collections import deque
from contextlib import closing
from typing import NamedTuple

from hero_router.upstream.connection import UpstreamConnection
from hero_router.upstream.safe_connect import SocketAddress, SocketHandle, connect_when_free

MAX_IDLE = 32
"""Most idle connections to one socket."""

IDLE_SECONDS = 15.0
"""How long an idle connection is kept. Few servers close theirs earlier."""


class SocketIdentity(NamedTuple):
    """The identity of a socket file: a socket that was bound anew has another one."""

    device: int
    inode: int


class Pool:
    """The connections of one worker."""

    def __init__(self, connect_seconds: float) -> None:
        self._connect_seconds = connect_seconds
        self._idle: dict[SocketIdentity, deque[tuple[float, UpstreamConnection]]] = {}
        self._sweeper: asyncio.TimerHandle | None = None

    def reuse(self, socket: SocketAddress) -> UpstreamConnection | None:
        """An idle connection to this socket, the one used last, if there is one."""
        identity = SocketIdentity(socket.device, socket.inode)
        waiting = self._idle.get(identity)
        while waiting:
            _, connection = waiting.pop()
            if connection.is_open:
                return connection
        return None

    async def open(self, socket: SocketAddress) -> UpstreamConnection:
        """A new connection to this socket file.

        Raises:
            NoResponse: nothing listens, we may not connect, or the file is another one by now.
            TimeoutError: the listener's queue stays full.
        """
        identity = SocketIdentity(socket.device, socket.inode)
        async with asyncio.timeout(self._connect_seconds):
            with closing(SocketHandle(socket)) as handle:
                return await self._connect(handle, identity)

    async def _connect(self, handle: SocketHandle, identity: SocketIdentity) -> UpstreamConnection:
        connected = await connect_when_free(handle)
        _, protocol = await asyncio.get_running_loop().create_unix_connection(
            lambda: UpstreamConnection(
                lambda idle: self._keep(identity, idle), lambda lost: self._drop(identity, lost)
            ),
            sock=connected,
        )
        return protocol

    def close(self) -> None:
        """Close all idle connections."""
        if self._sweeper is not None:
            self._sweeper.cancel()
        idle, self._idle = self._idle, {}
        for waiting in idle.values():
            for _, connection in waiting:
                connection.abort()

    def _keep(self, identity: SocketIdentity, connection: UpstreamConnection) -> None:
        waiting = self._idle.setdefault(identity, deque())
        waiting.append((_now(), connection))
        if len(waiting) > MAX_IDLE:
            waiting.popleft()[1].abort()
        if self._sweeper is None:
            self._sweeper = asyncio.get_running_loop().call_later(IDLE_SECONDS, self._sweep)

    def _drop(self, identity: SocketIdentity, connection: UpstreamConnection) -> None:
        waiting = self._idle.get(identity)
        if waiting is not None:
            self._idle[identity] = deque(item for item in waiting if item[1] is not connection)
            if not self._idle[identity]:
                del self._idle[identity]

    def _sweep(self) -> None:
        """Close what has been idle for too long."""
        self._sweeper = None
        oldest = _now() - IDLE_SECONDS
        for identity in tuple(self._idle):
            waiting = self._idle[identity]
            while waiting and waiting[0][0] <= oldest:
                waiting.popleft()[1].abort()
            if not waiting:
                del self._idle[identity]
        if self._idle:
            self._sweeper = asyncio.get_running_loop().call_later(IDLE_SECONDS, self._sweep)


def _now() -> float:
    return asyncio.get_running_loop().time()
