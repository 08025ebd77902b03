"""What the page looks like where not all of it can be trusted, and what it offers then."""

import re

import pytest
from playwright.async_api import expect

from tests.page.store import NOW, service
from tests.page.test_view import HOSTILE, SOCKET
from tests.page.view import PageView

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def test_nobody_says_that_all_is_well_while_a_status_is_not_known(view: PageView) -> None:
    """The services of a lost node are no causes, and all the same not well."""
    well = view.page.locator("[data-well]")
    await view.started("1-5", service("a"), service("b"))
    await expect(well).to_be_visible()
    await view.stale("scanner", "n1")
    await expect(well).to_be_hidden()
    await view.fresh("scanner", "n1")
    await expect(well).to_be_visible()


async def test_a_lost_nodes_services_are_told_as_they_were_in_one_band_and_no_row_each(
    view: PageView,
) -> None:
    """Nobody knows that they are not healthy."""
    socket = {**SOCKET, "latency_ms": 1, "error": None, "failures": 0}
    away = [service(f"a{number}", sockets=[socket], changed_at=1) for number in range(9)]
    ill = service("ill", "unhealthy", node="n2")
    await view.started("1-1", *away, ill, service("well", node="n2"))
    detail = "no scanner runs on n1; if it is gone: forget n1"
    await view.stale("scanner", "n1", since=NOW - 8_000, detail=detail)
    assert await view.text("[data-overview-title]") == (
        "1 of 2 services is not healthy; the status of 9 more is not known"
    )
    assert await view.page.locator("[data-cause]").count() == 1
    [band] = await view.page.locator("[data-bands] li").all_inner_texts()
    assert band.startswith("no scanner runs on n1, since ")
    assert band.endswith("its 9 services show their last known status; if it is gone: forget n1")
    assert await view.text('[data-count="unknown"] b') == "9"
    assert await view.text('[data-count="healthy"] b') == "1"
    assert await view.page.title() == "(1) hero_router"
    assert "? was healthy" in await view.row("a0").inner_text()
    await expect(view.row("a0").locator(".mark")).to_have_attribute("data-mark", "healthy")
    hollow = "(mark) => getComputedStyle(mark).fill"
    assert await view.row("a0").locator(".mark").evaluate(hollow) == "none"
    assert await view.row("well").locator(".mark").evaluate(hollow) != "none"
    await view.row("a0").click()
    line = await view.text(".status-line")
    assert re.match(r"\? was healthy\nsince \d\d:\d\d:\d\d, last known \d\d:\d\d:\d\d", line)
    assert "no scanner runs on n1" in await view.text("[data-lost].lost")
    assert await view.page.locator('[data-hop="socket"] .mark').evaluate(hollow) == "none"
    await view.fresh("scanner", "n1")
    assert (await view.text(".status-line")).startswith("healthy\nfor ")


async def test_while_nothing_can_be_trusted_ages_stop_and_the_headline_is_in_the_past(
    view: PageView,
) -> None:
    await view.started("1-1", service("a"), service("b", "inactive", changed_at=NOW - 5_000))
    assert await view.text("[data-overview-title]") == "1 of 2 services is not healthy"
    assert "no listener for 5 s" in await view.text("[data-cause]")
    ground = "() => getComputedStyle(document.querySelector('.detail')).backgroundImage"
    assert await view.page.evaluate(ground) == "none"
    await view.pass_time(3_000)
    await view.stream(connected=False, lostAt=NOW)
    told = await view.text("[data-cause]")
    title = await view.text("[data-overview-title]")
    assert title.startswith("1 of 2 services was not healthy at ")
    assert "was no listener since" in told
    assert "gradient" in await view.page.evaluate(ground)
    await view.pass_time(600_000)
    await view.stream()
    assert await view.text("[data-cause]") == told
    assert await view.text("[data-overview-title]") == title


async def test_the_tabs_icon_tells_of_trust_and_health(view: PageView) -> None:
    async def icon() -> str:
        link = await view.page.locator('link[rel="icon"]').get_attribute("href")
        answer = await view.page.request.get(link or "")
        assert answer.headers["content-type"] == "image/svg+xml"
        return (link or "").rpartition("/")[2]

    await view.started("1-1", service("a"))
    assert await icon() == "well.svg"
    await view.put("1-2", "a", "degraded")
    assert await icon() == "troubled.svg"
    await view.stale("redis")
    assert await icon() == "doubtful.svg"
    assert await view.page.title() == "(1) stale · hero_router"


