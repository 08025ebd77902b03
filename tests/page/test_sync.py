"""How a page keeps its state current: when it asks, how often, and what it makes of the answers."""

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from playwright.async_api import Page

from tests.page.following import AHEAD, STARTED, Following, followed

pytestmark = pytest.mark.asyncio(loop_scope="session")


@pytest_asyncio.fixture(loop_scope="session")
async def following(quiet: Page) -> AsyncIterator[Following]:
    """A page that was not started yet."""
    async with followed(quiet) as made:
        yield made


async def test_a_page_opens_its_stream_and_asks_for_state_and_events_at_once(
    following: Following,
) -> None:
    """The store can take either first, so nothing waits for anything."""
    await following.start()
    assert await following.did("open") == 1
    assert await following.asked("services") == 1
    assert await following.asked("recent 100") == 1
    event = {"event": "service_removed", "id": "1-5", "data": {"id": "x", "name": "x", "at": 1}}
    await following.recent("1-5", event)
    assert await following.run("return it.store.lines.all.length;") == 1
    await following.state("1-5", "a")
    assert await following.shown() == ["a"]


async def test_the_stream_is_asked_for_what_follows_the_pages_position(
    following: Following,
) -> None:
    assert await following.run("return it.stream.told.cursor();") is None
    await following.live()
    assert await following.run("return it.stream.told.cursor();") == "1-5"


async def test_all_that_comes_is_drawn(following: Following) -> None:
    await following.live()
    for script in (
        "it.follower.tick();",
        "it.follower.wake();",
        "it.stream.told.state();",
        "it.stream.told.frame({ event: 'ping', id: '1-5', data: {} });",
    ):
        before = await following.changes()
        await following.run(script)
        assert await following.changes() > before, script
    before = await following.changes()
    await following.recent("1-5")
    assert await following.changes() > before
    await following.lost()
    await following.ticks(11)
    before = await following.changes()
    await following.fails("services")
    assert await following.changes() > before, "an error is news too"


async def test_every_answer_tells_what_time_it_is_at_the_router(following: Following) -> None:
    await following.start()
    await following.state("1-5")
    assert await following.run("return it.clock.router();") == AHEAD + STARTED
    await following.recent("1-5", now=STARTED)
    assert await following.run("return it.clock.router();") == STARTED


