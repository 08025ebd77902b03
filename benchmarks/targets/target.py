"""The interface of a server that can be started, published to and measured."""

from collections.abc import Awaitable, Callable, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import Protocol

from benchmarks.load.workload_definitions import EventWorkload
from hero_router.position import Position

PATH = "/api/events"
"""Where every server streams."""


@dataclass(frozen=True, slots=True)
class Server:
    """A running server. Its clients receive exactly `EventWorkload.frame` of each published event.

    `pids` are the processes whose CPU time and memory count; it listens on `port` of 127.0.0.1, and
    `head` is the last position before the scenario's first event. `publish` hands over one batch
    without waiting for any client. A server that gives ids of its own is counted `by_data`.
    """

    pids: Sequence[int]
    port: int
    head: Position
    publish: Callable[[Sequence[int]], Awaitable[None]]
    by_data: bool = False


class Target(Protocol):
    """A kind of server: the product, a floor, a peer."""

    @property
    def name(self) -> str:
        """One word, as in the tables."""

    def start(self, scenario: EventWorkload) -> AbstractAsyncContextManager[Server]:
        """Run it on the server's core for as long as the block lasts. Raises Broken."""
