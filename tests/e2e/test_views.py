"""The palette, the keys, and the views of an operator, over a real router."""

import re

import pytest
from playwright.async_api import Browser, Page, expect

from hero_router.position import Position
from hero_router.store.client import connect
from hero_router.store.keys import Keys
from hero_router.store.lease import Lease
from hero_router.store.webhook import WebhookStore
from tests.e2e.dashboard import Dashboard
from tests.e2e.router import Web, routing
from tests.support.hand import NODE
from tests.support.redis import RedisServer
from tests.support.wait import eventually

pytestmark = pytest.mark.asyncio(loop_scope="session")

HIDE = """(hidden) => {
  Object.defineProperty(document, "hidden", { configurable: true, get: () => hidden });
  document.dispatchEvent(new Event("visibilitychange", { bubbles: true }));
}"""
"""A headless browser never hides a page."""

PRESSED = """(keys) => {
  for (const key of keys) {
    document.body.dispatchEvent(new KeyboardEvent("keydown", { key, bubbles: true }));
  }
}"""
"""Two keys of one command: the second one has to come within 1.5 s, which may pass between two
messages to the browser."""

NOTIFICATIONS = """
window.told = [];
window.Notification = class extends EventTarget {
  static permission = "granted";
  static requestPermission = async () => "granted";
  constructor(title, { body }) { super(); window.told.push(`${title}: ${body}`); }
};
"""


async def run(page: Page, words: str) -> None:
    """Find something in the palette and choose it."""
    await page.keyboard.press("Control+k")
    await page.keyboard.type(words)
    await expect(page.locator("[data-palette] [aria-selected=true]")).to_be_visible()
    await page.keyboard.press("Enter")


async def test_the_palette_leads_to_services_and_views_and_keys_do_too(
    browser: Browser, redis7: RedisServer
) -> None:
    async with routing(redis7.url, services=12) as (web, _):
        dashboard = await Dashboard.open(browser, web.url)
        page = dashboard.page
        await run(page, "s11")
        await expect(page.locator('[data-field="title"]')).to_have_text("s11")
        await page.keyboard.press("Control+k")
        await page.keyboard.press("Escape")
        await expect(page.locator("[data-palette]")).to_be_hidden()
        await expect(page.locator('[data-field="title"]')).to_have_text("s11")
        await run(page, "nodes")
        await expect(page.locator("[data-nodes] h3")).to_have_text(NODE)
        await page.evaluate(PRESSED, ["g", "f"])
        await expect(page.locator("[data-overview]")).to_be_visible()
        await page.keyboard.press("?")
        await expect(page.get_by_role("dialog", name="Keys")).to_contain_text("go to Nodes")
        await page.keyboard.press("Escape")
        await page.keyboard.press("j")
        await page.keyboard.press("j")
        await page.keyboard.press("Enter")
        await expect(page.locator("[data-detail-body]")).to_be_visible()
        assert dashboard.errors == []


async def test_the_views_of_an_operator_say_what_is(browser: Browser, redis7: RedisServer) -> None:
    async with routing(redis7.url, services=3) as (web, hand):
        dashboard = await Dashboard.open(browser, f"{web.url}/#/nodes")
        page, detail = dashboard.page, dashboard.page.locator("[data-detail]")
        await expect(detail).to_contain_text("its scanner works")
        await expect(detail.locator("[data-commands] code").first).to_have_text(
            f"hero_router list --node {NODE}"
        )
        await page.goto(f"{web.url}/#/streams")
        await expect(detail.locator("[data-streams] tbody tr")).to_have_count(1)
        await expect(detail.locator("[data-sum]")).to_contain_text("1 stream from 1 web worker")
        await page.goto(f"{web.url}/#/wall")
        await hand.change("s1", status="unhealthy", reason="on fire")
        await expect(detail).to_contain_text("on fire")
        assert dashboard.errors == []


async def test_a_new_scanner_is_not_told_as_one_that_has_scanned(
    browser: Browser, redis7: RedisServer
) -> None:
    """Until it reports, all that is known of its node is what the scanner before it saw. To forget
    the node is offered only once no scanner holds it: it would be refused before.
    """
    async with routing(redis7.url, services=3) as (web, hand):
        await hand.report(scan_seconds=60)
        dashboard = await Dashboard.open(browser, f"{web.url}/#/nodes")
        card = dashboard.page.locator("[data-nodes] .card")
        await expect(card).to_contain_text("its scanner works · last scan")
        await hand.give_way()
        await expect(card).to_contain_text("its new scanner has not reported yet · last scan")
        await expect(card).to_contain_text("by its previous scanner")
        later = Web(redis7.url)
        await later.start()
        try:
            status, told = await later.text("/status.txt")
            await dashboard.page.goto(f"{later.url}/#/nodes")
            await expect(card).to_contain_text("the status of its services is not known")
            await expect(card.locator("[data-commands]")).to_contain_text("hero_router list")
            await expect(card).not_to_contain_text("hero_router forget")
            async with connect(redis7.url, name="test") as client:
                await client.delete(Keys().lease(NODE))
            await expect(card.locator("[data-commands]")).to_contain_text("hero_router forget")
        finally:
            await later.kill()
        assert status == 503
        assert f"a new scanner of node {NODE} has started and has not reported yet" in told
        assert dashboard.errors == []


