"""All tabs of a browser read one stream; each notices by itself when that fails it."""

from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio
from playwright.async_api import Browser, BrowserContext, JSHandle, Page

from tests.page.stage import Stage, hello
from tests.support.wait import eventually

pytestmark = pytest.mark.asyncio(loop_scope="session")

DEAD_MS, START_MS = 7_000, 5_000
"""How long a tab waits for a word of its worker, and of one that is new."""

NEW = """async () => {
  const { SharedStream } = await import("/static/js/tab.js");
  const heard = { frames: [], dropped: [], cursor: null };
  const stream = new SharedStream({
    frame: (frame) => {
      heard.frames.push(`${frame.event} ${frame.id}`);
      heard.cursor = frame.id || heard.cursor;
      if (frame.event === "resync") heard.dropped.push(frame.data.dropped);
    },
    state: () => {},
    cursor: () => heard.cursor,
  });
  stream.open();
  return { stream, heard };
}"""

WITHOUT = "delete window.SharedWorker;"
BROKEN = """window.SharedWorker = class extends SharedWorker {
  constructor(_, options) { super("/static/js/none.js", options); }
};"""
MUTE = """window.SharedWorker = class extends SharedWorker {
  constructor(_, options) { super("/static/js/times.js", options); }
};"""
HOLD = "const asking = new XMLHttpRequest(); asking.open('GET', '/hold', false); asking.send();"
"""Holds a tab up, as a long computation does, until the server answers."""
BURST = 7_000


class Tab:
    """One tab of a browser with its part of the stream."""

    def __init__(self, page: Page, handle: JSHandle) -> None:
        self.page, self.handle = page, handle

    @classmethod
    async def open(cls, context: BrowserContext, stage: Stage, script: str = "") -> "Tab":
        """A new tab; the script runs in it before anything else."""
        page = await context.new_page()
        if script:
            await page.add_init_script(script)
        await page.goto(stage.url)
        return cls(page, await page.evaluate_handle(NEW))

    async def pass_time(self, milliseconds: int) -> None:
        """The tab's clock is put forward, and it looks at it."""
        await self.page.evaluate(
            "(ms) => { const now = Date.now; Date.now = () => now() + ms; }", milliseconds
        )
        await self.handle.evaluate("({ stream }) => { stream.check(45_000); }")

    async def do(self, name: str) -> None:
        """Call a method of its stream."""
        await self.handle.evaluate("({ stream }, name) => { stream[name](); }", name)

    async def get(self, name: str) -> Any:
        """A field of its stream."""
        return await self.handle.evaluate("({ stream }, name) => stream[name]", name)

    async def heard(self, *frames: str) -> None:
        """Wait until it has been given these frames and no others."""

        async def same() -> bool:
            found = await self.handle.evaluate("({ heard }) => heard.frames")
            return bool(found == list(frames))

        await eventually(same, message=f"the tab hears {frames[:9]}")

    async def reached(self, place: str) -> None:
        """Wait until its last frame is at this place."""

        async def there() -> bool:
            last = await self.handle.evaluate("({ heard }) => heard.frames.at(-1)")
            return bool(last.endswith(f" {place}"))

        await eventually(there, message=f"the tab is at {place}")

    async def events(self) -> int:
        """How many events it was given."""
        number: int = await self.handle.evaluate(
            "({ heard }) => heard.frames.filter((one) => one.startsWith('scan')).length"
        )
        return number

    async def dropped(self) -> list[int]:
        """The gaps that it was told."""
        found: list[int] = await self.handle.evaluate("({ heard }) => heard.dropped")
        return found

    async def connected(self, wanted: bool) -> None:
        """Wait until it says that it is connected, or is not."""

        async def same() -> bool:
            return bool(await self.get("connected")) is wanted

        await eventually(same, message=f"connected is {wanted}")

    async def alone(self) -> bool:
        """Whether it has a stream of its own."""
        return bool(await self.handle.evaluate("({ stream }) => stream.own !== null"))


async def workers(browser: Browser) -> list[str]:
    """The shared workers that run, by their target's id."""
    session = await browser.new_browser_cdp_session()
    found = await session.send("Target.getTargets")
    await session.detach()
    return [one["targetId"] for one in found["targetInfos"] if one["type"] == "shared_worker"]


async def kill(browser: Browser) -> None:
    """End every shared worker, as a browser does that runs out of memory: no tab is told."""
    session = await browser.new_browser_cdp_session()
    for target in await workers(browser):
        await session.send("Target.closeTarget", {"targetId": target})
    await session.detach()

    async def gone() -> bool:
        return await workers(browser) == []

    await eventually(gone, message="no shared worker runs")


