"""Follows in Redis who may use the router, and ends the streams and tunnels of those who may not.

One per worker. Operators change the list of addresses and end sessions while the workers run.
"""

import asyncio
import logging
from collections.abc import Callable, Sequence

from hero_router.access.authenticator import Authenticator, LiveAccess
from hero_router.access.networks import AllowedNetworks
from hero_router.access.principal import Principal
from hero_router.errors import StoreError
from hero_router.store.allow_list import AllowList
from hero_router.store.sessions import RevokedSessions

log = logging.getLogger(__name__)

POLL_SECONDS = 2.0
"""Time between two looks. A change takes effect within 5 seconds, also on a busy worker."""

Predicate = Callable[[Principal], bool]


class AccessFollower:
    """The newest list of addresses and ended sessions; `live` is None until Redis has answered.

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
        self._revision = 0
        self.live: LiveAccess | None = None

    async def run(self) -> None:
        """Look at Redis every few seconds, until cancelled. Without Redis the last answer holds."""
        away = False
        while True:
            try:
                await self.look()
                away = False
            except StoreError as error:
                if not away:
                    log.warning("changes of access are not seen for now: %s", error)
                away = True
            await asyncio.sleep(POLL_SECONDS)

    async def look(self) -> None:
        """Read what has changed, and end what may not go on. Raises StoreError."""
        revocations = await self._sessions.read()
        networks = await self._networks()
        self.live = LiveAccess(networks, revocations)
        self.end_where(lambda principal: not self._may_go_on(principal))

    def end_where(self, predicate: Predicate) -> None:
        """End the open streams, calls and tunnels of the principals that match."""
        for end in self._enders:
            end(predicate)

    async def _networks(self) -> AllowedNetworks:
        revision = await self._addresses.revision()
        if self.live is not None and revision == self._revision:
            return self.live.networks
        networks = AllowedNetworks([each.network for each in await self._addresses.entries()])
        self._revision = revision
        if networks and not self._authenticator.rules.networks:
            log.warning(
                "the list of addresses in Redis has no effect: it only adds to ROUTER_ALLOW_IPS, "
                "which is not set"
            )
        return networks

    def _may_go_on(self, principal: Principal) -> bool:
        live = self.live
        return live is None or self._authenticator.still_holds(principal, live, self._now_ms())
