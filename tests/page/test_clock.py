"""What time it is at the router, and how old frames are: whatever this machine's clocks do."""

from typing import Any

import pytest
import pytest_asyncio
from playwright.async_api import JSHandle, Page

pytestmark = pytest.mark.asyncio(loop_scope="session")

AHEAD = 5_000_000
"""How far the router's clock is ahead of this machine's."""

NEW = """async () => {
  const { Clock } = await import("/static/js/live/clock.js");
  const { StreamLag } = await import("/static/js/live/stream_lag.js");
  const time = { mono: 1_000, wall: 1_000_000 };
  const clock = new Clock({ mono: () => time.mono, wall: () => time.wall });
  return { time, clock, pulse: new StreamLag(clock) };
}"""


class PageClock:
    """A Clock in the browser, and the machine's clocks that it reads."""

    def __init__(self, handle: JSHandle) -> None:
        self.handle = handle
        self.true = 1_000 + AHEAD
        """The router's time: it goes on with every wait."""

    async def run(self, script: str, value: Any = None) -> Any:
        """Run a script with the clock."""
        return await self.handle.evaluate(f"(it, value) => {{ {script} }}", value)

    async def wait(self, ms: int, asleep: bool = False) -> None:
        """Time passes; while the machine sleeps its monotonic clock stands still."""
        self.true += ms
        await self.run(f"it.time.wall += value; it.time.mono += {int(not asleep)} * value;", ms)

    async def set_wall(self, ms: int) -> None:
        """Somebody sets the machine's time."""
        await self.run("it.time.wall += value;", ms)

    async def frame(self, event: str = "ping", late: int = 0, **data: Any) -> float:
        """A frame comes that was sent some time ago; how old it counts."""
        frame = {"event": event, "data": {"now": self.true - late, **data}}
        return float(
            await self.run("it.pulse.take(value, it.clock.now()); return it.pulse.delay;", frame)
        )

    async def delay(self) -> float:
        """How old the last frame counts now."""
        return float(await self.run("return it.pulse.delay;"))

    async def answer(self, up: int = 20, down: int = 20) -> None:
        """An answer comes that took so long each way."""
        asked = await self.run("return it.clock.now();")
        await self.wait(up)
        told = self.true
        await self.wait(down)
        await self.run("it.clock.answered(value[0], value[1], it.clock.now());", [told, asked])

    async def error(self) -> float:
        """By how much its idea of the router's time is wrong."""
        return float(await self.run("return it.clock.router();")) - self.true


@pytest_asyncio.fixture(loop_scope="session")
async def clock(quiet: Page) -> PageClock:
    """A clock that has been told nothing."""
    return PageClock(await quiet.evaluate_handle(NEW))


async def test_before_anything_is_told_it_is_this_machines_time(clock: PageClock) -> None:
    assert await clock.run("return it.clock.router();") == 1_000_000


async def test_an_answer_tells_the_time_to_within_the_way_back(clock: PageClock) -> None:
    await clock.answer(up=500, down=80)
    assert await clock.error() == -80
    await clock.answer(up=10, down=30)
    assert await clock.error() == -30


async def test_a_stream_that_is_held_back_from_the_start_is_late(clock: PageClock) -> None:
    """Its frames alone would look like a clock that is behind; an answer knows better."""
    assert await clock.frame("hello", late=30_000) == 0
    await clock.answer()
    assert await clock.delay() == pytest.approx(30_000, abs=100)
    await clock.wait(100)
    assert await clock.frame(late=0) == pytest.approx(0, abs=1)


async def test_a_frame_that_is_late_is_told_by_those_that_were_not(clock: PageClock) -> None:
    await clock.frame("hello")
    await clock.wait(15_000)
    assert await clock.frame() == pytest.approx(0, abs=20)
    await clock.wait(15_000)
    assert await clock.frame(late=4_000) == pytest.approx(4_000, abs=20)


@pytest.mark.parametrize("jump", [3_600_000, -3_600_000, 5_000])
async def test_a_machine_whose_time_is_set_is_neither_late_for_ever_nor_never(
    clock: PageClock, jump: int
) -> None:
    await clock.answer()
    await clock.frame("hello")
    await clock.set_wall(jump)
    await clock.wait(1_000)
    assert await clock.frame() < 3_000
    await clock.answer()
    assert await clock.frame() < 100
    assert await clock.frame(late=4_000) == pytest.approx(4_000, abs=100)


async def test_a_sleep_counts_though_the_monotonic_clock_stands_still(clock: PageClock) -> None:
    await clock.answer()
    await clock.frame("hello")
    before = await clock.run("return it.clock.now();")
    await clock.wait(600_000, asleep=True)
    assert await clock.run("return it.clock.now();") - before == 600_000
    assert await clock.frame() < 3_000
    assert await clock.frame(late=5_000) > 3_000


@pytest.mark.parametrize("jump", [-60_000, 60_000])
async def test_a_router_whose_clock_is_set_is_late_only_until_it_answers(
    clock: PageClock, jump: int
) -> None:
    """As after a failover to a Redis with another time."""
    await clock.answer()
    await clock.frame("hello")
    clock.true += jump
    await clock.frame()
    await clock.answer()
    assert await clock.delay() < 100
    assert abs(await clock.error()) < 100


async def test_clocks_that_drift_apart_are_followed(clock: PageClock) -> None:
    """One second a day or so; here much faster, for an hour."""
    await clock.answer()
    for _ in range(240):
        await clock.wait(15_000)
        clock.true -= 10
        assert await clock.frame() < 100


async def test_what_comes_again_is_old_by_right(clock: PageClock) -> None:
    """After a hello or a resync; only what happened since is late if it is old."""
    await clock.answer()
    await clock.frame("hello")
    await clock.wait(100)
    for event in ("service_updated", "status_change"):
        old = {"event": event, "data": {"at": clock.true - 60_000}}
        await clock.run("it.pulse.take(value, it.clock.now());", old)
        assert await clock.delay() < 100
    new = {"event": "scan", "data": {"at": clock.true}}
    await clock.wait(5_000)
    await clock.run("it.pulse.take(value, it.clock.now());", new)
    assert await clock.delay() == pytest.approx(5_000, abs=100)


async def test_frames_that_say_no_time_are_never_late(clock: PageClock) -> None:
    """As those of a router of an older version."""
    await clock.frame("hello")
    await clock.wait(60_000)
    await clock.run("it.pulse.take({ event: 'ping', data: {} }, it.clock.now());")
    assert await clock.delay() < 100