async def test_a_burst_beyond_the_window_during_a_pause_is_accounted_for_in_full(
    browser: Browser, redis7: RedisServer
) -> None:
    """What waits and what was missed add up; after it, what is listed and what is not do."""
    window, burst = 50, 900
    async with routing(redis7.url, window=window, services=1) as (web, hand):
        dashboard = await Dashboard.open(browser, f"{web.url}/#/timeline")
        timeline = dashboard.page.locator(".timeline")
        await expect(timeline.locator("[data-kept]")).to_contain_text("keeps all events so far")
        before = await timeline.locator('[data-event^="service"]').count()
        await timeline.get_by_role("button", name="pause").click()
        for step in range(9):
            await hand.changes(f"s{step}", burst // 9)

        async def numbers() -> list[int]:
            text = await timeline.locator("[data-waiting]").inner_text()
            return [int(number) for number in re.findall(r"(\d+) events?\b", text)]

        async def all_told() -> bool:
            return sum(await numbers()) == burst

        await eventually(all_told, message="all events of the burst are accounted for")
        waiting, *_ = await numbers()
        assert await timeline.locator('[data-event^="service"]').count() == before
        await timeline.get_by_role("button", name="resume").click()
        told = await timeline.locator("[data-trimmed]").inner_text()
        cut = re.search(r"(\d+) events? of the pause", told)
        listed = await timeline.locator('[data-event^="service"]').count()
        if cut is None:
            assert listed == before + waiting
        else:
            assert listed + int(cut[1]) == waiting
        await expect(timeline.locator('[data-event="edge"]')).to_contain_text(
            f"the newest {window}"
        )
        kept = await (await dashboard.page.request.get(f"{web.url}/api/events/recent?n=1")).json()
        await expect(timeline.locator('[data-event="edge"]')).to_contain_text(kept["first"]["id"])
        assert dashboard.errors == []


async def measured(web: Web, **wanted: float) -> dict[str, float]:
    """All metrics of the webhook, once these are so: while Redis is slow there are none."""

    async def found() -> dict[str, float]:
        told = await web.metrics("webhook")
        return told if wanted.items() <= told.items() else {}

    return await eventually(found, message=f"the metrics of the webhook say {wanted}")


async def test_the_webhooks_queue_is_seen_on_the_page_and_in_the_metrics(
    browser: Browser, redis7: RedisServer
) -> None:
    async with routing(redis7.url) as (web, _), connect(redis7.url, name="test") as client:
        dashboard = await Dashboard.open(browser, f"{web.url}/#/nodes")
        card = dashboard.page.locator("[data-webhook]")
        await expect(dashboard.page.locator("[data-nodes] .card")).to_be_visible()
        await expect(card).to_be_hidden()
        store, keys = WebhookStore(client, Keys()), Keys()
        lease = Lease(client, keys, NODE, "s", 600, keys.webhook_lease)
        grant = await lease.acquire()
        assert grant is not None
        await store.write(grant, Position(1, 1), {}, {}, ["m1", "m2"])
        await store.failed("it answers with status 500", lease.now_ms())
        await expect(card).to_contain_text("has taken no message for")
        await expect(card).to_contain_text("it answers with status 500")
        await expect(card).to_contain_text("2 messages wait")
        told = await measured(web, waiting=2, failing=1, dropped_total=0)
        assert len(told) == 3
        sent_at = lease.now_ms()
        await store.sent(b"m1", sent_at)
        await expect(card).to_contain_text("1 message waits")
        await expect(card).to_contain_text("last delivery")
        await expect(card).to_contain_text("last failure")
        told = await measured(web, waiting=1, failing=0)
        assert told["last_delivery_timestamp_seconds"] == pytest.approx(sent_at / 1000, abs=0.01)
        assert dashboard.errors == []


async def test_a_mute_is_seen_on_every_page_and_ended_on_any(
    browser: Browser, redis7: RedisServer
) -> None:
    async with routing(redis7.url, services=2) as (web, _):
        one = await Dashboard.open(browser, f"{web.url}/#/s/default/s0")
        other = await Dashboard.open(browser, f"{web.url}/#/s/default/s0")
        await one.page.get_by_role("button", name="mute for 1 h").click()
        await expect(other.page.locator("[data-flags]")).to_contain_text("muted by")
        await expect(other.page.locator(".row[data-muted] .name")).to_have_text("s0")
        await other.page.get_by_role("button", name="unmute").click()
        await expect(one.page.locator("[data-flags]")).not_to_contain_text("muted by")
        assert one.errors + other.errors == []


async def test_who_comes_back_is_told_what_got_worse_and_may_be_notified_at_once(
    browser: Browser, redis7: RedisServer
) -> None:
    async with routing(redis7.url) as (web, hand):
        await hand.change("shop", status="healthy")
        dashboard = await Dashboard.open(browser, web.url)
        page = dashboard.page
        await page.add_init_script(NOTIFICATIONS)
        await page.reload()
        await dashboard.fresh("live")
        await run(page, "notifications")
        await expect(page.locator("#toast")).to_contain_text("Notifications are on")
        assert await page.evaluate("window.told.splice(0)") == ["Notifications are on: "]
        await page.evaluate(HIDE, True)
        await hand.change("shop", status="unhealthy", reason="on fire")

        async def told() -> bool:
            return bool(await page.evaluate("window.told.length"))

        await eventually(told, message="a notification is shown")
        assert await page.evaluate("window.told") == ["shop is unhealthy: on fire"]
        await expect(page.locator("[data-away]")).to_be_hidden()
        await page.evaluate(HIDE, False)
        await hand.change("shop", status="healthy", reason="")
        await expect(page.locator("[data-announced]")).to_have_text("shop is healthy")
        assert await page.evaluate("window.told.length") == 1
        assert dashboard.errors == []