async def test_many_doubts_are_counted_and_not_all_listed(view: PageView) -> None:
    await view.started("1-1", service("a"))
    for number in range(60):
        await view.stale("scanner", f"node{number}")
    bands = await view.page.locator("[data-bands] li").all_inner_texts()
    assert len(bands) == 7
    assert bands[-1] == "… and 54 more warnings"


async def test_services_out_of_sight_are_told_by_one_band_and_not_by_a_row_each(
    view: PageView,
) -> None:
    """Their node's root cannot be read: nobody knows that they are not healthy."""
    away = [
        service(f"a{number}", "unknown", reason="the root cannot be read") for number in range(3)
    ]
    denied = service("denied", "unknown", node="n2", reason="permission denied")
    await view.started("1-1", *away, denied, service("well", node="n2"))
    await view.stale("root", "n1", since=NOW - 8_000, detail="the root /x does not exist")
    assert await view.text("[data-overview-title]") == (
        "1 of 2 services is not healthy; the status of 3 more is not known"
    )
    assert await view.page.locator("[data-cause]").count() == 1
    [band] = await view.page.locator("[data-bands] li").all_inner_texts()
    assert band.startswith("node n1 the root /x does not exist, since ")
    assert await view.text('[data-count="unknown"] b') == "4"


async def test_the_sockets_that_a_node_ignores_are_listed_with_the_reason(view: PageView) -> None:
    ignored = {"x/gunicorn.sock": "a server's own socket", HOSTILE: HOSTILE}
    node = {"node": "n1", "ignored": ignored, "ignored_count": 51}
    await view.hello("1-1")
    await view.snapshot("1-1", service("a"), nodes=[node, {"node": "n2"}])
    told = view.page.locator("[data-ignored] details")
    assert await told.count() == 1
    assert await told.locator("summary").inner_text() == "51 sockets are ignored on n1"
    await told.locator("summary").click()
    lines = await told.locator("li").all_inner_texts()
    assert lines[0] == "x/gunicorn.sock a server's own socket"
    assert HOSTILE in lines[1]
    assert "… and 49 more" in await told.inner_text()


async def test_the_ignored_sockets_are_those_of_the_last_minute_though_no_event_tells_of_them(
    view: PageView,
) -> None:
    node = {"node": "n1", "ignored": {"x/a.sock": "no service"}, "ignored_count": 1}
    await view.started("1-1", service("a"))
    ignored = view.page.locator("[data-ignored] details")
    await expect(ignored).to_have_count(0)
    await view.page.route(
        "**/api/nodes", lambda route: route.fulfill(json={"nodes": [node], "stale": [], "now": NOW})
    )
    await view.pass_time(61_000)
    await view.stream(heardAt=NOW + 61_000)
    await view.frame("ping", "1-1", now=NOW + 61_000, as_of=NOW + 61_000)
    await expect(ignored).to_contain_text("1 socket is ignored on n1")


async def test_a_router_of_another_version_offers_a_reload(view: PageView) -> None:
    await view.started("1-1", service("a"))
    await expect(view.page.locator("[data-updated]")).to_be_hidden()
    await view.hello("1-1", version="2")
    await expect(view.page.locator("[data-updated]")).to_be_visible()
    await expect(view.page.locator("[data-reload]")).to_be_visible()
    await view.hello("1-1", version="1")
    await expect(view.page.locator("[data-updated]")).to_be_hidden()


async def test_a_person_may_try_now_while_there_is_no_connection(view: PageView) -> None:
    await view.started("1-1", service("a"))
    button = view.page.locator("[data-try]")
    await expect(button).to_be_hidden()
    await view.stream(connected=False, lostAt=NOW, nextTryAt=NOW + 7_000)
    assert "next try in 7 s" in await view.text("[data-strip]")
    await button.click()
    assert await view.handle.evaluate("({ outside }) => outside.hurries") == 1


async def test_what_is_drawn_in_pieces_is_not_trusted_if_the_trust_was_lost_meanwhile(
    view: PageView,
) -> None:
    await view.started("1-1", service("a"))
    shown = await view.handle.evaluate(
        """({ model, shell, store, stream, page, freshness }) => {
          const fresh = () => freshness(store, stream, page);
          for (const step of model.work(fresh()));
          stream.connected = false;
          stream.lostAt = stream.heardAt;
          const pieces = [];
          for (const step of shell.draw()) {
            shell.warn(fresh());
            pieces.push(document.body.dataset.trust);
          }
          return [...pieces, document.body.dataset.trust];
        }"""
    )
    assert set(shown) == {"none"}
