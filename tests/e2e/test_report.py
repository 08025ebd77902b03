"""A report: saved from the page, opened as a file when no router is there any more."""

import asyncio
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from playwright.async_api import Browser, Page, expect

from hero_router.web.report_page import DATA_BEGIN, DATA_END
from tests.e2e.dashboard import Dashboard
from tests.e2e.router import Web, routing
from tests.e2e.test_hostile import HOSTILE, STRAYS
from tests.support.hand import NODE, Hand
from tests.support.records import record
from tests.support.redis import RedisServer
from tests.support.wait import eventually

pytestmark = pytest.mark.asyncio(loop_scope="session")

ILL = record("s1", NODE).id

SHOWN = """() => ({
  statuses: Object.fromEntries([...document.querySelectorAll("[data-service]")]
    .map((row) => [row.dataset.service, row.dataset.status])),
  events: [...document.querySelectorAll("[data-events] li")].map((line) => line.innerText),
  bars: [...document.querySelectorAll(".list .bars path, [data-hour] .bars path")]
    .map((path) => [path.dataset.kind, path.getAttribute("d")]),
})"""
"""What a page says of services, events and the last hour."""

COLOURS = """() => {
  const green = getComputedStyle(document.documentElement).getPropertyValue("--healthy");
  const probe = document.body.appendChild(document.createElement("p"));
  probe.style.setProperty("color", green);
  const wanted = getComputedStyle(probe).color;
  probe.remove();
  const parts = [...document.querySelectorAll("body *")].map((each) => getComputedStyle(each));
  return parts.filter(({ color, fill, borderLeftColor, backgroundColor }) =>
    [color, fill, borderLeftColor, backgroundColor].includes(wanted)).length;
}"""
"""How many elements have the colour of what is healthy."""


async def save(page: Page, path: Path) -> None:
    """Save the report from the page, as a person does."""
    async with page.expect_download() as download:
        await page.get_by_role("link", name="Save a report").click()
    saved = await download.value
    assert saved.suggested_filename.startswith("hero_router-")
    await saved.save_as(path)


async def ill(hand: Hand) -> None:
    """One of three services is ill, and has been before."""
    await hand.past(s0="hhhhhhhh", s1="hhuuhhuu", s2="hhhhhhhh")
    for name, status in (("s0", "healthy"), ("s1", "healthy"), ("s2", "healthy")):
        await hand.change(name, status=status, reason="")
    await hand.change("s1", status="unhealthy", reason="no answer in 2 s")


async def open_report(browser: Browser, path: Path, place: str = "") -> Dashboard:
    """The file in a browser; nothing else is ever asked for."""
    dashboard = Dashboard(await browser.new_page(viewport={"width": 1280, "height": 800}))

    def check(url: str) -> None:
        if not url.startswith("data:") and url.partition("#")[0] != path.as_uri():
            dashboard.errors.append(f"asked for {url}")

    dashboard.page.on("request", lambda request: check(request.url))
    await dashboard.page.goto(f"{path.as_uri()}{place}")
    return dashboard


async def test_a_saved_report_shows_the_same_without_a_router_and_is_never_live(
    browser: Browser, redis7: RedisServer, tmp_path: Path
) -> None:
    file = tmp_path / "report.html"
    async with routing(redis7.url, services=3) as (web, hand):
        await ill(hand)
        then = await seen_and_saved(browser, web, hand, file)
    report = await open_report(browser, file)
    page = report.page

    async def same() -> bool:
        return bool(await page.evaluate(SHOWN) == then)

    await eventually(same, message=f"the report shows {then}")
    assert then["statuses"][ILL] == "unhealthy"
    await expect(page.locator("[data-overview-title]")).to_contain_text("1 of 3 services was not")
    await is_told_everywhere(report)
    assert report.errors == []


async def seen_and_saved(browser: Browser, web: Web, hand: Hand, path: Path) -> Any:
    """What the live page says, once it and the report that it saves are of the same minute.

    With each minute the bars of the last hour move on.
    """
    while True:
        minute = await last_minute(web)
        live = await Dashboard.open(browser, web.url)
        await live.shows(await hand.statuses())
        for bars in ("[data-hour]", f'[data-service="{ILL}"]'):
            await expect(live.page.locator(f"{bars} .bars path").first).to_be_attached()
        await expect(live.page.locator("[data-events] li").first).to_contain_text("no answer in")
        await save(live.page, path)
        seen = await live.page.evaluate(SHOWN)
        assert await live.page.evaluate(COLOURS) > 0
        if await last_minute(web) == minute:
            return seen
        await live.page.close()


