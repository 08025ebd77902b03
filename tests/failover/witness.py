"""A page that follows a worker through any fault, and checks that it never diverges unnoticed."""

import asyncio
import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any

from hero_router.errors import StoreError
from hero_router.position import Position
from hero_router.settings.redis import RedisSettings
from hero_router.sse import Message
from tests.support.background import meanwhile
from tests.support.hand import Hand
from tests.support.wait import PATIENCE_SECONDS, eventually
from tests.web.live import WINDOW, Listener, Live, working

CONTROL = ("hello", "ping", "stale", "fresh", "resync")


class Witness:
    """Applies all that one client receives to a state, by the rules of the page.

    Each message is checked as it comes: positions strictly increase, and each jump is covered by
    one resync that says exactly how far it goes, or that nobody can know.
    """

    def __init__(self, live: Live, listener: Listener) -> None:
        self._live, self._listener = live, listener
        self.place: Position | None = None
        self.state: dict[str, Mapping[str, Any]] = {}
        self.resyncs: list[int | None] = []
        self._snapshot_at: Position | None = None
        self._since: list[tuple[Position, Mapping[str, Any]]] = []
        self._wanted: tuple[str, Position] | None = None

    @property
    def names(self) -> set[str]:
        """The names of the services in its state."""
        return {item["name"] for item in self.state.values()}

    async def run(self) -> None:
        """Take messages until cancelled."""
        taken = 0
        while True:
            while taken < len(self._listener.messages):
                self._take(self._listener.messages[taken])
                taken += 1
            if self._wanted is not None:
                self._replace(await self._live.state())
            await asyncio.sleep(0.005)

    def _take(self, message: Message) -> None:
        place, data = Position.parse(message.last_id), json.loads(message.data)
        if message.event == "hello":
            assert place is not None
            self.place, self._wanted = place, (data["run_id"], place)
        elif message.event == "resync":
            assert place is not None
            self._check_resync(place, data["dropped"])
            self.place, self._since = place, []
            self._wanted = (data["run_id"], place)
        elif message.event == "ping":
            assert place in (None, self.place), "a ping is ahead of the data"
        elif message.event not in CONTROL:
            assert place is not None
            self._check_event(place)
            self.place = place
            self._since.append((place, data))
            self._fold(place, data)

    def _check_resync(self, base: Position, dropped: int | None) -> None:
        self.resyncs.append(dropped)
        if dropped is None:
            # What comes next may lie before what a lost history told.
            self._snapshot_at = None
            return
        assert self.place is not None
        assert base.epoch == self.place.epoch
        assert dropped == base.seq - self.place.seq > 0

    def _check_event(self, place: Position) -> None:
        before = self.place
        assert before is not None
        opens = place.seq == 1 and place.epoch > before.epoch
        assert place == before.next() or opens, f"a silent jump from {before} to {place}"

    def _replace(self, answer: Mapping[str, Any]) -> None:
        assert self._wanted is not None
        store, base = self._wanted
        cursor = Position.parse(answer["cursor"])
        if answer["run_id"] != store or cursor is None or cursor < base:
            return
        self.state = {item["id"]: item for item in answer["services"]}
        self._snapshot_at, self._wanted = cursor, None
        for place, data in self._since:
            self._fold(place, data)
        self._since = []

    def _fold(self, place: Position, data: Mapping[str, Any]) -> None:
        if self._snapshot_at is not None and place <= self._snapshot_at:
            return
        if (record := data.get("service")) is not None:
            self.state[record["id"]] = record
        elif "id" in data:
            self.state.pop(data["id"], None)

    async def agrees(self, hand: Hand, head: Position, within: float = PATIENCE_SECONDS) -> None:
        """Wait until it stands at `head`; then its state is what Redis holds."""
        await eventually(
            lambda: self.place == head and self._wanted is None, within, f"the page is at {head}"
        )
        assert {key: item["status"] for key, item in self.state.items()} == await hand.statuses()


@asynccontextmanager
async def witnessing(live: Live) -> AsyncIterator[Witness]:
    """A page that follows this worker; what it found wrong is raised at the end."""
    async with live.listening() as listener:
        witness = Witness(live, listener)
        async with meanwhile(witness.run()):
            yield witness


@asynccontextmanager
async def following(to: RedisSettings | str) -> AsyncIterator[tuple[Hand, Live, Witness]]:
    """A worker on this Redis, a writer, and a page that follows."""
    to = RedisSettings(to) if isinstance(to, str) else to
    hand = Hand(to, WINDOW)
    try:
        await hand.begin(services=3)
        async with working(to.url, redis_password_file=to.password_file) as live:
            await live.reaches(await hand.change("s0"))
            async with witnessing(live) as witness:
                yield hand, live, witness
    finally:
        await hand.close()


async def begins_again(hand: Hand) -> None:
    """Wait until the writer has found the new primary and taken its lease there."""

    async def taken() -> bool:
        try:
            await hand.begin()
        except StoreError:
            return False
        return True

    await eventually(taken, message="a primary takes writes")
