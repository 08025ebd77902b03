"""All tabs of a browser read one stream; each notices by itself when that fails it."""

import time
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from playwright.async_api import Browser, BrowserContext

from tests.page.stage import Line, Stage, hello, staged
from tests.page.tab import Tab, kill_workers, put_clock_forward
from tests.support.wait import PATIENCE_SECONDS, eventually

pytestmark = pytest.mark.asyncio(loop_scope="session")

DEAD_MS, START_MS = 7_000, 5_000
"""How long a tab waits for a word of its worker, and of one that is new."""

WITHOUT = "delete window.SharedWorker;"
BROKEN = """window.SharedWorker = class extends SharedWorker {
  constructor(_, options) { super("/static/js/live/none.js", options); }
};"""
MUTE = """window.SharedWorker = class extends SharedWorker {
  constructor(_, options) { super("/static/js/fleet/times.js", options); }
};"""
HOLD = "const asking = new XMLHttpRequest(); asking.open('GET', '/hold', false); asking.send();"
"""Holds a tab up, as a long computation does, until the server answers."""
BURST = 7_000


stage = pytest_asyncio.fixture(loop_scope="session")(staged)


@pytest_asyncio.fixture(loop_scope="session")
async def context(browser: Browser, stage: Stage) -> AsyncIterator[BrowserContext]:
    """A browser's profile: its tabs share."""
    opened = await browser.new_context()
    opened.set_default_timeout(1000 * PATIENCE_SECONDS)
    yield opened
    await opened.close()


async def greeted(context: BrowserContext, stage: Stage) -> tuple[list[Tab], Line]:
    """Two tabs that have heard the hello of their common stream, and that stream."""
    tabs = [await Tab.open(context, stage), await Tab.open(context, stage)]
    line = await stage.line(1)
    await line.send("hello", "1-5", **hello())
    for tab in tabs:
        await tab.heard("hello 1-5")
        await tab.connected(True)
    return tabs, line


async def test_all_tabs_read_one_stream(context: BrowserContext, stage: Stage) -> None:
    tabs, line = await greeted(context, stage)
    await line.send("service_removed", "1-6", id="x")
    for tab in tabs:
        await tab.heard("hello 1-5", "service_removed 1-6")
        assert await tab.get("connected")
        assert not await tab.alone()
    assert len(stage.lines) == 1


async def test_a_tab_that_comes_later_is_greeted_without_another_stream(
    context: BrowserContext, stage: Stage
) -> None:
    first = await Tab.open(context, stage)
    line, began = await stage.line(1), time.monotonic()
    await line.send("hello", "1-5", **hello())
    await line.send("ping", "1-5")
    await first.heard("hello 1-5", "ping 1-5")
    later = await Tab.open(context, stage)
    await later.heard("hello 1-5")
    await later.connected(True)
    # Each tab has a clock of its own, and is told the time by that.
    for tab in (first, later):
        heard = await tab.ago("heardAt")
        assert -50 <= heard <= 1000 * (time.monotonic() - began) + 50
    assert len(stage.lines) == 1


async def test_the_stream_outlives_the_tab_that_opened_it(
    context: BrowserContext, stage: Stage
) -> None:
    (first, other), line = await greeted(context, stage)
    await first.page.close()
    await line.send("ping", "1-5")
    await other.heard("hello 1-5", "ping 1-5")


async def test_when_the_last_tab_has_left_the_stream_is_closed(
    context: BrowserContext, stage: Stage
) -> None:
    (first, other), line = await greeted(context, stage)
    await first.do("close")
    await line.send("ping", "1-5")
    await other.heard("hello 1-5", "ping 1-5")
    await first.heard("hello 1-5")
    await other.do("close")
    await eventually(lambda: line.gone, message="the stream is closed")
    await other.do("open")
    again = await stage.line(2)
    assert again.cursor == "1-5"
    await other.connected(False)
    await other.heard("hello 1-5", "ping 1-5")
    await again.send("hello", "1-5", **hello())
    await other.connected(True)


async def test_a_lost_stream_is_lost_in_every_tab(context: BrowserContext, stage: Stage) -> None:
    tabs, line = await greeted(context, stage)
    await line.raw("retry: 10\n\n")
    line.cut()
    for tab in tabs:
        await tab.connected(False)
        assert await tab.get("lostAt") is not None
    again = await stage.line(2)
    await again.send("hello", "1-5", **hello())
    for tab in tabs:
        await tab.connected(True)


