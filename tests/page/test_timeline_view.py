"""The timeline's view: its edge is told, a pause loses nothing untold, types filter."""

from collections.abc import Mapping
from typing import Any

import pytest
from playwright.async_api import Locator, expect

from tests.page.stage import Stage
from tests.page.store import NOW, service
from tests.page.view import PageView

pytestmark = pytest.mark.asyncio(loop_scope="session")

MOST_LINES = 500


def kept(window: int, number: int, first: str) -> Mapping[str, Any]:
    """What the router answers of its window, whose events the test gives the page itself."""
    oldest = {"id": first, "at": NOW}
    return {
        "cursor": "1-9", "run_id": "r1", "window": window, "kept": number, "first": oldest,
        "events": [], "now": NOW, "as_of": NOW,
    }  # fmt: skip


async def opened(view: PageView, *places: str) -> Locator:
    """The view, with an event of the service `a` at each position."""
    await view.started("1-0", service("a"), service("b"))
    for place in places:
        await view.put(place, "a")
    await view.go("#/timeline")
    return view.page.locator(".timeline")


async def burst(view: PageView, first: int, last: int, name: str = "a") -> None:
    """So many events come at once."""
    await view.handle.evaluate(
        """({ store }, [first, last, data]) => {
             const event = "service_updated";
             for (let n = first; n <= last; n += 1) store.apply({ event, id: `1-${n}`, data });
           }""",
        [first, last, {"service": service(name), "at": NOW}],
    )


def told(timeline: Locator) -> Locator:
    return timeline.locator("[data-waiting]")


async def test_the_edge_stands_below_the_oldest_event_that_the_router_keeps(
    view: PageView, stage: Stage
) -> None:
    stage.recent = kept(3, 3, "1-2")
    timeline = await opened(view, "1-1", "1-2", "1-3", "1-4")
    await expect(timeline.locator("[data-kept]")).to_have_text(
        "The router keeps the newest 3 events; older ones are gone."
    )
    rows = timeline.locator("[data-events] > li")
    await expect(rows).to_have_count(5)
    assert [await row.get_attribute("data-event") for row in await rows.all()] == [
        *["service_updated"] * 3, "edge", "service_updated",
    ]  # fmt: skip
    await expect(rows.nth(3)).to_contain_text("older events are gone")
    await expect(rows.nth(3)).to_contain_text("the newest 3; the oldest of them, 1-2,")


async def test_while_the_window_has_room_nothing_is_called_gone(
    view: PageView, stage: Stage
) -> None:
    stage.recent = kept(10, 2, "1-1")
    timeline = await opened(view, "1-1", "1-2")
    await expect(timeline.locator("[data-kept]")).to_contain_text(
        "keeps all events so far (2 events"
    )
    await expect(timeline.locator('[data-event="edge"]')).to_have_count(0)


async def test_a_pause_holds_the_list_still_and_counts_what_waits(view: PageView) -> None:
    timeline = await opened(view, "1-1")
    rows = timeline.locator("[data-events] > li")
    await timeline.get_by_role("button", name="pause").click()
    await expect(told(timeline)).to_contain_text("0 events wait.")
    await view.put("1-2", "b")
    await expect(told(timeline)).to_contain_text("1 event waits.")
    await view.resync("1-9", 7)
    await view.put("1-10", "b")
    await expect(told(timeline)).to_contain_text("2 events wait; 7 events were missed.")
    await expect(rows).to_have_count(1)
    assert "paused" in await view.page.title()
    await timeline.get_by_role("button", name="resume").click()
    await expect(rows).to_have_count(4)
    await expect(told(timeline)).to_be_empty()
    await expect(timeline.locator("[data-trimmed]")).to_have_text("7 events were missed.")


