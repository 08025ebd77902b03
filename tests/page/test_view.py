"""What the page shows of its state, and what a person chose in it, through every change."""

import pytest
from playwright.async_api import expect

from tests.page.store import NOW, service
from tests.page.view import PageView

pytestmark = pytest.mark.asyncio(loop_scope="session")

HOSTILE = "<img src=x onerror=window.owned=1></script><script>window.owned=1</script>"
SOCKET = {"name": "rpc", "role": "rpc", "path": "a/rpc.sock", "status": "degraded"}


async def test_before_the_first_word_it_says_that_it_waits(view: PageView) -> None:
    assert "Waiting for the router" in await view.text("[data-empty]")
    assert "Waiting for the router" in await view.text("[data-overview-title]")
    assert await view.text('[data-count="healthy"] b') == "\N{EN DASH}"


async def test_without_services_it_says_how_one_appears(view: PageView) -> None:
    await view.started("1-1")
    assert await view.text("[data-empty]") == "No services yet."
    assert "A service appears here once a scanner finds its socket" in await view.text(
        "[data-overview]"
    )


async def test_services_stand_in_their_contexts_in_natural_order(view: PageView) -> None:
    names = ["s10", "s2", "B", "a"]
    await view.started("1-1", *map(service, names), service("z", context="alpha"))
    assert await view.listed() == ["z", "a", "B", "s2", "s10"]
    groups = await view.page.locator("[data-context]").all_text_contents()
    assert groups == ["alpha 1", "default 4"]


@pytest.mark.parametrize(
    "status", ["healthy", "degraded", "unhealthy", "inactive", "non_rpc", "unknown"]
)
async def test_each_status_has_its_word_its_colour_and_a_shape_of_its_own(
    view: PageView, status: str
) -> None:
    await view.started("1-1", service("a", status))
    await expect(view.row("a")).to_have_attribute("data-status", status)
    words = {"inactive": "no listener", "non_rpc": "not HTTP"}
    assert words.get(status, status) in (await view.row("a").text_content() or "")
    assert status in (await view.row("a").get_attribute("title") or "")
    mark = view.row("a").locator(".mark")
    await expect(mark).to_have_attribute("data-mark", status)
    await expect(mark).to_have_attribute("aria-hidden", "true")
    shape = await mark.locator("use").get_attribute("href")
    shapes = await view.page.evaluate(
        "() => [...document.querySelectorAll('symbol')].map((one) => [one.id, one.innerHTML])"
    )
    assert shape == f"#mark-{status}"
    assert len({drawn for _, drawn in shapes}) == len(shapes) == 6
    assert shape[1:] in dict(shapes)


async def test_a_status_of_a_newer_router_is_shown_as_unknown(view: PageView) -> None:
    await view.started("1-1", service("a", "dreaming"))
    await expect(view.row("a").locator(".mark")).to_have_attribute("data-mark", "unknown")


async def test_counts_tell_how_many_of_each_and_filter_by_it(view: PageView) -> None:
    await view.started("1-1", service("a"), service("b"), service("c", "degraded"))
    assert await view.text('[data-count="healthy"] b') == "2"
    degraded = view.page.locator('[data-count="degraded"]')
    await degraded.click()
    await expect(degraded).to_have_attribute("aria-pressed", "true")
    assert await view.listed() == ["c"]
    assert await view.place() == "#/?q=status:degraded"
    await view.put("1-2", "a", "degraded")
    assert await view.listed() == ["a", "c"]
    await degraded.click()
    assert await view.listed() == ["a", "c", "b"]
    assert await view.place() == "#/"


async def test_the_filter_looks_at_name_title_and_context(view: PageView) -> None:
    records = [service("x1"), service("b", title="The X1 one"), service("c", context="x1s")]
    await view.started("1-1", *records, service("d"))
    await view.page.locator("[data-filter]").fill(" X1 ")
    assert await view.listed() == ["b", "x1", "c"]
    await view.page.locator("[data-filter]").fill("nothing")
    assert await view.text("[data-empty]") == "No service matches the filter."


async def test_what_is_wrong_is_told_by_its_causes_the_worst_first(view: PageView) -> None:
    poor = [
        service(f"poor{number}", "degraded", reason="a check fails", changed_at=NOW - 60_000)
        for number in range(1_000)
    ]
    dead = service("dead", "unhealthy", changed_at=NOW - 5_000, reason="no answer")
    await view.started("1-1", service("fine"), dead, *poor)
    assert await view.text("[data-overview-title]") == "1001 of 1002 services are not healthy"
    causes = view.page.locator("[data-cause]")
    told = [" ".join(text.split()) for text in await causes.all_inner_texts()]
    assert told == [
        "no answer dead unhealthy for 5 s",
        "a check fails 1000 services default degraded for 1 min",
    ]
    await causes.last.click()
    assert await view.place() == '#/?q=status:"degraded"+node:"n1"+"a+check+fails"'
    assert await view.text("[data-matched]") == "1000 of 1002 services"
    await view.page.locator("[data-filter]").fill("")
    await causes.first.click()
    assert await view.text('[data-field="title"]') == "dead"
    await expect(view.page.locator("[data-overview]")).to_have_count(0)


