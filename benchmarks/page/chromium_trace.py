"""The tasks of a page's main thread, read from a trace of Chromium."""

import json
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

from playwright.async_api import Browser, Page

CATEGORIES = ["toplevel", "loading", "disabled-by-default-devtools.timeline", "__metadata"]
MAIN_THREAD = "CrRendererMain"
TASK, FIRST_PAINT = "ThreadControllerImpl::RunTask", "firstPaint"
STARTED, COMMITTED = "TracingStartedInBrowser", "FrameCommittedInBrowser"


@dataclass(slots=True)
class ChromiumTrace:
    """The CPU times of all tasks of a phase, in ms; `painted`: only of those after the first paint.

    CPU time, as a busy machine makes every task last longer.
    """

    all: Sequence[float] = ()
    painted: Sequence[float] = ()

    @property
    def longest(self) -> float:
        """The longest task after the first paint, if there was one in the phase."""
        return max(self.painted or self.all, default=0.0)


@asynccontextmanager
async def traced(browser: Browser, page: Page) -> AsyncIterator[ChromiumTrace]:
    """The tasks of the page during the body, known after it."""
    found = ChromiumTrace()
    await browser.start_tracing(page=page, categories=CATEGORIES)
    yield found
    events = json.loads(await browser.stop_tracing())["traceEvents"]
    events = _of(page.url, events)
    main = _main_threads(events)
    tasks = [one for one in events if one["name"] == TASK and (one["pid"], one["tid"]) in main]
    paints = [one["ts"] for one in events if one["name"] == FIRST_PAINT]
    painted = min(paints, default=0)
    found.all = [_ms(one) for one in tasks]
    found.painted = [_ms(one) for one in tasks if one["ts"] > painted]


def _of(url: str, events: Sequence[dict[str, Any]]) -> Sequence[dict[str, Any]]:
    """The events of the page's own process: the browser has pages of its own."""
    begun = [one["args"]["data"]["frames"] for one in events if one["name"] == STARTED]
    came = [one["args"]["data"] for one in events if one["name"] == COMMITTED]
    frames = [frame for frames in begun for frame in frames] + came
    origin = url.partition("#")[0]
    mine = {one.get("processId") for one in frames if str(one.get("url")).startswith(origin)}
    return [one for one in events if one["pid"] in mine]


def _ms(event: dict[str, Any]) -> float:
    return float(event.get("tdur", 0)) / 1000


def _main_threads(events: Sequence[dict[str, Any]]) -> set[tuple[int, int]]:
    names = (one for one in events if one["name"] == "thread_name")
    return {(one["pid"], one["tid"]) for one in names if one["args"]["name"] == MAIN_THREAD}