async def test_a_dead_worker_is_noticed_and_all_tabs_share_the_next_one(
    browser: Browser, context: BrowserContext, stage: Stage
) -> None:
    tabs, line = await greeted(context, stage)
    await line.send("ping", "1-8")
    for tab in tabs:
        await tab.heard("hello 1-5", "ping 1-8")
    await kill_workers(browser, stage.url)
    await eventually(lambda: line.gone, message="the stream died with its worker")
    for tab in tabs:
        await tab.without_a_word_for(DEAD_MS - 1)
        assert await tab.get("connected")
        heard = await tab.without_a_word_for(DEAD_MS + 1)
        assert not await tab.get("connected")
        assert await tab.get("silentSince") == heard
    again = await stage.line(2)
    assert again.cursor == "1-8"
    await again.send("hello", "1-8", **hello())
    for tab in tabs:
        await tab.connected(True)
        assert not await tab.alone()
    assert len(stage.lines) == 2


async def test_a_worker_says_that_it_lives_while_nothing_happens(
    context: BrowserContext, stage: Stage
) -> None:
    tab = await Tab.open(context, stage)
    await (await stage.line(1)).send("hello", "1-5", **hello())
    await tab.heard("hello 1-5")
    before = await tab.get("wordAt")

    async def spoke() -> bool:
        return bool(await tab.get("wordAt") > before)

    await eventually(spoke, message="the worker has spoken")
    await tab.heard("hello 1-5")


async def test_a_worker_that_was_asleep_believes_its_stream_no_more(
    browser: Browser, context: BrowserContext, stage: Stage
) -> None:
    """A connection that died in the sleep would be silent for ever."""
    tab = await Tab.open(context, stage)
    await (await stage.line(1)).send("hello", "1-5", **hello())
    await tab.heard("hello 1-5")
    await put_clock_forward(browser, stage.url, 10_000)
    await tab.connected(False)
    await (await stage.line(2)).send("hello", "1-5", **hello())
    await tab.connected(True)


@pytest.mark.parametrize("script", [WITHOUT, BROKEN])
async def test_where_nothing_can_be_shared_a_tab_has_a_stream_of_its_own(
    context: BrowserContext, stage: Stage, script: str
) -> None:
    """As in Chrome on Android, and where the worker's script cannot be had."""
    tab = await Tab.open(context, stage, script)
    await tab.check_each_second()
    await (await stage.line(1)).send("hello", "1-5", **hello())
    await tab.heard("hello 1-5")
    assert await tab.alone()
    assert await tab.get("connected")


async def test_a_worker_that_never_answers_is_done_without(
    context: BrowserContext, stage: Stage
) -> None:
    tab = await Tab.open(context, stage, MUTE)
    await tab.without_a_word_for(START_MS - 1)
    assert not await tab.alone()
    await tab.without_a_word_for(START_MS + 1)
    await (await stage.line(1)).send("hello", "1-5", **hello())
    await tab.heard("hello 1-5")
    assert await tab.alone()


async def test_a_burst_reaches_every_tab_and_one_that_is_busy_is_told_its_exact_gap(
    context: BrowserContext, stage: Stage
) -> None:
    busy, other = await Tab.open(context, stage), await Tab.open(context, stage)
    line = await stage.line(1)
    await line.send("hello", "1-0", **hello())
    for tab in (busy, other):
        await tab.heard("hello 1-0")
    await busy.handle.evaluate(f"() => {{ setTimeout(() => {{ {HOLD} }}); }}")
    await eventually(lambda: stage.holding, message="the tab is busy")
    for seq in range(1, BURST + 1):
        await line.send("scan", f"1-{seq}", pad="x" * 1_000)
        if seq % 1_000 == 0:
            await other.reached(f"1-{seq}")
    assert await other.dropped() == []
    assert await other.events() == BURST
    stage.release()
    await line.send("scan", f"1-{BURST + 1}")
    await busy.reached(f"1-{BURST + 1}")
    [dropped] = await busy.dropped()
    assert dropped > 0
    assert await busy.events() + dropped == BURST + 1
