"""What the whole page must never show as true, before a router that plays a part.

Each test looks at what a person sees: words, times, and whether anything is green.
"""

import time
from collections.abc import AsyncIterator
from functools import partial

import pytest
import pytest_asyncio
from playwright.async_api import Browser, Page

from tests.e2e.dashboard import ALONE
from tests.page.stage import Line, Stage, hello
from tests.page.store import answer, condition, service
from tests.support.wait import PATIENCE_SECONDS, eventually

pytestmark = pytest.mark.asyncio(loop_scope="session")

GREEN = "rgb(26, 127, 55)"
"""What is healthy, in the light theme."""

GREENS = f"""() => [...document.querySelectorAll(".panes [data-service] .mark")]
  .filter((mark) => getComputedStyle(mark).color === "{GREEN}").length"""

PING_MS, LATE_MS = 15_000, 3_000
"""Between two pings, as the router says in its hello; and how late one may be."""

TICK_MS, STEP_MS = 1_000, 500
"""How often the page looks, and how often a test looks at it."""


def now() -> int:
    """Unix ms."""
    return int(time.time() * 1000)


def clock(ms: int) -> str:
    """A time as the page tells it."""
    return time.strftime("%H:%M:%S", time.localtime(ms / 1000))


@pytest_asyncio.fixture(loop_scope="session")
async def page(browser: Browser, stage: Stage) -> AsyncIterator[Page]:
    """A page that is still to be opened; it has a stream of its own and a clock that tests move."""
    opened = await browser.new_page(color_scheme="light")
    await opened.add_init_script(ALONE)
    await opened.clock.install()
    yield opened
    await opened.context.close()


async def strip(page: Page) -> str:
    """All that the strip says."""
    return await page.locator("[data-strip]").inner_text()


async def says(page: Page, *words: str) -> None:
    """Wait until the strip says all of these."""

    async def said() -> bool:
        text = await strip(page)
        return all(each in text for each in words)

    await eventually(said, message=f"the strip says {words}")


async def greens(page: Page, number: int) -> None:
    """Wait until so many services look healthy."""

    async def same() -> bool:
        return bool(await page.evaluate(GREENS) == number)

    await eventually(same, message=f"{number} services look healthy")


async def live(page: Page, stage: Stage) -> Line:
    """The page is live and shows two healthy services."""
    stage.state = answer("1-5", service("a"), service("b"), now=now(), as_of=now())
    await page.goto(f"{stage.url}/whole")
    line = await stage.line(1)
    await line.raw("retry: 10\n\n")
    await line.send("hello", "1-5", **hello(now=now()))
    await line.send("ping", "1-5", now=now(), as_of=now())
    await greens(page, 2)
    assert "live" in await strip(page)
    return line


async def test_a_polling_page_tells_as_of_when_its_state_is_and_shows_nothing_green(
    page: Page, stage: Stage
) -> None:
    """The stream is held back, and Redis does not answer: what is polled is 30 s old."""
    since = now() - 30_000
    away = condition("redis", since=since, detail="Redis did not answer in time")
    stage.state = answer("1-5", service("a"), stale=[away], now=now(), as_of=since)
    await page.goto(f"{stage.url}/whole")
    await stage.line(1)
    await page.locator("[data-service]").wait_for()
    await page.clock.run_for(12_000)
    await says(page, "polling", f"state as of {clock(since)}", "Redis did not answer in time")
    assert await page.evaluate(GREENS) == 0


async def test_while_a_resync_cannot_load_nothing_is_green_and_what_was_missed_adds_up(
    page: Page, stage: Stage
) -> None:
    line = await live(page, stage)
    stage.state = None
    gap = {"reason": "lagged", "after_ms": 0, "run_id": "r1"}
    await line.send("resync", "1-20", dropped=15, **gap)
    await says(page, "missed 15 events")
    await greens(page, 0)
    await line.send("resync", "1-24", dropped=4, **gap)
    await says(page, "missed 19 events")
    assert await page.evaluate(GREENS) == 0
    stage.state = answer("1-24", service("a"), service("b"), now=now(), as_of=now())
    await page.clock.run_for(6_000)
    await greens(page, 2)


async def test_news_that_comes_late_is_told_as_late(page: Page, stage: Stage) -> None:
    """A proxy that passes the stream on in blocks: bytes come, and each is old."""
    line = await live(page, stage)
    await line.send("ping", "1-5", now=now() - 40_000, as_of=now() - 40_000)
    await says(page, "late", "delays the stream")
    await greens(page, 0)
    late = service("a", "inactive")
    await line.send("service_updated", "1-6", at=now() - 20_000, service=late)
    assert await page.evaluate(GREENS) == 0
    await line.send("ping", "1-6", now=now(), as_of=now())
    await greens(page, 1)
    assert "late" not in await strip(page)