async def last_minute(web: Web) -> int:
    """The end of the last hour that the router tells of."""
    return int(json.loads((await web.text("/api/history?span=1h"))[1])["end"])


async def is_told_everywhere(report: Dashboard) -> None:
    """Each view says that it is a report, and nothing on it looks as if it were live."""
    page = report.page
    for place in ("#/", "#/timeline", "#/nodes", "#/wall", f"#/s/default/s1@{NODE}", "#/streams"):
        await page.evaluate("place => { location.hash = place; }", place)
        band = page.locator("[data-report-of]")
        await expect(band).to_be_visible()
        await expect(band).to_contain_text("It is not live.")
        await expect(page.locator("[data-freshness-label]")).to_have_text("report")
        await expect(page.locator("body")).to_have_attribute("data-trust", "none")
        await expect(page).to_have_title("(1) report · " + TITLES.get(place, "") + "hero_router")
        assert await page.evaluate(COLOURS) == 0
        assert await page.locator("[data-live-only]:visible").count() == 0


TITLES = {
    "#/timeline": "timeline · ", "#/nodes": "nodes · ", "#/wall": "wall · ",
    f"#/s/default/s1@{NODE}": "s1 · ",
}  # fmt: skip


async def test_a_report_has_the_past_of_a_service_and_finds_it_again(
    browser: Browser, redis7: RedisServer, tmp_path: Path
) -> None:
    file = tmp_path / "report.html"
    async with routing(redis7.url, services=3) as (web, hand):
        await ill(hand)
        live = await Dashboard.open(browser, web.url)
        await live.shows(await hand.statuses())
        await save(live.page, file)
    report = await open_report(browser, file)
    page = report.page
    await page.locator(f'[data-service="{ILL}"]').click()
    past = page.locator("[data-past]")
    await expect(past.locator("[data-uptime]")).to_contain_text("since its history began")
    await expect(past.locator("[data-latency-text]")).to_contain_text("median")
    await past.locator('[data-span="1h"]').click()
    await expect(past.locator("[data-bars]")).to_have_attribute("viewBox", "0 0 60 1")
    await expect(past.locator('[data-bars] path[data-kind="unhealthy"]')).to_have_count(1)
    await expect(page.locator("[data-next-steps]")).to_be_hidden()
    await page.locator('[data-to-tab="raw"]').click()
    await page.reload()
    await expect(page.locator(".raw")).to_contain_text("no answer in 2 s")
    await page.go_back()
    await expect(past.locator("[data-bars]")).to_have_attribute("viewBox", "0 0 60 1")
    await page.keyboard.press("Control+k")
    await page.locator("[data-palette] input").fill("scan")
    await expect(page.locator("[data-palette] [role=option]", has_text="Scan now")).to_have_count(0)
    await page.locator("[data-palette] input").fill("s2")
    await page.keyboard.press("Enter")
    await expect(page.locator('[data-field="title"]')).to_have_text("s2")
    assert report.errors == []


@pytest.mark.parametrize(("window", "edges"), [(1024, 0), (4, 1)])
async def test_a_report_says_where_its_events_begin(
    browser: Browser, redis7: RedisServer, tmp_path: Path, window: int, edges: int
) -> None:
    file = tmp_path / "report.html"
    async with routing(redis7.url, services=3, window=window) as (web, hand):
        await ill(hand)
        await made(browser, web, file)
    report = await open_report(browser, file, "#/timeline")
    lines = report.page.locator("[data-events] li")
    await expect(lines.first).to_contain_text("no answer in 2 s")
    await expect(report.page.locator('[data-event="edge"]')).to_have_count(edges)
    if edges:
        await expect(lines.last).to_contain_text("older events are gone")
    await expect(report.page.locator("[data-failed]")).to_be_hidden()
    await expect(report.page.locator("[data-pause]")).to_be_hidden()


