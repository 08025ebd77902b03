"""What the whole page must never show as true, before a router that plays a part.

Each test looks at what a person sees: words, times, and whether anything is green.
"""

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from playwright.async_api import Browser, Error

from tests.e2e.dashboard import ALONE
from tests.page.stage import Stage, hello, staged
from tests.page.store import condition, service
from tests.page.visit import Visit, clock
from tests.support.wait import PATIENCE_SECONDS

pytestmark = pytest.mark.asyncio(loop_scope="session")

PING_MS, LATE_MS = 15_000, 3_000
"""Between two pings, as the router says in its hello; and how late one may be."""

LONGEST_RETRY_MS = 7_500
"""So long the page waits at most before it asks for the state again."""

TICK_MS, STEP_MS = 1_000, 500
"""How often the page looks, and how often a test looks at it."""

stage = pytest_asyncio.fixture(loop_scope="session")(staged)


@pytest_asyncio.fixture(loop_scope="session")
async def visit(browser: Browser, stage: Stage) -> AsyncIterator[Visit]:
    """A page that is still to be opened; it has a stream of its own and a clock that tests move."""
    opened = await browser.new_page(color_scheme="light")
    opened.set_default_timeout(1000 * PATIENCE_SECONDS)
    await opened.add_init_script(ALONE)
    yield await Visit.at(opened, stage)
    await opened.context.close()


async def test_a_polling_page_tells_as_of_when_its_state_is_and_shows_nothing_green(
    visit: Visit,
) -> None:
    """The stream is held back, and Redis does not answer: what is polled is 30 s old."""
    since = visit.now - 30_000
    away = condition("redis", since=since, detail="Redis did not answer in time")
    visit.state("1-5", "a", stale=[away], as_of=since)
    await visit.open()
    await visit.line(1)
    await visit.shows("[data-service]")
    await visit.pass_time(12_000)
    await visit.says("polling", f"state as of {clock(since)}", "Redis did not answer in time")
    assert await visit.green() == 0


async def test_while_a_resync_cannot_load_nothing_is_green_and_what_was_missed_adds_up(
    visit: Visit,
) -> None:
    line = await visit.live()
    visit.stage.state = None
    gap = {"reason": "lagged", "after_ms": 0, "run_id": "r1"}
    await line.send("resync", "1-20", dropped=15, **gap)
    await visit.says("missed 15 events")
    await visit.greens(0)
    await line.send("resync", "1-24", dropped=4, **gap)
    await visit.says("missed 19 events")
    assert await visit.green() == 0
    visit.state("1-24", "a", "b")
    await visit.pass_time(LONGEST_RETRY_MS)
    await visit.ping(line, "1-24")
    await visit.greens(2)


async def test_news_that_comes_late_is_told_as_late(visit: Visit) -> None:
    """A proxy that passes the stream on in blocks: bytes come, and each is old."""
    line = await visit.live()
    await visit.ping(line, "1-5", age=40_000)
    await visit.says("late", "delays the stream")
    await visit.greens(0)
    late = service("a", "inactive")
    await line.send("service_updated", "1-6", at=visit.now - 20_000, service=late)
    await visit.shows('[data-service][data-status="inactive"]')
    assert await visit.green() == 0
    await visit.ping(line, "1-6")
    await visit.greens(1)
    assert "late" not in await visit.strip()


async def test_events_that_come_again_are_listed_at_the_time_at_which_they_happened(
    visit: Visit,
) -> None:
    """Below a rule that says that the page was away."""
    line = await visit.live()
    line.end()
    back = await visit.line(2)
    await back.send("hello", "1-5", **hello(now=visit.now))
    times = [visit.now - ago for ago in (62_000, 42_000, 21_000)]
    for seq, at in enumerate(times, 6):
        await back.send("service_updated", f"1-{seq}", at=at, service=service(f"s{seq}"))
    await back.send("service_updated", "1-9", at=visit.now, service=service("new"))
    await visit.shows('[data-events] li:has-text("new")')
    told = await visit.page.locator("[data-events] li").all_inner_texts()
    away, listed = told.pop(1), [one.split("\n")[0] for one in told[1:]]
    assert listed == [clock(at) for at in reversed(times)]
    assert "while you were away" in away
    assert "3 events from" in away