async def test_events_that_come_again_are_listed_at_the_time_at_which_they_happened(
    page: Page, stage: Stage
) -> None:
    """Below a rule that says that the page was away."""
    line = await live(page, stage)
    line.end()
    back = await stage.line(2)
    await back.send("hello", "1-5", **hello(now=now()))
    times = [now() - ago for ago in (62_000, 42_000, 21_000)]
    for seq, at in enumerate(times, 6):
        await back.send("service_updated", f"1-{seq}", at=at, service=service(f"s{seq}"))
    await back.send("service_updated", "1-9", at=now(), service=service("new"))
    await page.locator("[data-events] li", has_text="new").wait_for()
    told = await page.locator("[data-events] li").all_inner_texts()
    away, listed = told.pop(1), [one.split("\n")[0] for one in told[1:]]
    assert listed == [clock(at) for at in reversed(times)]
    assert "while you were away" in away
    assert "3 events from" in away


async def test_a_ping_that_does_not_come_is_noticed_in_three_seconds_and_the_router_is_asked(
    page: Page, stage: Stage
) -> None:
    """The page's clock stands still, so that it passes exactly the time that it is told."""
    sent = now()
    await live(page, stage)
    await page.clock.pause_at(await page.evaluate("Date.now()") / 1000 + 1)
    paused: int = await page.evaluate("Date.now()")

    async def says_after(ms: int, words: str) -> bool:
        await page.clock.run_for(ms)
        return words in await strip(page)

    silent = partial(says_after, STEP_MS, "nothing received from the router since")
    await eventually(silent, message="the silence is noticed")
    noticed: int = await page.evaluate("Date.now()")
    assert noticed - sent > PING_MS + LATE_MS
    assert noticed - paused < PING_MS + LATE_MS + 2 * TICK_MS
    asked = partial(says_after, STEP_MS // 10, "the router answers")
    await eventually(asked, message="the router was asked")
    assert await page.evaluate(GREENS) == 0


async def test_the_timeline_is_filled_when_the_page_is_opened(page: Page, stage: Stage) -> None:
    """From the router's window, by the events' own times; what the stream then brings is new."""
    at = now() - 600_000
    old = {"event": "service_updated", "id": "1-5", "data": {"at": at, "service": service("a")}}
    stage.recent = {"cursor": "1-5", "run_id": "r1", "events": [old], "now": now(), "as_of": now()}
    line = await live(page, stage)
    told = page.locator("[data-events] li")
    await told.first.wait_for()
    assert (await told.first.inner_text()).startswith(clock(at))
    assert f"last event {clock(at)}" in await strip(page)
    await line.send("service_updated", "1-6", at=now(), service=service("b"))
    await told.nth(1).wait_for()
    assert (await told.nth(1).inner_text()).startswith(clock(at))


async def test_a_list_that_was_hidden_is_drawn_as_soon_as_it_is_in_sight(
    page: Page, stage: Stage
) -> None:
    """As on a phone, whose other views have no list beside them."""
    await page.set_viewport_size({"width": 390, "height": 844})
    stage.state = answer("1-5", service("a"), service("b"), now=now(), as_of=now())
    await page.goto(f"{stage.url}/whole#/timeline")
    line = await stage.line(1)
    await line.send("hello", "1-5", **hello(now=now()))
    await line.send("ping", "1-5", now=now(), as_of=now())
    await says(page, "live")
    assert await page.locator("[data-service]").count() == 0
    await page.locator(".bottom a").first.click()
    await greens(page, 2)


async def test_a_router_of_an_older_version_is_never_late_by_what_it_does_not_say(
    page: Page, stage: Stage
) -> None:
    line = await live(page, stage)
    await line.send("ping", "1-5")
    await line.send("service_updated", "1-6", service=service("a", "inactive"))
    await greens(page, 1)
    await page.clock.run_for(5_000)
    assert "live" in await strip(page)


@pytest.mark.parametrize("lost", ["main.js", "views/freshness_bar.js", "parts.css"])
async def test_a_page_whose_files_do_not_come_says_so(page: Page, stage: Stage, lost: str) -> None:
    """After a while it says why it is not live; without its style at once."""
    stage.state = answer("1-5", service("a"), now=now())
    await page.route(f"**/{lost}", lambda route: route.abort())
    await page.goto(f"{stage.url}/whole")
    told = page.locator("[data-unstarted]")
    if lost == "parts.css":
        await page.locator("[data-service]").wait_for()
        assert "CSS did not load" in await strip(page)
        return
    assert "not started" in await strip(page)
    await told.wait_for(state="visible", timeout=1000 * PATIENCE_SECONDS)
    assert "the page's JavaScript or CSS did not load" in await told.inner_text()


async def test_a_program_that_fails_does_not_go_on_looking_live(page: Page, stage: Stage) -> None:
    await live(page, stage)
    await page.evaluate("() => document.querySelector('[data-last-event]').remove()")
    await says(page, "the page's JavaScript failed")
    assert await page.evaluate(GREENS) == 0
    assert "failed" in await page.title()
