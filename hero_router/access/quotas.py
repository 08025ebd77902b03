"""Limits of what may be open at once, in total and by client address. Pure: no I/O, no clock."""

from collections import Counter
from typing import NamedTuple

from hero_router.access.networks import client_network
from hero_router.settings.proxies import is_this_machine


class Limits(NamedTuple):
    """How many may be open at once in all, and how many of one address; 0: no such limit."""

    in_total: int
    by_address: int


class Slot:
    """One that is open. `is_kept` says that another owner gives it back later."""

    __slots__ = ("_network", "_quota", "is_kept")

    def __init__(self, quota: "Quota", network: str) -> None:
        self._quota: Quota | None = quota
        self._network = network
        self.is_kept = False

    def give_back(self) -> None:
        """It is no longer open; a second call has no effect."""
        quota, self._quota = self._quota, None
        if quota is not None:
            quota.give_back(self._network)


class Quota:
    """Counts what is open in one worker.

    Addresses of this machine have no limit of their own: operators come from it. IPv6 addresses of
    one /64 network count as one.
    """

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._by_network = Counter[str]()
        self.open = 0

    def take(self, address: str) -> Slot | None:
        """A slot for one more of this address; None if a limit is reached."""
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
        """One of a network is no longer open (`Slot.give_back`)."""
        self.open -= 1
        self._by_network[network] -= 1
        if not self._by_network[network]:
            del self._by_network[network]