async def test_the_first_answer_may_have_been_made_at_any_time_since_the_page_was_opened(
    following: Following,
) -> None:
    """The browser sends that request before the page's modules are there."""
    await following.start()
    await following.wait(5_000)
    await following.state("1-5", "a", now=AHEAD + STARTED // 2)
    least, most = await following.run("return [it.clock.least, it.clock.most];")
    assert least <= AHEAD <= most
    assert (await following.run("return it.asked;")).count("services true") == 1
    await following.resync("1-7")
    assert "services false" in await following.run("return it.asked;")


async def test_only_the_first_answer_may_be_as_old_as_the_page(following: Following) -> None:
    """The router's clock is ahead by no more than an answer says that was asked for just now."""
    most = "return it.clock.most;"
    await following.start()
    await following.state("1-5")
    assert await following.run(most) == AHEAD + STARTED
    await following.do("hurry")
    await following.state("1-5")
    assert await following.run(most) == AHEAD


async def test_a_router_that_has_no_events_to_tell_is_no_trouble(following: Following) -> None:
    """As one of an older version."""
    await following.start()
    await following.fails("recent")
    await following.greeted("1-5")
    await following.state("1-5", "a")
    assert await following.fresh() == ("live", "all")


async def test_an_answer_that_is_too_old_is_asked_for_again_until_one_is_new_enough(
    following: Following,
) -> None:
    await following.start()
    await following.greeted("1-7")
    await following.state("1-6", "old")
    assert await following.shown() == []
    await following.wait(500)
    assert await following.asked("services") == 2
    await following.state("1-7", "new")
    assert await following.shown() == ["new"]
    await following.wait(60_000)
    assert await following.asked("services") == 2


async def test_each_pause_is_twice_as_long_but_no_longer_than_five_seconds(
    following: Following,
) -> None:
    await following.start()
    for number, pause in enumerate([500, 1_000, 2_000, 4_000, 5_000, 5_000], 1):
        await following.fails("services")
        await following.wait(pause - 1)
        assert await following.asked("services") == number
        await following.wait(1)
        assert await following.asked("services") == number + 1


@pytest.mark.parametrize(("chance", "pause"), [(0.0, 250), (1.0, 750)])
async def test_chance_keeps_pages_from_asking_all_at_the_same_time(
    following: Following, chance: float, pause: int
) -> None:
    await following.chance(chance)
    await following.start()
    await following.fails("services")
    await following.wait(pause - 1)
    assert await following.asked("services") == 1
    await following.wait(1)
    assert await following.asked("services") == 2


async def test_after_a_gap_the_state_is_asked_for_when_the_router_says(
    following: Following,
) -> None:
    """Its delay counts once: after an error the page asks again without it."""
    await following.live()
    await following.resync("1-9", after_ms=3_000)
    await following.wait(2_999)
    assert await following.asked("services") == 1
    await following.wait(1)
    assert await following.asked("services") == 2
    await following.fails("services")
    await following.wait(500)
    assert await following.asked("services") == 3
    await following.state("1-9", "b")
    assert await following.shown() == ["b"]


async def test_one_answer_serves_several_gaps(following: Following) -> None:
    await following.live()
    await following.resync("1-9")
    await following.resync("1-12")
    assert await following.asked("services") == 2
    await following.state("1-12", "b")
    assert await following.fresh() == ("live", "all")
    await following.resync("1-14")
    assert await following.asked("services") == 3


async def test_an_answer_that_was_asked_for_before_the_gap_may_fill_it(
    following: Following,
) -> None:
    """It comes while the page waits as the router wants: it asks no more, until the next gap."""
    await following.live()
    await following.do("hurry")
    await following.resync("1-9", after_ms=1_000)
    await following.state("1-9", "b")
    assert await following.fresh() == ("live", "all")
    await following.wait(1_000)
    assert await following.asked("services") == 2
    await following.resync("1-12")
    await following.state("1-12", "c")
    assert await following.shown() == ["c"]


async def test_the_error_stands_until_the_state_is_loaded(following: Following) -> None:
    await following.live()
    await following.resync("1-9")
    await following.fails("services")
    assert await following.page_knows("error") == "the router answers 502"
    await following.pinged("1-9")
    assert await following.page_knows("error") == "the router answers 502"
    await following.wait(500)
    await following.state("1-9", "a")
    assert await following.page_knows("error") is None


async def test_what_is_thrown_is_told_whatever_it_is(following: Following) -> None:
    await following.start()
    await following.run("it.held.services.shift().failed('no words'); await it.settle();")
    assert await following.page_knows("error") == "no words"


async def test_while_a_stream_is_open_only_the_state_of_its_redis_is_taken(
    following: Following,
) -> None:
    await following.live()
    await following.resync("1-9")
    await following.state("1-9", "other", run_id="r2")
    assert await following.shown() == ["a"]
    await following.lost()
    await following.wait(500)
    await following.state("1-9", "other", run_id="r2")
    assert await following.shown() == ["other"]


async def test_a_stream_that_goes_on_is_complete_once_the_router_has_said_how_far_it_is(
    following: Following,
) -> None:
    """It is asked once for each stream."""
    await following.live()
    assert await following.asked("recent 1") == 0
    await following.lost()
    await following.greeted("1-5")
    assert await following.asked("recent 1") == 1
    await following.frame("service_removed", "1-6", id="id-a", at=1)
    assert await following.asked("recent 1") == 1
    assert await following.fresh() == ("live", "none")
    await following.recent("1-6")
    assert await following.fresh() == ("live", "all")


async def test_a_stream_that_is_late_from_the_start_is_noticed(following: Following) -> None:
    """The state tells what time it is at the router, so the first frame shows the delay."""
    await following.start()
    await following.state("1-5", "a")
    now = await following.now() - 4_000
    await following.frame("hello", "1-5", run_id="r1", ping_seconds=15, now=now)
    await following.do("tick")
    assert (await following.fresh())[1] == "none"
    assert await following.asked("lives") == 1


async def test_a_person_may_try_now_but_asks_not_twice(following: Following) -> None:
    await following.start()
    await following.do("hurry")
    assert await following.did("hurry") == 1
    assert await following.asked("services") == 1
    await following.state("1-5")
    await following.do("hurry")
    assert await following.asked("services") == 2


async def test_a_page_that_is_left_closes_its_stream(following: Following) -> None:
    await following.live()
    await following.do("close")
    assert await following.did("close") == 1


async def test_each_tick_ends_a_stream_that_was_silent_for_three_pings(
    following: Following,
) -> None:
    await following.live()
    await following.ticks(2)
    assert await following.did("check 45000") == 2
