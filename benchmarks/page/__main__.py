"""`python -m benchmarks.page`: loads the page, types, changes services; prints long tasks."""

import argparse
import asyncio
from collections import defaultdict
from collections.abc import Mapping, Sequence
from statistics import median

from playwright.async_api import Browser, async_playwright

from benchmarks.page.chromium_trace import traced
from benchmarks.page.fake_router import Router

CHROMIUM = "/usr/bin/chromium"
SPEEDS = (1, 4)
BURST = 1_000
PHASES = ("load", "key", "burst", "idle", "asked")
LIMITS = {"load": 50, "key": 50, "burst": 50, "idle": 10, "asked": 100}
ASKED = """() => performance.getEntriesByType("resource")
  .find(({ name }) => name.endsWith("api/services"))?.startTime ?? NaN"""
"""When the page asked for the state, in ms since the navigation began."""

SETTLED_SECONDS, IDLE_SECONDS = 3, 5


async def run(browser: Browser, services: int, speed: int) -> Mapping[str, float]:
    """The longest task of each phase, and when the state was asked for, in ms.

    The CPU is so many times slower.
    """
    longest = {}
    async with Router(services) as router:
        context = await browser.new_context(viewport={"width": 1440, "height": 900})
        page = await context.new_page()
        throttle = await context.new_cdp_session(page)
        await throttle.send("Emulation.setCPUThrottlingRate", {"rate": speed})
        async with traced(browser, page) as tasks:
            await page.goto(router.url)
            await asyncio.sleep(SETTLED_SECONDS)
        longest["load"] = tasks.longest
        # What the tool itself runs in the page is outside of the traces.
        await page.locator("[data-service]").first.wait_for(timeout=60_000)
        asked = await page.evaluate(ASKED)
        await page.locator("[data-filter]").focus()
        async with traced(browser, page) as tasks:
            await page.keyboard.press("7")
            await asyncio.sleep(SETTLED_SECONDS)
        longest["key"] = tasks.longest
        await page.locator("[data-filter]").fill("")
        await asyncio.sleep(1)
        async with traced(browser, page) as tasks:
            await router.burst(min(BURST, services), turn=1)
            await asyncio.sleep(SETTLED_SECONDS)
        longest["burst"] = tasks.longest
        await router.ping()
        await asyncio.sleep(1)
        async with traced(browser, page) as tasks:
            await asyncio.sleep(IDLE_SECONDS)
        longest["idle"] = tasks.longest
        await context.close()
    return {**longest, "asked": asked}


async def measure(services: int, rounds: int) -> Sequence[str]:
    """A row of a table for each speed: the medians of the rounds."""
    rows = []
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(
            executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu"]
        )
        for speed in SPEEDS:
            found = defaultdict(list)
            for _ in range(rounds):
                for phase, longest in (await run(browser, services, speed)).items():
                    found[phase].append(longest)
            cells = [f"{median(found[phase]):.0f}" for phase in PHASES]
            rows.append(f"| {services} | {speed} | {' | '.join(cells)} |")
        await browser.close()
    return rows


def main() -> None:
    """Parse, run, print."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.page", description=__doc__)
    parser.add_argument("--services", type=int, action="append", help="2000 and 10000 if none")
    parser.add_argument("--rounds", type=int, default=3, help="rounds of each (3)")
    options = parser.parse_args()
    print(f"Longest task of the main thread, and the state was asked for, in ms (aims: {LIMITS})\n")
    print(f"| services | CPU | {' | '.join(PHASES)} |\n|---|---|---|---|---|---|---|")
    for services in options.services or [2_000, 10_000]:
        print("\n".join(asyncio.run(measure(services, options.rounds))), flush=True)


if __name__ == "__main__":
    main()
