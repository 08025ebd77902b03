"""Finds the services in the socket folder: walks it in a thread and groups sockets by service."""

import asyncio
from collections.abc import Callable, Mapping

from hero_router.scan.dependency_protocols import Clock
from hero_router.scan.inventory import Inventory
from hero_router.scan.service_names import DiscoveredService, services
from hero_router.scan.walk import SocketFile, WalkResult
from hero_router.settings.config import RouterConfig


class Discovery:
    """The sockets and services that the last walk found. `walk` blocks, so it runs in a thread."""

    def __init__(self, config: RouterConfig, clock: Clock, walk: Callable[[], WalkResult]) -> None:
        self._node, self._clock, self._walk = config.node.name, clock, walk
        self._owners: Mapping[bytes, str] = {}
        self.inventory = Inventory(config.scan.stale_seconds)
        self.services: Mapping[str, DiscoveredService] = {}
        """All services by id, also those that the last walk could not verify."""
        self.complete = False
        """Whether the socket folder was walked; before that, no service counts as gone."""

    def reset(self, inventory: Inventory) -> None:
        """Start again with this inventory, after another scanner held the lease."""
        self.inventory, self.services, self.complete = inventory, {}, False

    async def refresh(self) -> None:
        """Walk the socket folder once, and update sockets and services."""
        seconds = self._clock.monotonic()
        found = await asyncio.to_thread(self._refreshed, self.inventory, self.services, seconds)
        self.inventory, self.services = found
        self._owners = {
            file.raw: key for key, service in self.services.items() for file in service.sockets
        }
        self.complete = True

    def verified(self) -> list[SocketFile]:
        """The sockets that the last walk found."""
        missing = self.inventory.unverified
        return [file for raw, file in self.inventory.sockets.items() if raw not in missing]

    def unverified(self) -> Mapping[SocketFile, str]:
        """The sockets that may exist though the last walk did not find them, with the reasons."""
        files = (self.inventory.sockets[raw] for raw in self.inventory.unverified)
        reasons = ((file, self.why_unverified(file.path)) for file in files)
        return {file: reason for file, reason in reasons if reason}

    def is_verified(self, file: SocketFile) -> bool:
        """Whether the last walk found this socket file, and no newer one at its path."""
        here = self.inventory.sockets.get(file.raw) == file
        return here and file.raw not in self.inventory.unverified

    def why_unverified(self, path: str) -> str | None:
        """Why a socket that was not found may still exist; None if the socket is gone."""
        return self.inventory.why_unverified(path, self._clock.monotonic())

    def owner(self, file: SocketFile) -> str | None:
        """The id of the service to which a socket belongs; None if not known."""
        return self._owners.get(file.raw)

    def _refreshed(
        self, before: Inventory, known: Mapping[str, DiscoveredService], seconds: float
    ) -> tuple[Inventory, Mapping[str, DiscoveredService]]:
        """Walk, and compute the new inventory and services. Runs in a thread; changes no state."""
        inventory = before.after(self._walk(), seconds)
        if known and inventory.sockets == before.sockets:
            return inventory, known
        return inventory, services(self._node, inventory.sockets.values())