@pytest_asyncio.fixture(loop_scope="session")
async def context(browser: Browser, stage: Stage) -> AsyncIterator[BrowserContext]:
    """A browser's profile: its tabs share."""
    opened = await browser.new_context()
    yield opened
    await opened.close()


async def test_all_tabs_read_one_stream(context: BrowserContext, stage: Stage) -> None:
    one, other = await Tab.open(context, stage), await Tab.open(context, stage)
    line = await stage.line(1)
    await line.send("hello", "1-5", **hello())
    for tab in (one, other):
        await tab.heard("hello 1-5")
    await line.send("service_removed", "1-6", id="x")
    for tab in (one, other):
        await tab.heard("hello 1-5", "service_removed 1-6")
        assert await tab.get("connected")
        assert not await tab.alone()
    assert len(stage.lines) == 1


async def test_a_tab_that_comes_later_is_greeted_without_another_stream(
    context: BrowserContext, stage: Stage
) -> None:
    first = await Tab.open(context, stage)
    line = await stage.line(1)
    await line.send("hello", "1-5", **hello())
    await line.send("ping", "1-5")
    await first.heard("hello 1-5", "ping 1-5")
    later = await Tab.open(context, stage)
    await later.heard("hello 1-5")
    await later.connected(True)
    assert await later.get("heardAt") == await first.get("heardAt")
    assert len(stage.lines) == 1


async def test_the_stream_outlives_the_tab_that_opened_it(
    context: BrowserContext, stage: Stage
) -> None:
    first, other = await Tab.open(context, stage), await Tab.open(context, stage)
    line = await stage.line(1)
    await line.send("hello", "1-5", **hello())
    await other.connected(True)
    await first.page.close()
    await line.send("ping", "1-5")
    await other.heard("hello 1-5", "ping 1-5")


async def test_when_the_last_tab_has_left_the_stream_is_closed(
    context: BrowserContext, stage: Stage
) -> None:
    first, other = await Tab.open(context, stage), await Tab.open(context, stage)
    line = await stage.line(1)
    await line.send("hello", "1-5", **hello())
    await other.connected(True)
    await first.do("close")
    await line.send("ping", "1-5")
    await other.heard("hello 1-5", "ping 1-5")
    await first.heard("hello 1-5")
    await other.do("close")
    await eventually(lambda: line.gone, message="the stream is closed")
    await other.do("open")
    assert (await stage.line(2)).cursor == "1-5"


async def test_a_lost_stream_is_lost_in_every_tab(context: BrowserContext, stage: Stage) -> None:
    tabs = [await Tab.open(context, stage), await Tab.open(context, stage)]
    line = await stage.line(1)
    await line.raw("retry: 10\n\n")
    await line.send("hello", "1-5", **hello())
    for tab in tabs:
        await tab.connected(True)
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
    tabs = [await Tab.open(context, stage), await Tab.open(context, stage)]
    line = await stage.line(1)
    await line.send("hello", "1-5", **hello())
    for tab in tabs:
        await tab.heard("hello 1-5")
    await line.send("ping", "1-8")
    for tab in tabs:
        await tab.heard("hello 1-5", "ping 1-8")
    heard = await tabs[0].get("heardAt")
    await kill(browser)
    await eventually(lambda: line.gone, message="the stream died with its worker")
    for tab in tabs:
        assert await tab.get("connected")
        await tab.pass_time(DEAD_MS + 1)
        assert not await tab.get("connected")
        assert await tab.get("silentSince") == heard
    again = await stage.line(2)
    assert again.cursor == "1-8"
    await again.send("hello", "1-8", **hello())
    for tab in tabs:
        await tab.connected(True)
        assert not await tab.alone()
    assert len(stage.lines) == 2


@pytest.mark.parametrize("script", [WITHOUT, BROKEN])
async def test_where_nothing_can_be_shared_a_tab_has_a_stream_of_its_own(
    context: BrowserContext, stage: Stage, script: str
) -> None:
    """As in Chrome on Android, and where the worker's script cannot be had."""
    tab = await Tab.open(context, stage, script)
    await (await stage.line(1)).send("hello", "1-5", **hello())
    await tab.heard("hello 1-5")
    assert await tab.alone()
    assert await tab.get("connected")


async def test_a_worker_that_never_answers_is_done_without(
    context: BrowserContext, stage: Stage
) -> None:
    tab = await Tab.open(context, stage, MUTE)
    await tab.pass_time(0)
    assert not await tab.alone()
    await tab.pass_time(START_MS + 1)
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
