"""The last hour: small bars in each row of the list, and all services in the fleet view."""

from collections.abc import Mapping
from itertools import pairwise
from typing import Any

import pytest
from playwright.async_api import Page, expect

from hero_router.history.letters import BEST_TO_WORST
from tests.page.store import NOW, service
from tests.page.view import PageView

pytestmark = pytest.mark.asyncio(loop_scope="session")

CALL = """async ([name, ...args]) => {
  const module = await import("/static/js/fleet/hour.js");
  return module[name](...args);
}"""


def hour(end: int = NOW, **bars: str) -> dict[str, Any]:
    """What `/api/history` answers: the last hour of these services."""
    rows = [{"service_id": f"id-{name}", "bars": letters} for name, letters in bars.items()]
    return {"start": end - 3_600_000, "end": end, "bucket_seconds": 60, "services": rows}


async def remember(view: PageView, answer: Mapping[str, Any] | None, error: str = "") -> None:
    """The answer comes, or an error."""
    await view.handle.evaluate(
        """async ({ model, draw }, [answer, error]) => {
          const { hourOf } = await import("/static/js/fleet/hour.js");
          model.remember(hourOf(answer, error));
          draw();
        }""",
        [answer, error],
    )


def kinds(view: PageView, place: str) -> Any:
    """Which kinds of bars a picture has."""
    paths = view.page.locator(f"{place} .bars path")
    return paths.evaluate_all("all => all.map((path) => path.dataset.kind)")


async def test_the_worst_of_all_services_counts_in_each_minute(quiet: Page) -> None:
    async def worst(*bars: str) -> Any:
        return await quiet.evaluate(CALL, ["worstOf", list(bars)])

    assert await worst("hhh", "hu-", "hhd") == "hud"
    for better, worse in pairwise(BEST_TO_WORST):
        assert await worst(better, worse) == worse
    assert await worst("h", "Z") == "?", "a letter of a newer version is not known, never green"
    assert await worst() == ""


async def test_an_hour_is_said_in_words_by_what_was_not_healthy(quiet: Page) -> None:
    text = [await quiet.evaluate(CALL, ["hourText", bars]) for bars in ("hhhh", "huu?", "")]
    assert text == ["last hour: healthy", "last hour: unhealthy 2 min, not known 1 min", ""]


async def test_each_row_has_the_bars_of_its_service_and_the_fleet_the_worst(
    view: PageView,
) -> None:
    await view.started("1-1", service("web"), service("mail"), service("new"))
    await remember(view, hour(web="hhhh", mail="hu?l"))
    row = '[data-service="id-{}"]'.format
    assert await kinds(view, row("web")) == ["healthy"]
    assert await kinds(view, row("mail")) == ["healthy", "unhealthy", "unknown", "node_lost"]
    assert await kinds(view, row("new")) == []
    words = "last hour: unhealthy 1 min, not known 1 min, node lost 1 min"
    await expect(view.page.locator(f"{row('mail')} .bars")).to_have_attribute("aria-label", words)
    assert await kinds(view, "[data-hour]") == ["healthy", "unhealthy", "unknown", "node_lost"]
    assert "the worst of 2 services in each minute" in await view.text("[data-hour]")
    await view.page.locator("[data-filter]").fill("web")
    await expect(view.page.locator("[data-hour]")).to_contain_text("1 service ")
    assert await kinds(view, "[data-hour]") == ["healthy"]


async def test_an_hour_that_cannot_be_had_is_said_and_never_drawn(view: PageView) -> None:
    await view.started("1-1", service("a"))
    await remember(view, hour(a="hh"))
    await remember(view, None, "no answer in 10 s")
    text = await view.text("[data-hour]")
    assert "The last hour could not be loaded: no answer in 10 s" in text
    assert await view.page.locator(".bars path").count() == 0


async def test_an_old_hour_is_not_the_last_one(quiet: Page) -> None:
    old = {"span": {"end": 0, "start": 0}, "bars": {}, "error": ""}
    assert await quiet.evaluate(CALL, ["isOld", old, 180_000]) is False
    assert await quiet.evaluate(CALL, ["isOld", old, 180_001]) is True


async def test_only_healthy_bars_are_green_and_none_while_the_page_may_be_out_of_date(
    view: PageView,
) -> None:
    await view.started("1-1", service("a"))
    await remember(view, hour(a="h?lidnug"))
    fill = """(all) => Object.fromEntries(
      all.map((path) => [path.dataset.kind, getComputedStyle(path).fill]))"""
    bars = view.page.locator("[data-hour] .bars path")
    fills = await bars.evaluate_all(fill)
    green = fills.pop("healthy")
    assert green not in fills.values()
    assert {fills[kind] for kind in ("unknown", "node_lost")} == {"none"}
    await view.page.emulate_media(forced_colors="active")
    forced = await bars.evaluate_all(fill)
    await view.page.emulate_media(forced_colors="none")
    assert len({colour for colour in forced.values() if colour != "none"}) == 1
    await view.stale("redis")
    assert set((await bars.evaluate_all(fill)).values()) == {"none"}


async def test_a_phone_has_no_bars_in_its_list(view: PageView) -> None:
    await view.page.set_viewport_size({"width": 390, "height": 844})
    await view.started("1-1", service("a"))
    await remember(view, hour(a="hh"))
    await expect(view.page.locator('[data-service="id-a"] .bars')).to_be_hidden()
    await expect(view.page.locator("[data-hour]")).to_be_hidden()
