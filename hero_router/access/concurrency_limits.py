"""Limits how many streams or calls are open at once, in total and for each client address.

Pure: no I/O, no clock.
"""

from collections import Counter
from typing import NamedTuple

from hero_router.access.ip_allowlist import client_network
from hero_router.settings.trusted_proxies import is_this_machine


class Limits(NamedTuple):
    """The most streams or calls open at once, in total and for one client address; 0: no limit."""

    in_total: int
    by_address: int


class Slot:
    """One open stream or call, as a quota counts it. `is_kept`: it stays open after its request."""

    __slots__ = ("_network", "_quota", "is_kept")

    def __init__(self, quota: "ConcurrencyLimit", network: str) -> None:
        self._quota: ConcurrencyLimit | None = quota
        self._network = network
        self.is_kept = False

    def give_back(self) -> None:
        """Count it as closed; a second call has no effect."""
        quota, self._quota = self._quota, None
        if quota is not None:
            quota.give_back(self._network)


class ConcurrencyLimit:
    """Counts the open streams, or the open calls, of one worker.

    Addresses of this machine have no limit of their own: operators come from it. IPv6 addresses of
    one /64 network count as one.
    """

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._by_network = Counter[str]()
        self.open = 0

    def take(self, address: str) -> Slot | None:
        """Count one more for this client address; None if a limit is reached."""
        total, by_address = self._limits
        if total and self.open >= total:
            return None
        network = "" if is_this_machine(address) else client_network(address)
        if by_address and network and self._by_network[network] >= by_address:
            return None
        self.open += 1
        self._by_network[network] += 1
        return Slot(self, network)

    def give_back(self, network: str) -> None:
        """Count one less for a client's network; for `Slot.give_back`."""
        self.open -= 1
        self._by_network[network] -= 1
        if not self._by_network[network]:
            del self._by_network[network]
