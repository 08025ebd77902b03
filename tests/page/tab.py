"""Tabs of one browser, each with its part of the shared stream, and hands on its worker."""

import asyncio
import json
from typing import Any

from playwright.async_api import Browser, BrowserContext, JSHandle, Page

from tests.page.stage import Stage
from tests.support.wait import PATIENCE_SECONDS, eventually

NEW = """async () => {
  const { SharedStream } = await import("/static/js/live/tab.js");
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

    async def without_a_word_for(self, milliseconds: int) -> float:
        """The tab looks when its worker has said nothing for so long; its clock stands still then.

        Returns when it had last heard of the stream, by its clock.
        """
        heard: float = await self.handle.evaluate(
            """({ stream }, ms) => {
                 const [at, heard] = [stream.wordAt + ms, stream.state.heardAt];
                 stream.now = () => at;
                 stream.check(45_000);
                 return heard;
               }""",
            milliseconds,
        )
        return heard

    async def check_each_second(self) -> None:
        """The tab looks at its stream each second, as the page does."""
        await self.handle.evaluate(
            "({ stream }) => { setInterval(() => stream.check(45_000), 1_000); }"
        )

    async def do(self, name: str) -> None:
        """Call a method of its stream."""
        await self.handle.evaluate("({ stream }, name) => { stream[name](); }", name)

    async def get(self, name: str) -> Any:
        """A field of its stream."""
        return await self.handle.evaluate(
            "({ stream }, name) => stream[name] ?? stream.state[name]", name
        )

    async def ago(self, name: str) -> float:
        """How long ago a time of its stream was, in ms."""
        found: float = await self.handle.evaluate(
            "({ stream }, name) => stream.now() - stream.state[name]", name
        )
        return found

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


async def workers(browser: Browser, url: str = "") -> list[str]:
    """The shared workers that run, by their target's id; those below `url` alone.

    Workers of the test before, which had another server, may not have ended yet.
    """
    session = await browser.new_browser_cdp_session()
    found = await session.send("Target.getTargets")
    await session.detach()
    return [
        one["targetId"]
        for one in found["targetInfos"]
        if one["type"] == "shared_worker" and one["url"].startswith(url)
    ]


async def put_clock_forward(browser: Browser, url: str, milliseconds: int) -> None:
    """As after a sleep of the machine: the one shared worker finds another time."""
    session = await browser.new_browser_cdp_session()
    [target] = await workers(browser, url)
    attached = await session.send("Target.attachToTarget", {"targetId": target})
    expression = f"{{ const now = Date.now; Date.now = () => now() + {milliseconds}; }}"
    evaluate = {"id": 1, "method": "Runtime.evaluate", "params": {"expression": expression}}
    message = {"sessionId": attached["sessionId"], "message": json.dumps(evaluate)}
    answered = asyncio.Event()
    session.on("Target.receivedMessageFromTarget", lambda _: answered.set())
    await session.send("Target.sendMessageToTarget", message)
    # Whoever detaches before the worker has answered may take the message along.
    await asyncio.wait_for(answered.wait(), PATIENCE_SECONDS)
    await session.detach()


async def kill_workers(browser: Browser, url: str = "") -> None:
    """End the workers below `url`, as a browser does that runs out of memory: no tab is told."""
    session = await browser.new_browser_cdp_session()
    running = await workers(browser, url)
    assert running
    for target in running:
        await session.send("Target.closeTarget", {"targetId": target})
    await session.detach()

    async def gone() -> bool:
        return await workers(browser, url) == []

    await eventually(gone, message="no shared worker runs")
