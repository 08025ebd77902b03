"""Keeps idle connections to services' sockets and to peers for reuse, limited in number and time.

The number of open connections is not limited here.
"""

import asyncio
import time
from collections import deque
from collections.abc import Callable
from contextlib import closing

from hero_router.upstream.connection import UpstreamConnection
from hero_router.upstream.peer_connect import PeerAddress, connect_peer
from hero_router.upstream.safe_connect import SocketAddress, SocketHandle, connect_when_free

MAX_IDLE = 128
"""Maximum number of idle connections to one address."""

IDLE_SECONDS = 15.0
"""How long an idle connection is kept. Few servers close theirs earlier."""


Address = SocketAddress | PeerAddress


class Pool:
    """The idle connections of one worker; opens new ones to services and peers."""

    def __init__(self, connect_seconds: float) -> None:
        self._connect_seconds = connect_seconds
        self._idle: dict[object, deque[tuple[float, UpstreamConnection]]] = {}
        self._sweeper: asyncio.TimerHandle | None = None

    def reuse(self, address: Address) -> UpstreamConnection | None:
        """An idle connection to this address, the one used last, if there is one."""
        waiting = self._idle.get(address.identity)
        while waiting:
            _, connection = waiting.pop()
            if connection.is_open:
                return connection
        return None

    async def open(self, address: Address) -> UpstreamConnection:
        """A new connection to this address.

        Raises:
            NoResponse: nothing listens, we may not connect, the socket file is another one by now,
                or a peer does not prove who it is.
            TimeoutError: the listener's queue stays full, or a peer does not answer.
        """
        identity = address.identity

        def make_connection() -> UpstreamConnection:
            return UpstreamConnection(
                lambda idle: self._keep(identity, idle), lambda lost: self._drop(identity, lost)
            )

        async with asyncio.timeout(self._connect_seconds):
            if isinstance(address, PeerAddress):
                return await connect_peer(address, make_connection)
            return await _connect_socket(address, make_connection)

    def close(self) -> None:
        """Close all idle connections."""
        if self._sweeper is not None:
            self._sweeper.cancel()
        idle, self._idle = self._idle, {}
        for waiting in idle.values():
            for _, connection in waiting:
                connection.abort()

    def _keep(self, identity: object, connection: UpstreamConnection) -> None:
        waiting = self._idle.get(identity)
        if waiting is None:
            waiting = self._idle[identity] = deque()
        waiting.append((time.monotonic(), connection))
        if len(waiting) > MAX_IDLE:
            waiting.popleft()[1].abort()
        if self._sweeper is None:
            self._sweeper = asyncio.get_running_loop().call_later(IDLE_SECONDS, self._sweep)

    def _drop(self, identity: object, connection: UpstreamConnection) -> None:
        waiting = self._idle.get(identity)
        if waiting is not None:
            self._idle[identity] = deque(item for item in waiting if item[1] is not connection)
            if not self._idle[identity]:
                del self._idle[identity]

    def _sweep(self) -> None:
        """Close what has been idle for too long."""
        self._sweeper = None
        oldest = time.monotonic() - IDLE_SECONDS
        for identity in tuple(self._idle):
            waiting = self._idle[identity]
            while waiting and waiting[0][0] <= oldest:
                waiting.popleft()[1].abort()
            if not waiting:
                del self._idle[identity]
        if self._idle:
            self._sweeper = asyncio.get_running_loop().call_later(IDLE_SECONDS, self._sweep)


async def _connect_socket(
    address: SocketAddress, make_connection: Callable[[], UpstreamConnection]
) -> UpstreamConnection:
    with closing(SocketHandle(address)) as handle:
        connected = await connect_when_free(handle)
        _, protocol = await asyncio.get_running_loop().create_unix_connection(
            make_connection, sock=connected
        )
        return protocol
