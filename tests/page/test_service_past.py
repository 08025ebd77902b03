"""The past of one service: availability, bars, latency, incidents, over a chosen span."""

from typing import Any

import pytest
from playwright.async_api import Page, expect

from tests.history import cases
from tests.page.stage import Stage
from tests.page.store import NOW, service
from tests.page.view import PageView

pytestmark = pytest.mark.asyncio(loop_scope="session")

CALL = """async ([file, name, ...args]) => {
  const module = await import(`/static/js/fleet/${file}.js`);
  return module[name](...args);
}"""
DAY = 86_400_000
SPAN = {"start": NOW - DAY, "end": NOW, "bucket_seconds": 900}
ROW = {"since": NOW - 2 * DAY, "up_minutes": 932, "watched_minutes": 940, "minutes": 1000}


def past(**fields: Any) -> dict[str, Any]:
    """What `/api/history` answers for one service."""
    detail = {
        "latency_median": [2.2, None, 2], "latency_p95": [12, None, 4.6],
        "transitions": [], "incidents": [],
    }  # fmt: skip
    row = {**ROW, "service_id": "id-a", "bars": "hu?", **fields.pop("row", {})}
    return {**SPAN, "services": [row], "detail": {**detail, **fields}}


async def test_uptime_says_how_much_of_the_time_was_watched_and_how_long_it_is_known(
    quiet: Page,
) -> None:
    async def text(**fields: Any) -> Any:
        row = {**ROW, **fields}
        return await quiet.evaluate(CALL, ["history_text", "uptimeText", row, SPAN, "day"])

    assert await text() == "up 99.1 % of the 94 % watched of the last day"
    young = {"since": NOW - 1000, "up_minutes": 17, "watched_minutes": 17, "minutes": 17}
    assert await text(**young) == "up 100 % of the 17 min since its history began"
    assert await text(up_minutes=0, watched_minutes=0) == "not watched in the last day"
    assert await text(minutes=0) == "no history yet"


async def test_incidents_of_the_span_are_listed_and_what_is_not_kept_is_said(quiet: Page) -> None:
    async def told(incidents: list[Any], transitions: list[Any], bars: str = "hh") -> Any:
        detail = {"incidents": incidents, "transitions": transitions}
        words = ["history_text", "incidents", detail, SPAN, "day", NOW, bars]
        return await quiet.evaluate(CALL, words)

    old = cases.incident(began=NOW - 2 * DAY)
    assert await told([old], []) == {"lines": [], "note": "No incident was seen in the last day."}
    before = await told([], [], "uu")
    assert before["note"].startswith("The problems in the bars began before")
    lasting = cases.incident(began=NOW - 2 * DAY, ended=None, duration_ms=None)
    new = [cases.incident(began=NOW - 1000 * number) for number in range(12)]
    found = await told([*new, lasting], [{"at": NOW}] * 50)
    assert len(found["lines"]) == 10
    assert found["note"].startswith("3 older ones. Only the last 50 changes of status are kept")


async def test_latency_is_a_picture_and_words(quiet: Page) -> None:
    figures = [[1, None, 2], [4, None, 3]]
    assert await quiet.evaluate(CALL, ["latency_chart", "latencyPaths", *figures]) == [
        {"kind": "p95", "d": "M0 0H1V1H0ZM2 0.25H3V1H2Z"},
        {"kind": "median", "d": "M0 0.75H1V1H0ZM2 0.5H3V1H2Z"},
    ]
    text = await quiet.evaluate(CALL, ["latency_chart", "latencyText", SPAN, *figures])
    assert text.startswith("median 2 ms, p95 of peaks 3 ms at ")
    assert "; highest 4 ms at " in text
    minutes = {**SPAN, "bucket_seconds": 60}
    text = await quiet.evaluate(CALL, ["latency_chart", "latencyText", minutes, *figures])
    assert text.startswith("median 2 ms, p95 3 ms at ")
    none = await quiet.evaluate(CALL, ["latency_chart", "latencyText", SPAN, [None], [None]])
    assert none == "no probe was answered in this time"


async def test_the_overview_tells_the_past_of_the_span_that_the_address_names(
    view: PageView, stage: Stage
) -> None:
    stage.history = past(incidents=[cases.incident(began=NOW - 400_000)])
    await view.started("1-1", service("a", flapping=True))
    await view.go("#/s/default/a")
    place = view.page.locator("[data-past]")
    await expect(place).to_contain_text("up 99.1 % of the 94 % watched of the last day")
    await expect(place).to_contain_text("median 2 ms, p95 of peaks 4.6 ms at")
    await expect(place.locator("[data-incidents] li")).to_contain_text("down 3 min 20 s, ")
    paths = place.locator("[data-bars] path")
    assert await paths.evaluate_all("all => all.map((one) => one.dataset.kind)") == [
        "healthy", "unhealthy", "unknown",
    ]  # fmt: skip
    label = await place.locator("[data-bars]").get_attribute("aria-label") or ""
    assert [part.rsplit(" ", 1)[0] for part in label.split(", ")] == [
        "healthy", "unhealthy", "not known",
    ]  # fmt: skip
    await expect(view.page.locator("[data-flags]")).to_contain_text("flapping")
    await place.locator('[data-span="1y"]').click()
    await expect(place).to_contain_text("of the last year")
    assert await view.place() == "#/s/default/a?span=1y"
    assert stage.histories == ["span=1d&service=id-a", "span=1y&service=id-a"]
    await expect(place.locator('[data-span="1y"]')).to_have_attribute("aria-current", "true")


async def test_a_past_that_cannot_be_had_is_said_and_nothing_is_drawn(
    view: PageView, stage: Stage
) -> None:
    stage.history = past()
    await view.started("1-1", service("a"), service("b"))
    await view.go("#/s/default/a")
    place = view.page.locator("[data-past]")
    await expect(place.locator("[data-bars] path")).to_have_count(3)
    stage.history = None
    await view.go("#/s/default/b")
    await expect(place.locator("path")).to_have_count(0)
    await expect(place.locator("[data-past-failed]")).to_contain_text(
        "could not be loaded: the router"
    )
    await expect(place.locator("[data-uptime]")).to_have_text("")


async def test_until_the_past_of_another_service_comes_none_is_shown(
    view: PageView, stage: Stage
) -> None:
    stage.history = past()
    await view.started("1-1", service("a"), service("b"))
    await view.go("#/s/default/a")
    place = view.page.locator("[data-past]")
    await expect(place.locator("[data-bars] path")).to_have_count(3)
    await view.page.route("**/api/history*", lambda _: None)
    await view.go("#/s/default/b")
    await expect(place.locator("path")).to_have_count(0)
    await expect(place.locator("[data-uptime]")).to_have_text("")
    await view.page.unroute_all(behavior="ignoreErrors")
