"""The long list: which rows are in the document, where they are, and what has the focus."""

import pytest
import pytest_asyncio
from hypothesis import given
from hypothesis import strategies as st
from playwright.async_api import Page, expect

from tests.page.store import service
from tests.page.view import PageView
from tests.support.wait import eventually

pytestmark = pytest.mark.asyncio(loop_scope="session")

MANY = 700

IN_SIGHT = """async (list) =>
  (await import("/static/js/ui/rows_in_sight.js")).rowsInSight(list)"""

numbers = st.integers(-50_000, 50_000)


@given(top=numbers, tall=st.integers(1, 3_000), length=st.integers(0, 500), kept=st.integers(-1))
async def test_every_row_in_sight_is_drawn_and_the_one_that_is_kept(
    quiet: Page, top: int, tall: int, length: int, kept: int
) -> None:
    kept = min(kept, length - 1)
    place = {"top": top, "bottom": top + tall, "height": 30, "length": length, "kept": kept}
    drawn = await quiet.evaluate(IN_SIGHT, place)
    needed = {at for at in range(length) if at * 30 < top + tall and (at + 1) * 30 > top}
    assert needed <= set(drawn)
    assert kept < 0 or kept in drawn
    assert drawn == sorted(set(drawn))
    assert len(drawn) <= tall / 30 + 20
    assert all(0 <= at < length for at in drawn)


@pytest_asyncio.fixture(loop_scope="session")
async def long(view: PageView) -> PageView:
    """A list of many services in one group."""
    await view.started("1-1", *(service(f"s{number}") for number in range(MANY)))
    return view


async def top_row(view: PageView) -> str:
    """The text of the row at the top of the list."""
    found: str = await view.page.evaluate(
        """() => {
          const { left, top } = document.querySelector(".list").getBoundingClientRect();
          return document.elementFromPoint(left + 50, top + 5).closest("li")?.innerText ?? "";
        }"""
    )
    return found


async def test_only_rows_in_sight_are_in_the_document_wherever_one_scrolls(long: PageView) -> None:
    rows = long.page.locator("[data-list] > li")
    assert 20 < await rows.count() < 100
    pane = long.page.locator(".list")
    height = (await rows.first.bounding_box() or {"height": 0})["height"]
    await pane.evaluate("(pane, top) => { pane.scrollTop = top; }", height * 500)

    async def scrolled() -> bool:
        return "s499" in await top_row(long)

    await eventually(scrolled, message="the 500th row is at the top")
    assert await rows.count() < 100
    row = long.row("s499").locator("..")
    await expect(row).to_have_attribute("aria-posinset", "501")
    await expect(row).to_have_attribute("aria-setsize", str(MANY + 1))


async def test_on_a_phone_the_rows_follow_the_scroll_of_the_page(view: PageView) -> None:
    await view.page.set_viewport_size({"width": 390, "height": 844})
    await view.started("1-1", *(service(f"s{number}") for number in range(MANY)))
    await view.page.evaluate("scrollTo(0, document.documentElement.scrollHeight)")
    await expect(view.row(f"s{MANY - 1}")).to_be_in_viewport()
    assert await view.page.locator("[data-list] > li").count() < 100


async def test_the_row_with_the_focus_stays_when_it_is_scrolled_away(long: PageView) -> None:
    await long.row("s3").focus()
    await long.page.locator(".list").evaluate("(pane) => { pane.scrollTop = 9_000; }")
    await expect(long.row("s305")).to_be_attached()
    assert await long.focused() == "id-s3"
    await long.put("1-2", "s3", "unhealthy")
    assert await long.focused() == "id-s3"
    await long.page.keyboard.press("ArrowDown")
    await expect(long.row("s0")).to_be_focused()


async def test_a_short_list_is_drawn_in_full(view: PageView) -> None:
    """For printing and for the browser's own search."""
    await view.started("1-1", *(service(f"s{number}") for number in range(190)))
    await expect(view.page.locator("[data-list] > li")).to_have_count(191)


async def test_a_change_touches_only_its_own_row(long: PageView) -> None:
    await long.page.evaluate(
        """() => {
          window.touched = new Set();
          new MutationObserver((all) => {
            for (const { target } of all) {
              const element = target.closest ? target : target.parentElement;
              const row = element.closest("[data-service]");
              if (row) window.touched.add(row.dataset.service);
            }
          }).observe(document.querySelector("[data-list]"), {
            subtree: true, childList: true, characterData: true,
            attributeFilter: ["href", "data-status"],
          });
        }"""
    )
    await long.go("#/?sort=name")
    await long.page.evaluate("() => window.touched.clear()")
    await long.put("1-2", "s3", "degraded")
    assert await long.page.evaluate("() => [...window.touched]") == ["id-s3"]


async def test_an_open_page_does_not_grow(quiet: Page) -> None:
    """Many events on the same services: whatever is kept has the size it had after a few."""
    sizes = await quiet.evaluate(
        """async (record) => {
          const { Store } = await import("/static/js/live/store.js");
          const { Model } = await import("/static/js/fleet/page_model.js");
          const { parse } = await import("/static/js/route.js");
          const { freshness } = await import("/static/js/live/freshness.js");
          const store = new Store({ warn: () => {} });
          const stream = { connected: true, heardAt: 0, lostAt: null };
          const page = { wokeAt: null, polledAt: null, error: null, lives: null };
          const fresh = () => freshness(store, stream, page);
          const model = new Model(store, fresh(), parse(""));
          const size = (value, seen = new Set()) => {
            if (typeof value !== "object" || value === null || seen.has(value)) return 1;
            seen.add(value);
            const parts = value instanceof Map ? [...value.keys(), ...value.values()]
              : value instanceof Set ? [...value] : Object.values(value);
            return parts.reduce((sum, one) => sum + size(one, seen), 1);
          };
          const empty = { cursor: "1-0", run_id: "r", services: [], nodes: [], stale: [] };
          store.snapshot({ ...empty, now: 1, as_of: 1 }, { streaming: false });
          const sizes = [];
          for (let seq = 1; seq <= 30_000; seq += 1) {
            const name = `s${seq % 50}`;
            const status = ["healthy", "degraded", "inactive"][seq % 7 % 3];
            const gone = seq % 11 === 0;
            const service = { ...record, id: name, name, status, reason: status };
            store.apply(gone
              ? { event: "service_removed", id: `1-${seq}`, data: { ...service, at: seq } }
              : { event: "service_updated", id: `1-${seq}`, data: { at: seq, service } });
            if (seq % 10 === 0) { for (const step of model.work(fresh())); model.drawn(); }
            if (seq % 7_700 === 0) sizes.push(size(store) + size(model));
          }
          return sizes;
        }""",
        service("a"),
    )
    assert max(sizes) < 1.1 * min(sizes), sizes
