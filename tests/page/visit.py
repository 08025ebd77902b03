"""A visit to the whole page, whose time stands still between two looks, before a router that plays
a part: nothing is late because the machine is busy, and no midnight comes in between."""

import time
from collections.abc import Callable, Coroutine
from typing import Any

from playwright.async_api import Page

from tests.page.stage import Line, Stage, hello
from tests.page.store import answer, service
from tests.support.wait import eventually

GREEN = "rgb(26, 127, 55)"
"""What is healthy, in the light theme."""

GREENS = f"""() => [...document.querySelectorAll(".panes [data-service] .mark")]
  .filter((mark) => getComputedStyle(mark).color === "{GREEN}").length"""

NOON_MS = int(time.mktime((2026, 11, 27, 12, 0, 0, 0, 0, -1))) * 1000
"""When a visit begins, by the clocks of the page and of the router."""

BEFORE_MS = 3_600_000
"""So long before noon the page's clock is begun: it goes until it is told to stand still."""

FRAME_MS = 20
"""What passes with each look, so that the page draws."""


def clock(ms: int) -> str:
    """A time as the page tells it."""
    return time.strftime("%H:%M:%S", time.localtime(ms / 1000))


class Visit:
    """The page, its router, and what time it is for both."""

    def __init__(self, page: Page, stage: Stage) -> None:
        self.page, self.stage, self.now = page, stage, NOON_MS

    @classmethod
    async def at(cls, page: Page, stage: Stage) -> "Visit":
        """A page that is still to be opened."""
        await page.clock.install(time=(NOON_MS - BEFORE_MS) / 1000)
        await page.clock.pause_at(NOON_MS / 1000)
        return cls(page, stage)

    async def open(self, fragment: str = "") -> None:
        """A person opens the page."""
        await self.page.goto(f"{self.stage.url}/whole{fragment}")

    async def pass_time(self, milliseconds: int) -> None:
        """Time goes on; what is due is done."""
        await self.page.clock.run_for(milliseconds)
        self.now += milliseconds

    async def sees(self, condition: Callable[[], Coroutine[Any, Any, bool]], message: str) -> None:
        """Wait until this is so; with each look the page draws."""

        async def look() -> bool:
            await self.pass_time(FRAME_MS)
            return await condition()

        await eventually(look, message=message)

    async def line(self, number: int) -> Line:
        """The stream that the page has opened as the n-th, once it has."""

        async def opened() -> bool:
            return len(self.stage.lines) >= number

        await self.sees(opened, f"stream {number} is open")
        return self.stage.lines[number - 1]

    async def strip(self) -> str:
        """All that the strip says."""
        return await self.page.locator("[data-strip]").inner_text()

    async def says(self, *words: str) -> None:
        """Wait until the strip says all of these."""

        async def said() -> bool:
            text = await self.strip()
            return all(each in text for each in words)

        await self.sees(said, f"the strip says {words}")

    async def green(self) -> int:
        """How many services look healthy."""
        number: int = await self.page.evaluate(GREENS)
        return number

    async def greens(self, number: int) -> None:
        """Wait until so many services look healthy."""

        async def same() -> bool:
            return await self.green() == number

        await self.sees(same, f"{number} services look healthy")

    async def shows(self, selector: str, number: int = 1) -> None:
        """Wait until the page has so many of these elements, or more."""

        async def there() -> bool:
            return await self.page.locator(selector).count() >= number

        await self.sees(there, f"{number} of {selector}")

    def state(self, place: str, *names: str, **fields: Any) -> None:
        """The router answers from now on with the state at a position: these, all healthy."""
        told = {"now": self.now, "as_of": self.now, **fields}
        self.stage.state = answer(place, *map(service, names), **told)

    async def greet(self, line: Line, place: str) -> None:
        """The router says hello, and that all has come."""
        await line.send("hello", place, **hello(now=self.now))
        await self.ping(line, place)

    async def ping(self, line: Line, place: str, age: int = 0) -> None:
        """The router pings; the ping is so old when it comes."""
        at = self.now - age
        await line.send("ping", place, now=at, as_of=at)

    async def live(self) -> Line:
        """The page is live and shows two healthy services."""
        self.state("1-5", "a", "b")
        await self.open()
        line = await self.line(1)
        await line.raw("retry: 10\n\n")
        await self.greet(line, "1-5")
        await self.greens(2)
        assert "live" in await self.strip()
        return line
