"""Ends sessions and changes the list of addresses, at the request of administrators.

A change holds on this worker at once, and on the others within seconds.
"""

import logging
from collections.abc import Sequence
from typing import Protocol

from hero_router.access.principal import Principal
from hero_router.errors import NotFound
from hero_router.settings.networks import Network
from hero_router.store.ip_allowlist import AllowList, Entry
from hero_router.store.revoked_sessions import RevokedSessions
from hero_router.store.session_list import BrowserSession

log = logging.getLogger(__name__)


class Follower(Protocol):
    """Reads what was changed in Redis, and ends what is no longer allowed."""

    async def look_at_sessions(self) -> None:
        """Read which sessions were ended. Raises StoreError."""

    async def look_at_addresses(self) -> None:
        """Read which addresses may connect. Raises StoreError."""


class AccessAdministration:
    """What administrators see and change of access while the router runs."""

    def __init__(self, sessions: RevokedSessions, addresses: AllowList, follower: Follower) -> None:
        self._sessions, self._addresses, self._follower = sessions, addresses, follower

    async def sessions(self) -> Sequence[BrowserSession]:
        """The recorded sessions that still hold, the newest first. Raises StoreError."""
        return await self._sessions.recorded()

    async def end(self, session_id: str, by: Principal) -> BrowserSession:
        """End a recorded session. Raises NotFound, StoreError."""
        found = next((each for each in await self.sessions() if each.id == session_id), None)
        if found is None:
            raise NotFound(
                "the list has no session with this id; `hero_router access revoke` ends any"
            )
        await self._sessions.revoke(found.id, found.until)
        log.info("the browser session %s of %s was ended by %s", found.id, found.name, by.name)
        await self._follower.look_at_sessions()
        return found

    async def end_all(self, spared: str, by: Principal) -> int:
        """End all sessions, recorded or not, but the caller's, if `spared` is its id ("": all).

        Returns the time up to which they have begun (Unix ms).

        Raises Unauthorized if the caller's session is to be spared and was ended, StoreError.
        """
        before_ms = await self._sessions.revoke_all(spared, by.issued_ms)
        rest = f", except the session {spared}" if spared else ""
        log.info("all browser sessions were ended by %s%s", by.name, rest)
        await self._follower.look_at_sessions()
        return before_ms

    async def addresses(self) -> Sequence[Entry]:
        """The list of addresses. Raises StoreError."""
        return await self._addresses.entries()

    async def allow(self, network: Network, note: str, by: Principal) -> bool:
        """Add a network to the list; False if it was there. Raises StoreError."""
        added = await self._addresses.add(network, note)
        log.info(
            "%s may connect from now on: %s has added it to the list of addresses that may connect "
            "(note: %s)",
            network,
            by.name,
            note or "none",
        )
        await self._follower.look_at_addresses()
        return added

    async def disallow(self, network: Network, by: Principal) -> bool:
        """Remove a network from the list; False if it was not there. Raises StoreError."""
        removed = await self._addresses.remove(network)
        if removed:
            log.info(
                "%s was removed from the list of addresses that may connect, by %s",
                network,
                by.name,
            )
        await self._follower.look_at_addresses()
        return removed
