"""Each view of the page, and each state that has a look of its own: how it is reached."""

import itertools
import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from playwright.async_api import Page, expect

from tests.e2e.accessibility.fleet import ARABIC, BIDI, FILLED
from tests.support.hand import NODE

Act = Callable[[Page], Awaitable[None]]

SHOP = "#/s/default/shop"
CALL = f"{SHOP}/methods/place_order"
TITLE = '[data-field="title"]'

MISSED = """async () => {
  const { run_id } = await (await fetch("api/services")).json();
  const data = { dropped: 5, reason: "lagged", after_ms: 1_000, run_id };
  const lastEventId = document.querySelector("[data-cursor]").dataset.cursor;
  const told = { data: JSON.stringify(data), lastEventId };
  window.stream.dispatchEvent(new MessageEvent("resync", told));
}"""
"""The router tells the page that it has missed five events."""


async def nothing(_: Page) -> None:
    """The view is there as soon as its address is."""


def sees(selector: str) -> Act:
    """Wait until this is in sight."""

    async def act(page: Page) -> None:
        await page.locator(selector).first.wait_for()

    return act


async def send(page: Page, params: object) -> None:
    """Fill the console's form by its JSON, and send it."""
    await page.get_by_label("params as JSON").fill(json.dumps(params))
    await page.keyboard.press("Control+Enter")


async def answered(page: Page) -> None:
    await send(page, FILLED)
    await expect(page.locator(".outcome")).to_contain_text("result 200")


async def invalid(page: Page) -> None:
    await send(page, {**FILLED, "items": [], "address": {"city": "Paris", "zip": "x"}})
    await page.locator("[aria-invalid]").first.wait_for()


async def refused(page: Page) -> None:
    await send(page, FILLED)
    await expect(page.locator(".outcome")).to_contain_text("-32050")


async def unfolded(page: Page) -> None:
    await page.locator("[data-docs] summary").first.click()
    await page.locator("[data-docs] pre").first.wait_for()


async def searched(page: Page, words: str = "shop") -> None:
    await page.locator("[data-service]").first.wait_for()
    await page.keyboard.press("Control+k")
    await page.keyboard.type(words)
    await page.locator("[data-palette] [aria-selected=true]").wait_for()


async def not_found(page: Page) -> None:
    await page.locator("[data-service]").first.wait_for()
    await page.keyboard.press("Control+k")
    await page.keyboard.type("nothing of this name")
    await page.locator("[data-nothing]:not(:empty)").wait_for()


async def helped(page: Page) -> None:
    await page.locator("[data-service]").first.wait_for()
    await page.keyboard.press("?")
    await page.locator("[data-keys] dd").first.wait_for()


async def missed(page: Page) -> None:
    await page.locator("[data-service]").first.wait_for()
    await page.evaluate(MISSED)
    await page.locator("[data-away]").wait_for()


async def told(page: Page) -> None:
    """A message about what a person has just done."""
    await page.locator("[data-copy]").click()
    await expect(page.locator("#toast")).not_to_be_empty()


async def unmuted(page: Page) -> None:
    await expect(page.locator("[data-flags]")).to_contain_text("muted by")


@dataclass(frozen=True, slots=True)
class View:
    """One view: its name in messages, its address, and what brings it to its state."""

    name: str
    address: str
    reach: Act = nothing


FLEET = (
    View("fleet", "#/", sees("[data-causes] .cause")),
    View("fleet by node", "#/?group=node", sees(f'[data-context="{NODE}"]')),
    View("fleet without groups", "#/?group=none", sees("[data-service]")),
    View("fleet with a filter", "#/?q=status%3Adegraded", sees("[data-matched]:not(:empty)")),
    View("fleet, nothing matches", "#/?q=nowhere", sees("[data-empty]")),
    View("fleet, groups shut", "#/?shut=default,shop", sees('[aria-expanded="false"]')),
    View("nodes", "#/nodes", sees("[data-nodes] h3")),
    View("streams", "#/streams", sees("[data-workers] td")),
    View("timeline", "#/timeline", sees("[data-events] li")),
    View("access", "#/access", sees("[data-sessions] li")),
    View("wall", "#/wall", sees("[data-tiles] li")),
)
SERVICE = (
    View("overview", SHOP, unmuted),
    View("overview of the past", "#/s/default/the-degraded-one?span=1h", sees("[data-bars] path")),
    View("overview, right to left", f"#/s/{ARABIC}/{BIDI['arabic']}", sees(TITLE)),
    View("overview, long texts", f"#/s/{'c' * 80}/{'n' * 200}", sees(TITLE)),
    View("sockets", f"{SHOP}/sockets", sees("[data-socket] .links a")),
    View("methods", f"{SHOP}/methods", sees(".method-list a")),
    View("docs", f"{SHOP}/docs", unfolded),
    View("events", f"{SHOP}/events", sees("[data-tab] [data-events] li")),
    View("logs", f"{SHOP}/logs", sees(".routing-errors li")),
    View("raw", f"{SHOP}/raw", sees(".raw code:not(:empty)")),
    View("no such service", "#/s/default/nobody", sees("[data-gone]")),
)
CONSOLE = (
    View("console", CALL, sees(".console .send")),
    View("console, answer", CALL, answered),
    View("console, problems", CALL, invalid),
    View("console, error", f"{SHOP}/methods/cancel_order", refused),
)
OVERLAYS = (
    View("palette", "#/", searched),
    View("palette, nothing found", "#/", not_found),
    View("keys", "#/", helped),
    View("while you were away", "#/", missed),
    View("message", SHOP, told),
)
REPORT = (
    View("report", "#/", sees("[data-causes] .cause")),
    View("service of a report", "#/s/default/the-degraded-one", sees("[data-bars] path")),
    View("sockets of a report", f"{SHOP}/sockets", sees("[data-socket]")),
    View("record of a report", f"{SHOP}/raw", sees(".raw code:not(:empty)")),
    View("timeline of a report", "#/timeline", sees(".timeline li")),
    View("nodes of a report", "#/nodes", sees("[data-nodes] h3")),
    View("wall of a report", "#/wall", sees("[data-tiles] li")),
    View("search of a report", "#/", searched),
)
"""What a report shows, at addresses of its file."""
PARTS = {"all services": FLEET, "a service": SERVICE, "console": CONSOLE, "overlays": OVERLAYS}


visits = itertools.count()


async def reach(page: Page, url: str, view: View) -> None:
    """Load the page at a view's address.

    Each visit has an address of its own, as otherwise only the view would change; and the same
    origin, as for another one the browser would start a process.
    """
    await page.goto(f"{url}?{next(visits)}{view.address}")
    await view.reach(page)
