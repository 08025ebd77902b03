"""The seam of the benchmark: a server that can be started, published to and measured."""

from collections.abc import Sequence
from contextlib import AbstractAsyncContextManager
from typing import Protocol

from benchmarks.scenario import Scenario
from hero_router.position import Position


class Server(Protocol):
    """A running server. Its clients receive exactly `Scenario.frame` of each published event."""

    @property
    def pid(self) -> int:
        """The process whose CPU time and memory count."""

    @property
    def port(self) -> int:
        """Where it listens on 127.0.0.1."""

    @property
    def head(self) -> Position:
        """The last position before the scenario's first event."""

    async def publish(self, numbers: Sequence[int]) -> None:
        """Hand over one batch, without waiting for any client."""


class Target(Protocol):
    """A kind of server: the product, a floor, a peer."""

    @property
    def name(self) -> str:
        """One word, as in the tables."""

    def start(self, scenario: Scenario) -> AbstractAsyncContextManager[Server]:
        """Run it on the server's core for as long as the block lasts. Raises Broken."""
