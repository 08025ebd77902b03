"""One piece of work for all who wait for it, and none for nobody."""

import asyncio

import pytest

from hero_router.singleflight import SingleFlight
from tests.support.wait import eventually


class Work:
    """Counts what became of it; ends when released."""

    def __init__(self) -> None:
        self.release = asyncio.Event()
        self.started = self.ended = 0

    async def run(self) -> str:
        """Wait, then give a result."""
        self.started += 1
        try:
            await self.release.wait()
        finally:
            self.ended += 1
        return "result"


async def test_all_who_wait_share_one_run_and_late_ones_its_result() -> None:
    work = Work()
    flight = SingleFlight(work.run())
    waiting = [asyncio.create_task(flight.result()) for _ in range(5)]
    await eventually(lambda: work.started == 1, message="the work did not start")
    work.release.set()
    assert [await task for task in waiting] == ["result"] * 5
    assert flight.open
    assert await flight.result() == "result"
    assert work.started == 1


async def test_one_who_leaves_does_not_take_the_result_from_the_others() -> None:
    work = Work()
    flight = SingleFlight(work.run())
    leaves, stays = asyncio.create_task(flight.result()), asyncio.create_task(flight.result())
    await eventually(lambda: work.started == 1, message="the work did not start")
    leaves.cancel()
    await asyncio.gather(leaves, return_exceptions=True)
    assert flight.open
    work.release.set()
    assert await stays == "result"


async def test_when_the_last_one_leaves_the_work_ends_and_nobody_may_join() -> None:
    work = Work()
    flight = SingleFlight(work.run())
    waiting = [asyncio.create_task(flight.result()) for _ in range(2)]
    await eventually(lambda: work.started == 1, message="the work did not start")
    for task in waiting:
        task.cancel()
    await asyncio.gather(*waiting, return_exceptions=True)
    assert not flight.open
    await eventually(lambda: work.ended == 1, message="the work goes on for nobody")
    assert not flight.open


async def test_an_error_reaches_all_who_wait_and_is_not_kept_for_others() -> None:
    async def fails() -> None:
        raise ValueError("no")

    flight = SingleFlight(fails())
    outcomes = await asyncio.gather(flight.result(), flight.result(), return_exceptions=True)
    assert [str(outcome) for outcome in outcomes] == ["no", "no"]
    assert not flight.open
    with pytest.raises(ValueError, match="no"):
        await flight.result()
