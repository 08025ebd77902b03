"""What a person has selected: through each change of the state, by address, and once it left."""

import pytest
from playwright.async_api import expect

from tests.page.store import service
from tests.page.view import PageView

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def test_filter_selection_and_focus_survive_a_resync(view: PageView) -> None:
    await view.started("1-1", service("api"), service("apt"), service("web"))
    await view.page.locator("[data-filter]").fill("ap")
    await view.row("apt").click()
    await view.resync("1-9", 8)
    assert await view.snapshot("1-9", service("apt", "degraded"), service("apple"), service("new"))
    assert await view.listed() == ["apple", "apt"]
    await expect(view.row("apt")).to_have_attribute("aria-current", "true")
    assert await view.focused() == "id-apt"
    assert await view.text('[data-field="status"]') == "degraded"
    assert await view.page.locator("[data-filter]").input_value() == "ap"


async def test_a_selected_service_that_leaves_is_told_and_can_be_left(view: PageView) -> None:
    await view.page.set_viewport_size({"width": 390, "height": 844})
    await view.started("1-1", service("a"), service("b"))
    await view.row("a").click()
    await view.gone("1-2", "a")
    assert "has left the registry" in await view.text("[data-detail]")
    await view.page.locator("[data-back]").click()
    assert await view.listed() == ["b"]
    await expect(view.row("b")).to_be_visible()


async def test_an_address_may_name_a_service_instead_of_its_id(view: PageView) -> None:
    await view.select("a")
    assert "Waiting for the router" in await view.text("[data-gone]")
    await view.started("1-1", service("a"), service("b"), service("b", context="x", id="id-b2"))
    assert await view.text('[data-field="title"]') == "a"
    await expect(view.row("a")).to_have_attribute("aria-current", "true")
    await view.select("b")
    assert await view.text("[data-gone]") == "2 services have this name."


async def test_only_of_a_service_that_was_there_it_is_said_that_it_has_left(view: PageView) -> None:
    await view.started("1-1", service("a"), service("b"))
    await view.select("id-zzz")
    assert await view.text("[data-gone]") == "No service has this id or name."
    await view.gone("1-2", "b")
    await view.page.locator('[data-event="service_removed"] button').click()
    assert await view.text("[data-gone]") == "This service has left the registry."
