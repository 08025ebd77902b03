"""Polls Redis for ended sessions and changed addresses; ends streams that are no longer allowed.

One per worker. Operators change the list of addresses and end sessions while the workers run.
"""

import asyncio
import logging
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

from hero_router.access.authenticator import Authenticator, LiveAccess
from hero_router.access.ip_allowlist import AllowedNetworks
from hero_router.access.principal import Principal
from hero_router.errors import StoreCorrupt, StoreError
from hero_router.store.ip_allowlist import AllowList
from hero_router.store.revoked_sessions import Revocations, RevokedSessions

log = logging.getLogger(__name__)

POLL_SECONDS = 2.0
"""Time between two polls. A change takes effect within 5 seconds, also on a busy worker."""

Predicate = Callable[[Principal], bool]


class AccessFollower:
    """The newest allowed addresses and ended sessions, which are `live`.

    It is None until Redis has said which sessions were ended.

    `enders` end the open streams, calls and tunnels of the principals that match a predicate.
    """

    def __init__(
        self,
        authenticator: Authenticator,
        addresses: AllowList,
        sessions: RevokedSessions,
        now_ms: Callable[[], int],
        enders: Sequence[Callable[[Predicate], None]],
    ) -> None:
        self._authenticator, self._now_ms = authenticator, now_ms
        self._addresses, self._sessions, self._enders = addresses, sessions, enders
        self._revision: int | None = None
        self._networks = AllowedNetworks()
        self.live: LiveAccess | None = None

    async def run(self) -> None:
        """Poll Redis every few seconds until cancelled.

        Without Redis the last answer is used. Sessions still end at their expiry; so do requests
        of a node that is no longer a peer.
        """
        away = False
        while True:
            try:
                await self.look()
                away = False
            except StoreError as error:
                if not away:
                    log.warning(
                        "this web worker cannot read from Redis which sessions were ended and "
                        "which addresses may connect: %s; it goes by what it has read last",
                        error,
                    )
                away = True
            await asyncio.sleep(POLL_SECONDS)

    async def look(self) -> None:
        """Read the changes once, and end what is no longer allowed.

        Sessions and addresses are read each on its own: what other programs wrote to the one does
        not hide the other. Raises StoreError, after all that could be read was taken.
        """
        corrupt = list[StoreCorrupt]()
        try:
            with _noted(corrupt):
                await self._read_sessions()
            with _noted(corrupt):
                await self._read_networks()
        finally:
            self._end_ended()
        if corrupt:
            raise corrupt[0]

    async def look_at_sessions(self) -> None:
        """Read which sessions were ended, and end what they have open. Raises StoreError."""
        await self._read_sessions()
        self._end_ended()

    async def look_at_addresses(self) -> None:
        """Read which addresses may connect, and end what others have open. Raises StoreError."""
        await self._read_networks()
        self._end_ended()

    def end_where(self, predicate: Predicate) -> None:
        """End the open streams, calls and tunnels of the principals that match."""
        for end in self._enders:
            end(predicate)

    async def _read_sessions(self) -> None:
        self._take(await self._sessions.read())

    async def _read_networks(self) -> None:
        revision = await self._addresses.revision()
        if revision == self._revision:
            return
        entries = await self._addresses.entries()
        self._networks = AllowedNetworks([each.network for each in entries])
        self._revision = revision
        if self.live is not None:
            self._take(self.live.revocations)
        if self._networks and not self._authenticator.rules.networks:
            log.warning(
                "the addresses that were added by `hero_router access add` have no effect, because "
                "ROUTER_ALLOW_IPS is not set: every address may connect"
            )

    def _take(self, revocations: Revocations) -> None:
        self.live = LiveAccess(self._networks, revocations)

    def _end_ended(self) -> None:
        now_ms = self._now_ms()
        self.end_where(
            lambda principal: not self._authenticator.still_holds(principal, self.live, now_ms)
        )


@contextmanager
def _noted(corrupt: list[StoreCorrupt]) -> Iterator[None]:
    """Note what cannot be read because other programs wrote it, and go on."""
    try:
        yield
    except StoreCorrupt as error:
        corrupt.append(error)
