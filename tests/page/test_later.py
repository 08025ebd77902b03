"""The parts of the page that are loaded later: until they come, and if they do not come."""

import pytest
from playwright.async_api import Page, Route, expect

from tests.page.stage import Stage
from tests.page.store import service
from tests.page.view import PageView

pytestmark = pytest.mark.asyncio(loop_scope="session")

UNLOADED = "This part of the page did not load"

NEEDS = """async () => {
  const { VIEWS } = await import("/static/js/views/registry.js");
  const outside = { page: document, model: {}, changed: () => {} };
  const needs = () => Object.entries(VIEWS)
    .filter(([name]) => name !== "fleet")
    .map(([name, { make }]) => [name, make(outside).needs]);
  const before = needs();
  await Promise.all(Object.values(VIEWS).map(({ warm }) => warm?.()));
  return [before, needs()];
}"""


async def refused(route: Route) -> None:
    """As if the router was away."""
    await route.abort()


@pytest.mark.parametrize("lacks", ["js/views/nodes.js", "css/later.css", "later.html"])
async def test_a_part_that_does_not_load_says_so_and_the_page_goes_on(
    page: Page, stage: Stage, lacks: str
) -> None:
    await page.route(f"**/static/{lacks}", refused)
    view = await PageView.at(page, stage)
    await view.started("1-1", service("a"))
    await view.go("#/nodes")
    await expect(page.locator("[data-detail]")).to_contain_text(UNLOADED)
    await view.put("1-2", "a", "unhealthy")
    await view.go("#/")
    await expect(page.locator("[data-cause]")).to_have_count(1)


async def test_a_style_sheet_that_came_later_is_enough(page: Page, stage: Stage) -> None:
    """The next opening tries again."""
    await page.route("**/static/css/later.css", refused)
    view = await PageView.at(page, stage)
    await view.started("1-1", service("a"))
    await view.go("#/timeline")
    await expect(page.locator("[data-detail]")).to_contain_text(UNLOADED)
    await page.unroute("**/static/css/later.css")
    await view.go("#/")
    await view.go("#/timeline")
    await expect(page.locator("[data-detail] h2")).to_have_text("Timeline")


async def test_the_page_knows_what_a_view_needs_before_that_is_loaded(
    page: Page, stage: Stage
) -> None:
    await page.goto(f"{stage.url}/page")
    before, after = await page.evaluate(NEEDS)
    assert before == after