async def test_when_all_is_well_the_overview_says_so(view: PageView) -> None:
    await view.started("1-1", service("a"), service("b"))
    assert await view.text("[data-overview-title]") == "All 2 services are healthy"
    await view.put("1-2", "b", "inactive")
    assert await view.text("[data-overview-title]") == "1 of 2 services is not healthy"


async def test_the_detail_shows_each_socket_with_its_latency_and_why(view: PageView) -> None:
    socket = {**SOCKET, "latency_ms": 1.5, "error": "answers 503", "failures": 3}
    await view.started("1-1", service("a", "degraded", reason="rpc", sockets=[socket]))
    await view.row("a").click()
    await view.page.locator('[data-to-tab="sockets"]').click()
    row = await view.text('[data-socket="rpc"]')
    assert "a/rpc.sock" in row
    assert "1.5 ms" in row
    assert "answers 503, at least 3 times in a row" in row
    assert await view.text("[data-probe]") == "latency as of the last change"
    figures = {"checked_at": NOW - 4_000, "sockets": {"rpc": {"latency_ms": 9, "error": None}}}
    await view.answered("id-a", {"probe": figures})
    assert "9 ms" in await view.text('[data-socket="rpc"]')
    assert await view.text("[data-probe]") == "probed 4 s ago"


async def test_each_method_in_the_overview_leads_to_the_console(view: PageView) -> None:
    await view.started("1-1", service("a", methods=["add", "sub"], methods_count=3))
    await view.row("a").click()
    lines = await view.page.locator("[data-methods] li").all_text_contents()
    assert [*lines, await view.text("[data-methods-more]")] == ["add", "sub", "… and 1 more"]
    link = view.page.locator("[data-methods] a").first
    await expect(link).to_have_attribute("href", "#/s/default/a@n1/methods/add")


async def test_on_a_phone_what_is_not_healthy_stands_above_the_list(view: PageView) -> None:
    await view.page.set_viewport_size({"width": 390, "height": 844})
    await view.started("1-1", service("a"), service("bad", "unhealthy", reason="no answer"))
    title, listed = view.page.locator("[data-overview-title]"), view.row("a")
    assert await title.inner_text() == "1 of 2 services is not healthy"
    boxes = [await place.bounding_box() for place in (title, listed)]
    assert boxes[0] is not None
    assert boxes[1] is not None
    assert 0 < boxes[0]["y"] < boxes[1]["y"] < 844
    assert "no answer" in await view.text("[data-cause]")


async def test_the_tabs_title_tells_how_many_are_not_healthy_and_who_is_looked_at(
    view: PageView,
) -> None:
    await view.started("1-1", service("a"), service("b", "degraded"))
    assert await view.page.title() == "(1) hero_router"
    await view.row("b").click()
    assert await view.page.title() == "(1) b · hero_router"
    await view.stream(connected=False, lostAt=NOW)
    assert await view.page.title() == "(1) reconnecting · b · hero_router"


async def test_a_scan_is_told_only_where_somebody_asked_for_it(view: PageView) -> None:
    """What it changed has events of its own."""
    await view.started("1-1", service("a"))
    await view.put("1-2", "a", "degraded")
    counts = {"discovered": 1, "added": 0, "removed": 0, "changed": 1, "requests": []}
    await view.frame("scan", "1-3", node="n1", **counts)
    assert await view.page.locator("[data-events] li").count() == 1
    assert await view.page.locator("[data-events] li").get_attribute("data-event") != "scan"


async def test_recent_events_are_told_in_words_and_lead_to_their_service(view: PageView) -> None:
    await view.started("1-1", service("a"))
    changed = service("a", "inactive", reason="nothing listens")
    await view.frame("status_change", "1-2", service=changed, **{"from": "healthy"}, to="inactive")
    counts = {"discovered": 3, "added": 0, "removed": 1, "changed": 2, "requests": ["r"]}
    await view.frame("scan", "1-3", node="n1", **counts)
    await view.gone("1-4", "b")
    await view.resync("1-9", 5)
    items = await view.page.locator("[data-events] li").all_text_contents()
    told = [" ".join(item.split())[8:] for item in items]
    assert told == [
        "missed 5 eventsthe page loads the state again; reason: lagged",
        "bremoved: gone",
        "scan of n13 services, 1 removed, 2 changed; on request",
        "ahealthy → no listener: nothing listens",
    ]
    await view.page.locator('[data-event="status_change"] a').click()
    assert await view.place() == "#/s/default/a@n1"