async def test_a_ping_that_does_not_come_is_noticed_in_three_seconds_and_the_router_is_asked(
    visit: Visit,
) -> None:
    sent = visit.now
    await visit.live()
    heard = visit.now

    async def says_after(ms: int, words: str) -> bool:
        await visit.pass_time(ms)
        return words in await visit.strip()

    while not await says_after(STEP_MS, "nothing received from the router since"):
        assert visit.now - heard < PING_MS + LATE_MS + 2 * TICK_MS, "the silence is not noticed"
    assert visit.now - sent > PING_MS + LATE_MS
    await visit.says("the router answers")
    assert await visit.green() == 0


async def test_the_timeline_is_filled_when_the_page_is_opened(visit: Visit) -> None:
    """From the router's window, by the events' own times; what the stream then brings is new."""
    at = visit.now - 600_000
    old = {"event": "service_updated", "id": "1-5", "data": {"at": at, "service": service("a")}}
    told = {"now": visit.now, "as_of": visit.now}
    visit.stage.recent = {"cursor": "1-5", "run_id": "r1", "events": [old], **told}
    line = await visit.live()
    await visit.shows("[data-events] li")
    listed = visit.page.locator("[data-events] li")
    assert (await listed.first.inner_text()).startswith(clock(at))
    assert f"last event {clock(at)}" in await visit.strip()
    await line.send("service_updated", "1-6", at=visit.now, service=service("b"))
    await visit.shows("[data-events] li", 2)
    assert (await listed.nth(1).inner_text()).startswith(clock(at))


async def test_a_list_that_was_hidden_is_drawn_as_soon_as_it_is_in_sight(visit: Visit) -> None:
    """As on a phone, whose other views have no list beside them."""
    await visit.page.set_viewport_size({"width": 390, "height": 844})
    visit.state("1-5", "a", "b")
    await visit.open("#/timeline")
    await visit.greet(await visit.line(1), "1-5")
    await visit.says("live")
    assert await visit.page.locator("[data-service]").count() == 0
    await visit.page.locator(".bottom a").first.click()
    await visit.greens(2)


async def test_a_router_of_an_older_version_is_never_late_by_what_it_does_not_say(
    visit: Visit,
) -> None:
    line = await visit.live()
    await line.send("ping", "1-5")
    await line.send("service_updated", "1-6", service=service("a", "inactive"))
    await visit.greens(1)
    await visit.pass_time(5_000)
    assert "live" in await visit.strip()


@pytest.mark.parametrize("lost", ["main.js", "views/freshness_bar.js", "parts.css"])
async def test_a_page_whose_files_do_not_come_says_so(visit: Visit, lost: str) -> None:
    """After a while it says why it is not live; without its style at once."""
    visit.state("1-5", "a")
    await visit.page.route(f"**/{lost}", lambda route: route.abort())
    await visit.open()
    if lost == "parts.css":
        await visit.shows("[data-service]")
        assert "CSS did not load" in await visit.strip()
        return
    assert "not started" in await visit.strip()
    # This time passes by the browser's own clock: no program of the page has a part in it.
    told = visit.page.locator("[data-unstarted]")
    await told.wait_for(state="visible")
    assert "the page's JavaScript or CSS did not load" in await told.inner_text()


async def test_a_program_that_fails_does_not_go_on_looking_live(visit: Visit) -> None:
    await visit.live()
    await visit.page.evaluate("() => document.querySelector('[data-last-event]').remove()")
    with pytest.raises(Error, match=r"the page has no \[data-last-event\]"):
        await visit.pass_time(TICK_MS)
    assert "the page's JavaScript failed" in await visit.strip()
    assert await visit.green() == 0
    assert "failed" in await visit.page.title()
