"""The writer of the history: once a minute, later if Redis fails, and never in the scans' way."""

import asyncio
import logging
from collections.abc import Callable
from dataclasses import dataclass, field, replace

import pytest

from hero_router.errors import Fenced, StoreFull, StoreUnreachable
from hero_router.history.minute_writes import Row
from hero_router.history.rings import MINUTE_MS
from hero_router.model import Status
from hero_router.scan.history_writer import MOST_PENDING, HistoryWriter
from hero_router.scan.minute_recorder import MinuteRecorder
from hero_router.store.lease import Grant
from tests.scan.fakes import MemoryHistory, MemoryLease, MemoryRegistry, MemoryStore
from tests.scan.node import Node
from tests.scan.services import Services, good
from tests.scan.waiting import until
from tests.support.records import record

START = 1000


class Done(Exception):
    """The time of a test is over."""


@dataclass
class Time:
    """A clock that passes whenever somebody waits, up to an end."""

    end_minute: int
    now_ms: int = START * MINUTE_MS + 30_000
    after_wait: Callable[[int], None] = field(default=lambda _: None)

    def monotonic(self) -> float:
        return self.now_ms / 1000

    async def wait(self, _: asyncio.Event, /, seconds: float) -> bool:
        assert 0 <= seconds <= 60
        self.now_ms += max(round(seconds * 1000), 1)
        self.after_wait(self.now_ms // MINUTE_MS)
        if self.now_ms >= self.end_minute * MINUTE_MS + 2:
            raise Done
        return False


class OfTime(MemoryLease):
    """A lease by the clock of the test."""

    def __init__(self, store: MemoryStore, time: Time) -> None:
        super().__init__(store, "n", "one")
        self._time = time

    def now_ms(self) -> int:
        return self._time.now_ms


@dataclass
class Writing:
    """A writer, its store, and its clock."""

    time: Time
    store: MemoryStore = field(default_factory=MemoryStore)
    watching: bool = True

    def __post_init__(self) -> None:
        known = record("a", "n")
        self.store.records[known.id] = known
        self.store.holder = "one:1"
        self.grant = Grant("n", "one", 1)
        self.recorder = MinuteRecorder()
        self.writer = HistoryWriter(
            MemoryHistory(self.store),
            self.recorder,
            MemoryRegistry(self.store),
            OfTime(self.store, self.time),
            self.time,
            lambda: self.watching,
        )

    async def run(self) -> None:
        self.writer.begin()
        with pytest.raises(Done):
            await self.writer.run(self.grant)

    @property
    def written(self) -> list[tuple[int, str]]:
        return [
            (minute.minute, row.letter)
            for minute in self.store.minutes
            for row in minute.rows.values()
        ]


async def test_each_minute_is_written_once_when_it_is_over() -> None:
    writing = Writing(Time(START + 4))
    await writing.run()
    assert writing.written == [(START + number, "h") for number in range(4)]
    assert {minute.begun for minute in writing.store.minutes} == {START}


async def test_minutes_without_a_look_at_the_sockets_are_not_known() -> None:
    writing = Writing(Time(START + 3), watching=False)
    await writing.run()
    assert {letter for _, letter in writing.written} == {"?"}


async def test_a_minute_that_redis_refuses_is_written_later_and_that_is_logged_once(
    caplog: pytest.LogCaptureFixture,
) -> None:
    writing = Writing(Time(START + 5))

    def trouble(minute: int) -> None:
        full = minute in (START + 1, START + 2)
        writing.store.history_trouble = StoreFull("no memory") if full else None
        told.append(writing.writer.trouble)

    told: list[str | None] = []
    writing.time.after_wait = trouble
    with caplog.at_level(logging.INFO, "hero_router.scan"):
        await writing.run()
    assert [minute for minute, _ in writing.written] == [START + number for number in range(5)]
    warned = [item for item in caplog.records if item.levelno == logging.WARNING]
    assert [item.getMessage() for item in warned] == [
        "the scanner cannot write the history of services now, and tries again: no memory"
    ]
    assert "the history of services cannot be written: no memory" in told
    assert writing.writer.trouble is None


async def test_a_minute_at_whose_end_redis_is_away_keeps_its_trouble_and_is_not_healthy() -> None:
    writing = Writing(Time(START + 4))
    well, other = record("a", "n"), record("b", "n")
    writing.store.records[other.id] = other
    ill = replace(well, status=Status.UNHEALTHY, reason="no answer in 2 s")
    writing.recorder.changed(well.id, well, ill)
    writing.recorder.changed(well.id, ill, well)
    writing.recorder.probed(well.id, 1.0)
    writing.recorder.probed(other.id, 1.0)
    troubles = iter([StoreUnreachable("away"), StoreUnreachable("away")])

    def trouble(_: int) -> None:
        writing.store.trouble = next(troubles, None)

    writing.time.after_wait = trouble
    await writing.run()
    first, *later = writing.store.minutes
    assert first.minute == START
    assert first.rows == {well.id: Row("u", "CC"), other.id: Row("?", "CC")}
    assert [minute.minute for minute in later] == [START + 1, START + 2, START + 3]
    assert {row for minute in later for row in minute.rows.values()} == {Row("h")}


async def test_the_trouble_of_a_node_without_services_ends_as_well(
    caplog: pytest.LogCaptureFixture,
) -> None:
    writing = Writing(Time(START + 4))
    writing.store.records.clear()
    told: list[str | None] = []

    def trouble(minute: int) -> None:
        told.append(writing.writer.trouble)
        writing.store.trouble = StoreUnreachable("away") if minute <= START + 2 else None

    writing.time.after_wait = trouble
    with caplog.at_level(logging.INFO, "hero_router"):
        await writing.run()
    assert "the history of services cannot be written: away" in told
    assert writing.writer.trouble is None
    assert [item.getMessage() for item in caplog.records] == [
        "the scanner cannot write the history of services now, and tries again: away",
        "Redis is back: the scanner can write the history of services again",
    ]


async def test_so_many_minutes_wait_and_no_more() -> None:
    writing = Writing(Time(START + 30))

    def trouble(minute: int) -> None:
        full = minute < START + 20
        writing.store.history_trouble = StoreFull("no memory") if full else None

    writing.time.after_wait = trouble
    await writing.run()
    assert writing.written[0][0] == START + 20 - MOST_PENDING
    assert writing.written[-1][0] == START + 29


async def test_a_scanner_that_lost_its_lease_stops_to_write() -> None:
    writing = Writing(Time(START + 5))
    writing.store.holder = "two:2"
    writing.writer.begin()
    with pytest.raises(Fenced):
        await writing.writer.run(writing.grant)
    assert writing.written == []


async def test_a_scanner_that_ends_writes_what_it_saw_of_the_running_minute() -> None:
    writing = Writing(Time(START + 5))
    writing.writer.begin()
    await writing.writer.finish(writing.grant)
    assert writing.written == [(START, "h")]


async def test_a_clock_that_is_set_is_followed_in_its_own_minute() -> None:
    writing = Writing(Time(START + 3))
    steps = iter([0, 0, -10 * MINUTE_MS])

    def set_back(_: int) -> None:
        writing.time.now_ms += next(steps, 0)

    writing.time.after_wait = set_back
    await writing.run()
    minutes = [minute for minute, _ in writing.written]
    assert minutes[:4] == [START, START + 1, START + 2, START + 3 - 10]


async def test_a_service_that_went_and_came_back_between_two_minutes_was_not_healthy(
    node: Node, services: Services
) -> None:
    await services.start("a.sock", good())
    async with node.running():
        await until(lambda: node.is_up("a.sock"), "the service")
        await services.stop("a.sock")
        await until(lambda: node.store.statuses() == {"a": "inactive"}, "nothing listens")
        await services.start("a.sock", good())
        await until(lambda: node.is_up("a.sock"), "the service again")
    letters = {row.letter for minute in node.store.minutes for row in minute.rows.values()}
    assert letters & {"i", "g"}


async def test_a_scanner_that_cannot_publish_or_hangs_does_not_watch(
    node: Node, services: Services
) -> None:
    """So its minutes are not healthy by old records, as web workers count its node as lost."""
    await services.start("a.sock", good())
    async with node.running():
        await until(lambda: node.is_up("a.sock"), "the service")
        await node.quiet()
        node.store.refusals = 1_000_000
        node.clock.ahead += 60
    (row,) = node.store.minutes[-1].rows.values()
    assert row.letter == "?"


async def test_a_running_scanner_writes_its_minute_when_it_ends_and_no_scan_waits_for_the_history(
    node: Node, services: Services
) -> None:
    await services.start("a.sock", good())
    node.store.history_trouble = StoreFull("no memory")
    async with node.running():
        await until(lambda: node.is_up("a.sock"), "the service")
        await node.quiet()
        node.store.history_trouble = None
    # The clock's minute may have ended between the last probe and the end of the scanner.
    rows = [row for minute in node.store.minutes for row in minute.rows.values()]
    assert {row.letter for row in rows} == {"h"}
    assert {row.figures for row in rows} != {"--"}