async def test_recent_events_stay_in_place_when_another_comes(view: PageView) -> None:
    await view.started("1-1", service("a"))
    await view.put("1-2", "a", "degraded")
    await view.page.locator("[data-events] li a").focus()
    await view.put("1-3", "a", "healthy")
    texts = await view.page.locator("[data-events] .text").all_text_contents()
    assert texts == ["updated, healthy", "updated, degraded"]
    assert await view.page.evaluate(
        "document.activeElement === document.querySelector('[data-events] li:last-child a')"
    )


async def test_the_strip_says_how_fresh_it_is_when_it_last_heard_and_what_it_missed(
    view: PageView,
) -> None:
    await view.started("1-1", service("a"))
    assert await view.text("[data-freshness-label]") == "live"
    assert await view.page.title() == "hero_router"
    assert await view.text("[data-heard]") == "last data 0 s ago"
    await view.stream(heardAt=NOW - 7_000)
    assert await view.text("[data-heard]") == "last data 7 s ago"
    await view.resync("1-9", 5)
    await view.snapshot("1-9", service("a"))
    assert "missed 5 events at" in await view.text("[data-strip]")
    await view.put("1-10", "a")
    assert "last event" in await view.text("[data-last-event]")
    await view.stream(connected=False, lostAt=NOW)
    assert "reconnecting" in await view.text("[data-strip]")
    assert await view.page.title() == "reconnecting · hero_router"
    assert await view.text("[data-heard]") == ""


async def test_nothing_looks_healthy_while_nobody_can_vouch_for_it(view: PageView) -> None:
    await view.started("1-1", service("a"))
    mark = view.row("a").locator(".mark")
    colour = "(element) => getComputedStyle(element).color"
    green = await mark.evaluate(colour)
    await view.stale("scanner", "elsewhere")
    assert await mark.evaluate(colour) == green
    await view.stale("redis")
    assert await mark.evaluate(colour) != green
    await view.hello("1-1")
    await view.snapshot("1-1", service("a"))
    assert await mark.evaluate(colour) == green


async def test_hostile_texts_enter_as_text_only(view: PageView) -> None:
    socket = {**SOCKET, "name": HOSTILE, "role": HOSTILE, "path": HOSTILE, "error": HOSTILE}
    texts = dict.fromkeys(["context", "title", "description", "reason", "version"], HOSTILE)
    more = {"methods": [HOSTILE], "methods_count": 1, "conflict": HOSTILE, "spec_error": HOSTILE}
    record = service(HOSTILE, HOSTILE, HOSTILE, **texts, **more, source=HOSTILE)
    record["sockets"] = [{**socket, "latency_ms": HOSTILE, "failures": 9}]
    await view.hello("1-1")
    await view.snapshot("1-1", record)
    assert HOSTILE in (await view.page.locator("[data-cause]").text_content() or "")
    await view.frame("status_change", "1-2", service=record, **{"from": HOSTILE}, to=HOSTILE)
    await view.frame("service_removed", "1-3", **{**record, "id": "other"})
    await view.stale("scanner", HOSTILE, detail=HOSTILE)
    await view.stream(connected=False, lostAt=NOW)
    await only_text(view, "[data-detail]", "[data-list]", "[data-events]")
    await view.page.locator("[data-service]").click()
    for tab in ["", "sockets", "events", "raw"]:
        await view.page.locator(f'[data-to-tab="{tab}"]').click()
        await only_text(view, "[data-detail]", "[data-tab]")
    assert await view.page.evaluate("window.owned") is None


async def only_text(view: PageView, *places: str) -> None:
    """The text is there, and nothing else was made of it; all links stay on the page."""
    for place in places:
        text = await view.page.locator(place).text_content() or ""
        assert HOSTILE in text.replace('\\"', '"')
    assert await view.page.locator("main :is(img, script)").count() == 0
    links = await view.page.locator("a[href]").evaluate_all("all => all.map(({ href }) => href)")
    here = view.page.url.partition("#")[0]
    root = here.removesuffix("page")
    mine = (f"{here}#/", f"{root}sign-in", f"{root}api/report")
    assert all(link.startswith(mine) for link in links)


async def test_no_module_can_write_markup(view: PageView) -> None:
    """Text becomes markup in none of these ways, whatever a later change brings."""
    await view.page.evaluate(
        """() => {
          const forbid = (owner, name) => Object.defineProperty(owner, name, {
            set() { throw new Error(`${name} is set`); },
            get() { return () => { throw new Error(`${name} is called`); }; },
          });
          for (const name of ["innerHTML", "outerHTML", "insertAdjacentHTML", "setHTMLUnsafe"]) {
            forbid(Element.prototype, name);
          }
          forbid(Range.prototype, "createContextualFragment");
          forbid(Document.prototype, "write");
          forbid(DOMParser.prototype, "parseFromString");
        }"""
    )
    await test_hostile_texts_enter_as_text_only(view)
