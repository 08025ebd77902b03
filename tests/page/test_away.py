"""What happened while nobody looked at the page: counted from the services then and now."""

from collections.abc import Mapping, Sequence
from typing import Any

import pytest
from playwright.async_api import Page, expect

from tests.page.store import service
from tests.page.view import PageView

pytestmark = pytest.mark.asyncio(loop_scope="session")

TELL = """async ([then, services, at, place, missed]) => {
  const { absence, matters, moment, told } = await import("/static/js/fleet/away.js");
  const shown = (list) => list.map(([id, status]) => ({ id, name: id, status, lost: null }));
  const was = moment(then.at, then.place, shown(then.services));
  const found = absence(was, shown(services), { at, place, missed });
  const names = (list) => list.map(({ name }) => name);
  const counts = { ...found, worse: names(found.worse), came: names(found.came) };
  return { ...counts, matters: matters(found), text: told(found) };
}"""

Services = Sequence[tuple[str, str]]


async def away(
    page: Page,
    before: Services,
    after: Services,
    place: str = "1-9",
    missed: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """The absence from 1,000 at position 1-5 to 2,000 at `place`."""
    then = {"at": 1_000, "place": "1-5", "services": before}
    found: dict[str, Any] = await page.evaluate(TELL, [then, after, 2_000, place, missed])
    return found


async def test_what_got_worse_came_and_left_is_counted_and_named(quiet: Page) -> None:
    before = [("a", "healthy"), ("b", "unhealthy"), ("c", "healthy"), ("gone", "healthy")]
    after = [("a", "degraded"), ("b", "healthy"), ("c", "healthy"), ("new", "healthy")]
    found = await away(quiet, before, after)
    assert (found["worse"], found["better"]) == (["a"], 1)
    assert (found["came"], found["left"]) == (["new"], ["gone"])
    assert (found["from"], found["to"], found["events"], found["missed"]) == (1_000, 2_000, 4, 0)
    assert found["text"] == "1 got worse, 1 got better, 1 came, 1 left · 4 events, none missed"


async def test_where_nothing_got_worse_there_is_nothing_to_tell(quiet: Page) -> None:
    better = await away(quiet, [("a", "unhealthy")], [("a", "healthy")])
    assert better["matters"] is False


async def test_missed_events_matter_even_if_nothing_changed(quiet: Page) -> None:
    same = [("a", "healthy")]
    found = await away(quiet, same, same, missed={"dropped": 15, "at": 1_500})
    assert (found["matters"], found["missed"]) == (True, 15)
    assert "15 missed" in found["text"]
    unknown = await away(quiet, same, same, missed={"dropped": None, "at": 1_500})
    assert (unknown["matters"], unknown["missed"]) == (True, None)
    assert "their number is not known" in unknown["text"]


async def test_what_was_missed_before_the_absence_is_not_told_again(quiet: Page) -> None:
    same = [("a", "healthy")]
    found = await away(quiet, same, same, missed={"dropped": 15, "at": 999})
    assert (found["matters"], found["missed"]) == (False, 0)


async def test_no_number_is_made_up_where_positions_began_anew(quiet: Page) -> None:
    found = await away(quiet, [("a", "healthy")], [("a", "degraded")], place="2-3")
    assert found["events"] is None
    assert found["text"] == "1 got worse, 0 came, 0 left · none missed"


async def test_missed_events_are_part_of_the_events_also_on_a_page_that_is_seen_all_the_time(
    view: PageView,
) -> None:
    await view.started("1-5", service("a"))
    await view.resync("1-20", 15)
    await view.put("1-21", "a", "degraded")
    await view.snapshot("1-21", service("a", "degraded"))
    told = view.page.locator("[data-away] [data-told]")
    await expect(told).to_contain_text("1 got worse")
    await expect(told).to_contain_text("16 events, 15 missed")
