"""How a page notices that it was asleep, that its stream is late or lost, and what it does then."""

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from playwright.async_api import Page

from tests.page.following import Following, followed

pytestmark = pytest.mark.asyncio(loop_scope="session")


@pytest_asyncio.fixture(loop_scope="session")
async def following(quiet: Page) -> AsyncIterator[Following]:
    """A page that is live."""
    async with followed(quiet) as made:
        await made.live()
        yield made


async def late(following: Following) -> None:
    """A ping comes that is 4 s old, and the page looks at it."""
    await following.pinged("1-5", age=4_000)
    await following.do("tick")


async def test_a_page_whose_ticks_are_a_little_late_was_not_asleep(following: Following) -> None:
    for _ in range(2):
        await following.wait(6_000)
        await following.do("tick")
    assert await following.did("open") == 1


async def test_a_page_whose_ticks_stood_still_was_asleep(following: Following) -> None:
    """It opens its stream anew, asks what time it is, and is live again with the next frame."""
    await following.wait(6_001)
    await following.do("tick")
    assert await following.fresh() == ("asleep", "none")
    assert await following.did("open") == 2
    assert await following.asked("recent 1") == 1
    await following.recent("1-5")
    await following.ticks(1)
    assert await following.did("open") == 2, "it woke up once"
    assert await following.fresh() == ("asleep", "none")
    await following.pinged("1-5")
    assert await following.fresh() == ("live", "all")


async def test_a_hidden_page_whose_ticks_are_rare_is_not_asleep_while_frames_come(
    following: Following,
) -> None:
    await following.hidden(True)
    await following.wait(45_000)
    await following.do("tick")
    assert await following.did("open") == 1
    await following.pinged("1-5")
    await following.wait(45_001)
    await following.do("tick")
    assert await following.did("open") == 2


async def test_once_a_stream_is_late_the_router_is_asked_whether_it_answers(
    following: Following,
) -> None:
    await following.ticks(18)
    assert await following.asked("lives") == 0
    await following.ticks(3)
    assert await following.fresh() == ("late", "none")
    assert await following.asked("lives") == 1
    assert await following.page_knows("lives") is None
    before = await following.changes()
    await following.answers("lives", True)
    assert await following.page_knows("lives") is True
    assert await following.changes() > before
    await following.pinged("1-5")
    assert await following.page_knows("lives") is None


async def test_each_time_it_is_late_it_is_asked_anew(following: Following) -> None:
    """Also where it was live only between two ticks; and an old answer says nothing any more."""
    await late(following)
    await following.wait(10)
    await following.pinged("1-5")
    await late(following)
    assert await following.asked("lives") == 2
    await following.answers("lives", False)
    assert await following.page_knows("lives") is None
    await following.answers("lives", True)
    assert await following.page_knows("lives") is True


async def test_what_a_router_answered_is_not_told_of_the_next_stream(
    following: Following,
) -> None:
    await late(following)
    await following.answers("lives", True)
    await following.lost()
    await following.ticks(1)
    now = await following.now() - 4_000
    await following.frame("hello", "1-5", run_id="r1", ping_seconds=15, now=now)
    await following.do("tick")
    assert await following.fresh() == ("late", "none")
    assert await following.page_knows("lives") is None
    assert await following.asked("lives") == 2


async def test_a_router_whose_clock_was_set_is_not_late_once_it_has_answered(
    following: Following,
) -> None:
    set_back = 60_000
    await following.pinged("1-5", age=set_back)
    await following.do("tick")
    assert await following.fresh() == ("late", "none")
    await following.recent("1-5", now=await following.now() - set_back)
    assert await following.fresh() == ("live", "all")


async def test_a_page_without_a_stream_polls_after_ten_seconds_each_five(
    following: Following,
) -> None:
    await following.lost()
    await following.ticks(10)
    assert await following.asked("services") == 1
    await following.ticks(1)
    assert await following.asked("services") == 2
    await following.state("1-6", "b")
    assert await following.fresh() == ("polling", "none")
    assert await following.shown() == ["b"]
    for milliseconds, asked in ((4_999, 2), (1, 3)):
        await following.wait(milliseconds)
        await following.do("tick")
        assert await following.asked("services") == asked
    assert await following.asked("lives") == 0, "it is no stream that is late"


async def test_a_page_whose_stream_is_late_for_long_polls_too(following: Following) -> None:
    await late(following)
    await following.answers("lives", True)
    await following.ticks(10)
    assert await following.asked("services") == 1
    await following.ticks(1)
    await following.state("1-6", "b")
    assert await following.fresh() == ("polling", "none")
    await following.ticks(5)
    assert await following.asked("services") == 3
    assert await following.asked("lives") == 1
    assert await following.page_knows("lives") is True


async def test_a_hidden_page_does_not_poll(following: Following) -> None:
    await following.hidden(True)
    await following.lost()
    await following.ticks(20)
    assert await following.asked("services") == 1
    await following.hidden(False)
    await following.do("tick")
    assert await following.asked("services") == 2


async def test_a_page_that_is_loading_does_not_poll_as_well(following: Following) -> None:
    await following.resync("1-9")
    await following.lost()
    await following.ticks(20)
    assert await following.asked("services") == 2


async def test_only_what_was_taken_counts_as_polled(following: Following) -> None:
    """A worker that lags answers with an older state."""
    await following.lost()
    await following.ticks(11)
    await following.state("1-4", "old")
    assert await following.fresh() == ("reconnecting", "none")
    assert await following.shown() == ["a"]


async def test_what_was_polled_or_failed_before_the_stream_came_back_does_not_count(
    following: Following,
) -> None:
    await following.lost()
    await following.ticks(11)
    await following.state("1-6", "a")
    await following.ticks(5)
    await following.fails("services")
    assert await following.page_knows("error") == "the router answers 502"
    await following.greeted("1-6")
    assert await following.page_knows("error") is None
    await following.lost()
    await following.ticks(11)
    assert await following.fresh() == ("reconnecting", "none")


async def test_a_state_that_was_loaded_while_the_stream_was_live_was_not_polled(
    following: Following,
) -> None:
    await following.resync("1-9")
    await following.state("1-9", "a")
    await following.lost()
    await following.ticks(11)
    assert await following.fresh() == ("reconnecting", "none")
