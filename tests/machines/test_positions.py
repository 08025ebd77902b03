"""The promise as a law: whatever happens, no page diverges in silence.

Random sequences of changes, trims, stalls, reconnects, worker restarts, deleted events, doubts,
keepalives, and a Redis that is emptied or comes back from an older dump; `page.Page` checks every
message, and in the end every page shows the registry.
"""

from collections.abc import Sequence

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule

from hero_router.feed.conditions import Condition
from tests.machines.page import Page
from tests.machines.world import KERNEL_BYTES, PING_SECONDS, WINDOW, Worker, World

names = st.sampled_from(["a", "b", "c"])
which = st.integers(0, 1)
readers = st.sampled_from([(), (0,), (1,), (0, 1), (0, 1)])
counts = st.sampled_from([1, 2, 3, WINDOW - 1, WINDOW, WINDOW + 1, WINDOW * 3])


class Positions(RuleBasedStateMachine):
    """Two workers over one Redis, and two pages that wander between them."""

    @initialize()
    def begin(self) -> None:
        """Both pages look at a world that has seen some events."""
        self.number = 0
        self.world = World()
        self.world.change("a", self._number())
        self.workers = [Worker(self.world), Worker(self.world)]
        self.pages = [Page(self.world), Page(self.world)]
        for page, worker in zip(self.pages, self.workers, strict=True):
            page.fetch(worker)
            page.connect(worker)
        self.dump = self.world.dump()

    def _number(self) -> int:
        self.number += 1
        return self.number

    @rule(name=names, count=counts, readers=readers)
    def changes(self, name: str, count: int, readers: Sequence[int]) -> None:
        """Some changes, or a burst that is larger than the window; some workers notice at once."""
        for _ in range(count):
            self.world.change(name, self._number())
        self.reads(readers)

    @rule(name=names, readers=readers)
    def removal(self, name: str, readers: Sequence[int]) -> None:
        """A service leaves."""
        self.world.remove(name)
        self.reads(readers)

    @rule(readers=readers)
    def reads(self, readers: Sequence[int]) -> None:
        """Workers catch up with the stream."""
        for worker in readers:
            self.workers[worker].catch_up()

    @rule(page=which, count=counts, name=names)
    def stall(self, page: int, count: int, name: str) -> None:
        """A page stops reading while its worker streams on."""
        self.pages[page].stalled = self.pages[page].worker is not None
        for _ in range(count):
            self.changes(name, 1, (0, 1))

    @rule(back=st.integers(0, WINDOW - 1), readers=readers)
    def deletion(self, back: int, readers: Sequence[int]) -> None:
        """XDEL of one event; workers that load anew find the hole."""
        self.world.delete(back)
        self.reads(readers)

    @rule(worker=which, number=st.integers(0, 2), size=st.sampled_from([1, 2 * KERNEL_BYTES]))
    def doubts(self, worker: int, number: int, size: int) -> None:
        """Nodes are lost or come back; what is told of them may be more than a kernel takes."""
        lost = tuple(Condition("scanner", f"n{each}", each, "x" * size) for each in range(number))
        self.workers[worker].hub.send_conditions(lost)

    @rule(worker=which)
    def pings(self, worker: int) -> None:
        self.workers[worker].pass_time(PING_SECONDS)

    @rule(page=which)
    def page_reads_on(self, page: int) -> None:
        self.pages[page].resume()

    @rule(page=which, worker=which)
    def page_connects(self, page: int, worker: int) -> None:
        self.pages[page].connect(self.workers[worker])

    @rule(page=which, worker=which)
    def page_fetches(self, page: int, worker: int) -> None:
        self.pages[page].fetch(self.workers[worker])

    @rule(worker=which)
    def time_passes(self, worker: int) -> None:
        self.workers[worker].pass_time()

    @rule(worker=which, kill=st.booleans())
    def worker_trouble(self, worker: int, kill: bool) -> None:
        """SIGKILL, which cuts its pages off, or just a lost connection to Redis."""
        if not kill:
            self.workers[worker].reconnect()
            return
        for page in self.pages:
            if page.worker is self.workers[worker]:
                page.disconnect()
        self.workers[worker] = Worker(self.world)

    @rule(kind=st.sampled_from(["saved", "restarted", "restored", "restored", "emptied"]))
    def redis_trouble(self, kind: str) -> None:
        """Redis writes a dump, restarts with all its data, from that dump, or is emptied."""
        if kind == "saved":
            self.dump = self.world.dump()
        elif kind == "emptied":
            self.world.empty()
        else:
            self.world.restart(self.world.dump() if kind == "restarted" else self.dump)

    def teardown(self) -> None:
        """Let everything come to rest: then every page shows what the registry holds."""
        if not hasattr(self, "world"):
            return
        try:
            self._settle()
        finally:
            self.world.close()

    def _settle(self) -> None:
        self.world.change("last", self._number())
        for worker in self.workers:
            worker.reconnect()
            worker.catch_up()
        for page in self.pages:
            page.resume()
            if page.worker is None:
                page.connect(self.workers[0])
        for worker in self.workers:
            worker.pass_time()
        registry = self.world.records()
        for page in self.pages:
            assert page.settled(self.workers[0]) == registry


TestPositions = pytest.mark.limit(400)(Positions.TestCase)
TestPositions.settings = settings(
    max_examples=min(25, settings().max_examples),
    stateful_step_count=30,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
)
