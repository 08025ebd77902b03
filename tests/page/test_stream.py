"""The page's stream comes back by itself: after silence, after it was given up, with patience."""

from typing import Any

import pytest
import pytest_asyncio
from playwright.async_api import JSHandle, Page

from tests.page.stage import Stage, hello, staged
from tests.support.wait import eventually

pytestmark = pytest.mark.asyncio(loop_scope="session")

stage = pytest_asyncio.fixture(loop_scope="session")(staged)

SILENCE_MS = 3_000
FIRST_PAUSE_MS, MOST_PAUSE_MS = 500, 10_000
"""The longest first pause, and the longest of all; chance makes each down to half as long."""

NEW = """async () => {
  const { Stream } = await import("/static/js/live/stream.js");
  const heard = { frames: [], states: 0, cursor: null };
  const stream = new Stream({
    frame: (frame) => heard.frames.push(frame),
    state: () => { heard.states += 1; },
    cursor: () => heard.cursor,
  }, Date.now);
  return { stream, heard };
}"""


class PageStream:
    """A Stream in a page whose time stands still until the test moves it."""

    def __init__(self, page: Page, handle: JSHandle) -> None:
        self.page, self.handle = page, handle

    @classmethod
    async def open(cls, page: Page, cursor: str | None = None) -> "PageStream":
        """A Stream that opens at this position."""
        await page.clock.install(time=0)
        await page.clock.pause_at(1_000)
        stream = cls(page, await page.evaluate_handle(NEW))
        await stream.handle.evaluate("({ heard }, cursor) => { heard.cursor = cursor; }", cursor)
        await stream.do("open")
        return stream

    async def do(self, name: str, *arguments: Any) -> None:
        """Call one of its methods."""
        await self.handle.evaluate(
            "({ stream }, [name, words]) => stream[name](...words)", [name, list(arguments)]
        )

    async def get(self, name: str) -> Any:
        """One of its fields."""
        return await self.handle.evaluate("({ stream }, name) => stream[name]", name)

    async def frames(self) -> list[Any]:
        """The frames that it handed on."""
        found: list[Any] = await self.handle.evaluate("({ heard }) => heard.frames")
        return found

    async def heard(self, number: int) -> list[Any]:
        """The frames, once there are so many."""

        async def enough() -> bool:
            return len(await self.frames()) >= number

        await eventually(enough, message=f"{number} frames")
        return await self.frames()

    async def connected(self, wanted: bool) -> None:
        """Wait until it says that it is connected, or is not."""

        async def same() -> bool:
            return bool(await self.get("connected")) is wanted

        await eventually(same, message=f"connected is {wanted}")

    async def failed(self, number: int) -> None:
        """Wait until it knows of so many failures in a row."""

        async def same() -> bool:
            return bool(await self.get("failures") == number)

        await eventually(same, message=f"{number} failures")

    async def pass_time(self, milliseconds: int) -> None:
        """Time goes on; what is due is done."""
        await self.page.clock.run_for(milliseconds)


async def test_frames_are_handed_on_with_their_positions(page: Page, stage: Stage) -> None:
    stream = await PageStream.open(page)
    line = await stage.line(1)
    await line.send("hello", "1-5", **hello())
    await line.send("service_removed", "1-6", id="x")
    await line.send("stale", reason="redis")
    assert await stream.heard(3) == [
        {"event": "hello", "id": "1-5", "data": hello()},
        {"event": "service_removed", "id": "1-6", "data": {"id": "x"}},
        {"event": "stale", "id": "1-6", "data": {"reason": "redis"}},
    ]


async def test_it_is_connected_from_the_hello_on_and_not_sooner(page: Page, stage: Stage) -> None:
    stream = await PageStream.open(page)
    line = await stage.line(1)
    await line.send("ping", "1-5")
    await stream.heard(1)
    assert not await stream.get("connected")
    await line.send("hello", "1-5", **hello())
    await stream.connected(True)
    assert await stream.get("lostAt") is None


async def test_it_opens_at_the_position_that_the_page_has(page: Page, stage: Stage) -> None:
    await PageStream.open(page, cursor="9007199254740993-7")
    assert (await stage.line(1)).cursor == "9007199254740993-7"


