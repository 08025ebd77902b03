"""Finds out which services exist: walks the root in a thread and groups the sockets by service."""

import asyncio
from collections.abc import Callable, Mapping

from hero_router.scan.inventory import Inventory
from hero_router.scan.naming import DiscoveredService, services
from hero_router.scan.protocols import Clock
from hero_router.scan.walk import SocketFile, WalkResult
from hero_router.settings.config import RouterConfig


class Discovery:
    """The sockets and services of one root, as of the last walk. `walk` blocks."""

    def __init__(self, config: RouterConfig, clock: Clock, walk: Callable[[], WalkResult]) -> None:
        self._node, self._clock, self._walk = config.node.name, clock, walk
        self._owners: Mapping[bytes, str] = {}
        self.inventory = Inventory(config.scan.stale_seconds)
        self.services: Mapping[str, DiscoveredService] = {}
        """By service id; services that may exist, but cannot be verified now, are among them."""
        self.complete = False
        """Whether the root was walked: before that nothing can be said to be gone."""

    def reset(self, inventory: Inventory) -> None:
        """Begin anew after another scanner held the lease, with what is inherited from it."""
        self.inventory, self.services, self.complete = inventory, {}, False

    async def refresh(self) -> None:
        """Walk the root once and take in what was found."""
        seconds = self._clock.monotonic()
        found = await asyncio.to_thread(self._refreshed, self.inventory, self.services, seconds)
        self.inventory, self.services = found
        self._owners = {
            file.raw: key for key, service in self.services.items() for file in service.sockets
        }
        self.complete = True

    def verified(self) -> list[SocketFile]:
        """The sockets that the last walk has seen."""
        missing = self.inventory.unverified
        return [file for raw, file in self.inventory.sockets.items() if raw not in missing]

    def unverified(self) -> Mapping[SocketFile, str]:
        """The sockets that may exist but were not seen by the last walk, each with the reason."""
        files = (self.inventory.sockets[raw] for raw in self.inventory.unverified)
        reasons = ((file, self.why_unverified(file.path)) for file in files)
        return {file: reason for file, reason in reasons if reason}

    def is_verified(self, file: SocketFile) -> bool:
        """Whether the last walk has seen this very file in its place."""
        here = self.inventory.sockets.get(file.raw) == file
        return here and file.raw not in self.inventory.unverified

    def why_unverified(self, path: str) -> str | None:
        """Why a socket that is not seen may still exist; None where it is gone."""
        return self.inventory.why_unverified(path, self._clock.monotonic())

    def owner(self, file: SocketFile) -> str | None:
        """The id of the service to which a socket belongs."""
        return self._owners.get(file.raw)

    def _refreshed(
        self, before: Inventory, known: Mapping[str, DiscoveredService], seconds: float
    ) -> tuple[Inventory, Mapping[str, DiscoveredService]]:
        """Inventory and services after a walk. Runs in a thread, so it changes nothing here."""
        inventory = before.after(self._walk(), seconds)
        if known and inventory.sockets == before.sockets:
            return inventory, known
        return inventory, services(self._node, inventory.sockets.values())
