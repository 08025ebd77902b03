"""The watchdog's second connection shows that Redis has lost events that the tail had read."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest

from hero_router.feed import tail_primary_check
from hero_router.feed.conditions import Conditions
from hero_router.feed.encoded_event import Entry, make_entry
from hero_router.feed.ring import Ring
from hero_router.feed.tail_primary_check import TailPrimaryCheck
from hero_router.position import ORIGIN, Position
from hero_router.store.stream_reader import StreamStatus
from tests.feed.world import EPOCH, events, position

RUN_ID = "a" * 40


class Scene:
    """A tail that has read five events and follows, and what the second connection tells."""

    following = True

    def __init__(self) -> None:
        self.ring, self.restarts = Ring(8), 0
        self.load(5)
        self.answer = StreamStatus(RUN_ID, position(5), times(5))
        this: Any = self
        conditions = Conditions(lambda: 0)
        self.watchdog = TailPrimaryCheck(this, self.ring, this, conditions, lambda: 0.0)
        self.meanwhile, self.asked = 0, list[int]()

    def load(self, last: int) -> None:
        """The tail loads the events up to this one."""
        self.ring.reset(entries(1, last, 1_000), (), position(last), RUN_ID[:12])

    def read(self, first: int, last: int = 0, published: int = 1_000) -> None:
        """The tail reads one event, or those up to another one."""
        for each in entries(first, last or first, published):
            self.ring.append([each])

    def restart(self) -> None:
        """See `Tail`."""
        self.restarts += 1

    async def stream_status(self, first: Position, most: int) -> StreamStatus:
        """See `NodeReader`: while Redis is asked, the tail reads on."""
        self.asked.append(first.seq)
        kept = sorted(place for place in self.answer.times if place >= first)[:most]
        if self.meanwhile:
            self.load(self.meanwhile)
        return replace(self.answer, times={place: self.answer.times[place] for place in kept})

    async def sees(self, **answer: Any) -> int:
        """One check, where the second connection tells this; returns the restarts so far."""
        self.answer = replace(self.answer, **answer)
        await self.watchdog.check()
        return self.restarts


def entries(first: int, last: int, published: int) -> list[Entry]:
    """Events, each published one millisecond after the one before."""
    found = (each._replace(at=published + each.position.seq) for each in events(first, last))
    return [make_entry(each) for each in found]


def times(last: int, published: int = 1_000) -> Mapping[Position, int]:
    """When the events up to this one were published."""
    return {position(seq): published + seq for seq in range(1, last + 1)}


@pytest.fixture
def scene() -> Scene:
    return Scene()


async def test_a_stream_behind_the_tail_restarts_it_once_until_it_has_loaded(scene: Scene) -> None:
    assert await scene.sees() == 0
    assert await scene.sees(head=position(3), times=times(3)) == 1
    assert await scene.sees() == 1, "a load that takes long is not begun anew"
    scene.load(3)
    assert await scene.sees() == 1
    assert await scene.sees(head=position(2), times=times(2)) == 2


async def test_another_event_at_a_position_that_was_read_restarts_the_tail(scene: Scene) -> None:
    told = {**times(3), position(4): 2_004, position(5): 2_005, position(6): 2_006}
    assert await scene.sees(head=position(6), times=told) == 1
    scene.load(3)
    assert await scene.sees() == 1


@pytest.mark.parametrize("head", [position(5), position(9)])
async def test_the_same_events_and_later_ones_are_well(scene: Scene, head: Position) -> None:
    assert await scene.sees(head=head, times=times(head.seq)) == 0


async def test_what_the_tail_reads_during_the_question_is_not_lost(scene: Scene) -> None:
    scene.meanwhile = 7
    assert await scene.sees(head=position(6), times=times(6)) == 0


async def test_another_process_has_a_stream_of_its_own(scene: Scene) -> None:
    """Which one is right is decided by how long they differ."""
    assert await scene.sees(run_id="b" * 40, head=position(3), times=times(3, 9_000)) == 0


async def test_a_stream_that_is_gone_is_reported_by_the_tail_itself(scene: Scene) -> None:
    assert await scene.sees(head=ORIGIN, times={}) == 0


async def test_an_earlier_epoch_is_behind_too(scene: Scene) -> None:
    assert await scene.sees(head=Position(EPOCH - 1, 900), times={}) == 1


async def test_all_events_are_compared_however_many_come_and_one_while_none_comes(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    """So a burst after lost events does not hide them."""
    monkeypatch.setattr(tail_primary_check, "MOST_COMPARED", 3)
    for _ in range(4):
        assert await scene.sees() == 0
    assert scene.asked == [0, 3, 5, 5]
    scene.read(6)
    scene.read(7, 12, published=2_000)
    told = {**times(5), **{position(seq): 2_000 + seq for seq in range(6, 13)}}
    assert await scene.sees(head=position(12), times=told) == 1


async def test_what_was_compared_before_the_tail_had_read_it_is_compared_again(
    scene: Scene,
) -> None:
    assert await scene.sees(head=position(7), times=times(7)) == 0
    scene.read(6)
    scene.read(7, 8, published=2_000)
    told = {**times(5), **{position(seq): 2_000 + seq for seq in (6, 7, 8)}}
    assert await scene.sees(head=position(8), times=told) == 1


async def test_events_that_left_the_window_are_not_asked_for(scene: Scene) -> None:
    assert await scene.sees() == 0
    scene.read(6, 13)
    assert await scene.sees(head=position(13), times=times(13)) == 0
    scene.read(14, 29)
    assert await scene.sees(head=position(29), times=times(29)) == 0
    assert scene.asked == [0, 5, 21]