async def test_screen_readers_are_told_now_and_then_what_waits(view: PageView) -> None:
    """Each event changes what is seen, and would be read out."""
    timeline = await opened(view, "1-1")
    said = timeline.locator("[data-waiting-said]")
    await expect(said).to_have_role("status")
    await timeline.get_by_role("button", name="pause").click()
    await expect(said).to_contain_text("0 events wait.")
    for place in ("1-2", "1-3"):
        await view.put(place, "b")
    await expect(told(timeline)).to_contain_text("2 events wait.")
    await expect(said).to_contain_text("0 events wait.")
    await view.handle.evaluate("({ outside, draw }) => { outside.now += 30_000; draw(); }")
    await expect(said).to_contain_text("2 events wait.")
    await timeline.get_by_role("button", name="resume").click()
    await expect(said).to_be_empty()
    await timeline.get_by_role("button", name="pause").click()
    await expect(said).to_contain_text("0 events wait.")


async def test_the_number_that_a_resume_cannot_list_is_exact(view: PageView) -> None:
    timeline = await opened(view, "1-1")
    rows = timeline.locator("[data-events] > li")
    await timeline.get_by_role("button", name="pause").click()
    await burst(view, 2, MOST_LINES + 31)
    await expect(told(timeline)).to_contain_text(f"{MOST_LINES + 30} events wait.")
    await expect(rows).to_have_count(1)
    await timeline.get_by_role("button", name="resume").click()
    await expect(rows).to_have_count(MOST_LINES)
    await expect(timeline.locator("[data-trimmed]")).to_contain_text(
        "30 events of the pause are not"
    )
    await timeline.get_by_role("button", name="pause").click()
    await expect(timeline.locator("[data-trimmed]")).to_be_empty()


async def test_an_unknown_number_of_missed_events_stays_unknown(view: PageView) -> None:
    timeline = await opened(view, "1-1")
    await timeline.get_by_role("button", name="pause").click()
    await view.resync("2-4", None)
    await view.put("2-5", "b")
    await expect(told(timeline)).to_contain_text(
        "1 event waits; an unknown number of events were missed."
    )


async def test_a_later_pause_tells_its_own_number_again(view: PageView) -> None:
    timeline = await opened(view, "1-1")
    await view.resync("2-4", None)
    await timeline.get_by_role("button", name="pause").click()
    await view.put("2-5", "b")
    await expect(told(timeline)).to_contain_text("1 event waits.")
    await view.resync("2-9", 4)
    await expect(told(timeline)).to_contain_text("1 event waits; 4 events were missed.")


async def test_a_pause_says_how_many_the_filter_lets_through(view: PageView) -> None:
    timeline = await opened(view, "1-1")
    await view.go("#/timeline?q=b")
    await timeline.get_by_role("button", name="pause").click()
    await view.put("1-2", "a")
    await view.put("1-3", "b")
    await expect(told(timeline)).to_contain_text(
        "2 events wait, of which the filter lets 1 through."
    )
    await view.resync("1-9", 6)
    await expect(told(timeline)).to_contain_text("the filter lets 1 through; 6 events were missed.")
    await burst(view, 10, 10 + MOST_LINES)
    await expect(told(timeline)).to_contain_text(f"{MOST_LINES + 3} events wait; 6 events")
    await timeline.get_by_role("button", name="resume").click()
    await expect(timeline.locator("[data-events] > li")).to_have_count(0)


async def test_types_are_chosen_and_stay_in_the_address(view: PageView) -> None:
    timeline = await opened(view, "1-1", "1-2")
    await view.gone("1-3", "b")
    rows = timeline.locator("[data-events] > li")
    await expect(rows).to_have_count(3)
    removed = timeline.get_by_role("button", name="removed")
    await removed.click()
    await expect(rows).to_have_count(1)
    await expect(removed).to_have_attribute("aria-pressed", "true")
    assert await view.place() == "#/timeline?types=service_removed"
    await view.go("#/timeline?types=service_removed,service_updated")
    await expect(rows).to_have_count(3)
    await view.go("#/timeline?types=scan")
    await expect(timeline).to_contain_text("No event that is listed passes the filter.")