async def test_a_new_page_names_no_position(page: Page, stage: Stage) -> None:
    await PageStream.open(page)
    assert (await stage.line(1)).cursor is None


async def test_a_stream_that_ends_is_lost_and_goes_on_at_its_last_position(
    page: Page, stage: Stage
) -> None:
    stream = await PageStream.open(page)
    line = await stage.line(1)
    await line.raw("retry: 10\n\n")
    await line.send("hello", "1-5", **hello())
    await line.send("ping", "1-8")
    await stream.heard(2)
    line.end()
    again = await stage.line(2)
    assert again.last_event_id == "1-8"
    assert not await stream.get("connected")
    assert await stream.get("lostAt") == 1_000_000
    await again.send("hello", "1-8", **hello())
    await stream.connected(True)


async def test_a_silent_stream_is_opened_anew(page: Page, stage: Stage) -> None:
    stream = await PageStream.open(page)
    await (await stage.line(1)).send("hello", "1-5", **hello())
    await stream.connected(True)
    await stream.pass_time(SILENCE_MS)
    await stream.do("check", SILENCE_MS)
    assert await stream.get("connected")
    await stream.pass_time(1)
    await stream.do("check", SILENCE_MS)
    assert not await stream.get("connected")
    assert await stream.get("silentSince") == 1_000_000
    await stream.pass_time(2 * FIRST_PAUSE_MS)
    again = await stage.line(2)
    await again.send("hello", "1-5", **hello())
    await stream.connected(True)
    assert await stream.get("silentSince") is None


async def test_a_stream_that_never_says_a_word_is_opened_anew_too(page: Page, stage: Stage) -> None:
    stream = await PageStream.open(page)
    await stage.line(1)
    await stream.pass_time(SILENCE_MS + 1)
    await stream.do("check", SILENCE_MS)
    await stream.pass_time(2 * FIRST_PAUSE_MS)
    await stage.line(2)


async def test_what_the_browser_gave_up_is_opened_anew(page: Page, stage: Stage) -> None:
    stage.refusing = 503
    stream = await PageStream.open(page)
    await stream.failed(1)
    assert await stream.handle.evaluate("({ stream }) => stream.source") is None
    stage.refusing = None
    await stream.pass_time(2 * FIRST_PAUSE_MS)
    await (await stage.line(1)).send("hello", "1-5", **hello())
    await stream.connected(True)
    assert await stream.get("failures") == 0


async def test_it_waits_longer_after_each_failure_up_to_a_limit(page: Page, stage: Stage) -> None:
    stage.refusing = 500
    stream = await PageStream.open(page)
    for failure in range(1, 8):
        await stream.failed(failure)
        longest = min(FIRST_PAUSE_MS * 2**failure, MOST_PAUSE_MS)
        await stream.pass_time(longest // 2 - 1)
        assert stage.refused == failure
        await stream.pass_time(longest // 2 + 1)


async def test_a_closed_stream_tells_nothing_more_and_stays_closed(
    page: Page, stage: Stage
) -> None:
    stream = await PageStream.open(page)
    line = await stage.line(1)
    await line.send("hello", "1-5", **hello())
    await stream.connected(True)
    await stream.do("close")
    assert not await stream.get("connected")
    await stream.pass_time(10 * MOST_PAUSE_MS)
    await stream.do("check", SILENCE_MS)
    assert len(stage.lines) == 1
    assert len(await stream.frames()) == 1


async def test_a_stream_that_is_closed_while_it_waits_is_not_opened_again(
    page: Page, stage: Stage
) -> None:
    stage.refusing = 503
    stream = await PageStream.open(page)
    await stream.failed(1)
    await stream.do("close")
    await stream.pass_time(10 * MOST_PAUSE_MS)
    assert stage.refused == 1


async def test_opening_anew_leaves_one_stream(page: Page, stage: Stage) -> None:
    stream = await PageStream.open(page)
    old = await stage.line(1)
    await stream.do("open")
    await (await stage.line(2)).send("hello", "1-5", **hello())
    await stream.heard(1)
    await eventually(lambda: old.gone, message="the first stream is closed")