async def test_a_report_has_two_thousand_events_and_says_where_it_is_cut(
    browser: Browser, redis7: RedisServer, tmp_path: Path
) -> None:
    file = tmp_path / "report.html"
    async with routing(redis7.url, services=1, window=3000) as (web, hand):
        place = await hand.changes("s0", 2100)

        async def is_there() -> bool:
            return f'"cursor":"{place}"' in (await web.text("/api/services"))[1]

        await eventually(is_there, message="the router has read them")
        await made(browser, web, file)
    report = await open_report(browser, file, "#/timeline")
    lines = report.page.locator("[data-events] li")
    await expect(lines.last).to_contain_text("are not in this report: it has the newest 2000")
    await expect(lines).to_have_count(2001)


async def made(browser: Browser, web: Web, path: Path) -> str:
    """The text of a report of a router."""
    live = await Dashboard.open(browser, web.url)
    await save(live.page, path)
    return await asyncio.to_thread(path.read_text, "utf-8")


async def test_hostile_texts_do_nothing_in_a_report(
    browser: Browser, redis7: RedisServer, tmp_path: Path
) -> None:
    file = tmp_path / "report.html"
    async with routing(redis7.url, services=0) as (web, hand):
        for text in HOSTILE:
            texts = ("title", "description", "reason", "version", "context")
            await hand.change(text, **dict.fromkeys(texts, text), methods=(text,))
        await made(browser, web, file)
    report = await open_report(browser, file)
    page = report.page
    for text in HOSTILE:
        row = page.locator(f'[data-service="{record(text, NODE).id}"]')
        await expect(row.locator(".name")).to_have_text(text, use_inner_text=False)
        await row.click()
        title = page.locator('[data-field="title"]')
        await expect(title).to_have_text(text, use_inner_text=False)
        await page.locator('[data-to-tab="methods"]').click()
        methods = page.locator(".methods li")
        await expect(methods).to_have_text([text], use_inner_text=False)
    assert await page.evaluate("window.owned") is None
    assert await page.locator(STRAYS).count() == 0
    assert report.errors == []


def edited(text: str, change: Callable[[Any], None]) -> str:
    """The report with another content."""
    before, _, rest = text.partition(DATA_BEGIN)
    content = json.loads(rest.removesuffix(DATA_END))
    change(content)
    return before + DATA_BEGIN + json.dumps(content).replace("<", "\\u003c") + DATA_END


async def test_a_report_tells_the_doubts_and_mutes_of_its_time(
    browser: Browser, redis7: RedisServer, tmp_path: Path
) -> None:
    file = tmp_path / "report.html"
    async with routing(redis7.url, services=1) as (web, hand):
        await hand.report(conditions={"permission": "1 socket denies access"})
        async with aiohttp.ClientSession() as http:
            muting = {"id": record("s0", NODE).id, "seconds": 3600, "note": "new disk"}
            body = {"jsonrpc": "2.0", "id": 1, "method": "router.mute", "params": muting}
            assert "result" in await (await http.post(f"{web.url}/rpc", json=body)).json()
        live = Dashboard(await browser.new_page())
        await live.page.goto(web.url)
        await live.says("1 socket denies access")
        await save(live.page, file)
    report = await open_report(browser, file)
    await expect(report.page.locator("[data-bands]")).to_contain_text("1 socket denies access")
    await report.page.locator("[data-service]").click()
    await expect(report.page.locator("[data-flags]")).to_contain_text("muted by anonymous")
    await expect(report.page.locator("[data-flags]")).to_contain_text("new disk")
    assert report.errors == []


async def test_a_file_that_is_no_whole_report_says_so(
    browser: Browser, redis7: RedisServer, tmp_path: Path
) -> None:
    file = tmp_path / "report.html"
    async with routing(redis7.url, services=2) as (web, _):
        text = await made(browser, web, file)
    for broken, words in (
        (text[:-1000], "it was cut off or changed on its way"),
        (text.partition(DATA_BEGIN)[0] + DATA_BEGIN + "null" + DATA_END, "it has the format"),
        (edited(text, lambda found: found.update(format=2)), "it has the format 2"),
        (edited(text, lambda found: found.pop("past")), "parts of it are missing"),
        (edited(text, lambda found: found["state"].update(services=7)), "parts of it are missing"),
        (edited(text, lambda found: found["state"].update(services=[None])), "cannot be shown"),
    ):
        file.write_text(broken, "utf-8")
        report = await open_report(browser, file)
        await expect(report.page.locator("[data-overview-title]")).to_contain_text(words)
        await expect(report.page.locator("[data-freshness-label]")).to_have_text("failed")
        await expect(report.page.locator("body")).to_have_attribute("data-trust", "none")
        assert report.errors == []
        await report.page.close()
