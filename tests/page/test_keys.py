"""The page without a mouse: where the focus goes, and what each key does."""

import pytest
import pytest_asyncio
from playwright.async_api import expect

from tests.page.store import service
from tests.page.view import PageView

pytestmark = pytest.mark.asyncio(loop_scope="session")


@pytest_asyncio.fixture(loop_scope="session")
async def view(view: PageView) -> PageView:
    """A page with three services."""
    await view.started("1-1", service("a"), service("b", "degraded"), service("c"))
    await view.go("#/?group=none&sort=name")
    return view


async def press(view: PageView, *keys: str) -> str:
    """Press keys; returns what has the focus then."""
    for key in keys:
        await view.page.keyboard.press(key)
    return await view.focused()


async def test_slash_goes_to_the_filter_and_down_from_it_into_the_list(view: PageView) -> None:
    assert await press(view, "/") == "filter"
    assert await view.page.locator("[data-filter]").input_value() == ""
    assert await press(view, "ArrowDown") == "id-a"
    assert await press(view, "ArrowDown", "ArrowDown", "ArrowDown") == "id-c"
    assert await press(view, "Home") == "id-a"
    assert await press(view, "End") == "id-c"
    assert await press(view, "Home", "ArrowUp") == "filter"


async def test_escape_empties_the_filter_and_then_leaves_the_service(view: PageView) -> None:
    await view.row("b").click()
    await press(view, "/", "b")
    assert await view.listed() == ["b"]
    await press(view, "Escape")
    assert await view.listed() == ["a", "b", "c"]
    await press(view, "Escape")
    assert await view.place() == "#/?group=none&sort=name"
    await expect(view.page.locator("[data-overview]")).to_be_visible()


async def test_keys_that_belong_to_the_browser_are_left_to_it(view: PageView) -> None:
    await press(view, "/", "ArrowDown")
    assert await press(view, "Control+/") == "id-a"
    assert await press(view, "Alt+ArrowDown") == "id-a"


async def test_the_list_is_one_stop_of_the_tab_key_whatever_its_length(view: PageView) -> None:
    await press(view, "/")
    choices = await view.page.locator(".tools select").count()
    assert await press(view, *["Tab"] * (choices + 1)) == "id-a"
    await press(view, "ArrowDown", "Enter")
    await expect(view.row("b")).to_have_attribute("aria-current", "true")
    assert await press(view, "Tab") == "back"
    await view.put("1-2", "c", "degraded")
    assert await press(view, "Shift+Tab") == "id-b"
    await view.put("1-3", "0")
    assert await view.listed() == ["0", "a", "b", "c"]
    assert await view.focused() == "id-b"


async def test_what_has_the_focus_is_seen_to_have_it(view: PageView) -> None:
    await press(view, "/")
    for _ in range(5):
        ring = await view.page.evaluate("getComputedStyle(document.activeElement).outlineStyle")
        assert ring == "solid", await view.focused()
        await press(view, "Tab")


async def test_on_a_phone_the_focus_follows_to_the_pane_that_is_seen(view: PageView) -> None:
    await view.page.set_viewport_size({"width": 390, "height": 844})
    await press(view, "/", "ArrowDown", "ArrowDown", "Enter")
    await expect(view.page.locator("[data-back]")).to_be_focused()
    await press(view, "Enter")
    await expect(view.row("b")).to_be_focused()


async def test_each_control_has_a_name_and_each_picture_is_silent(view: PageView) -> None:
    await view.row("a").click()
    await view.put("1-2", "b", "unhealthy")
    unnamed = await view.page.evaluate(
        """() => [...document.querySelectorAll("button, input, select, a")]
             .filter((one) => one.checkVisibility())
             .filter((one) => !(one.textContent.trim() || one.getAttribute("aria-label")))
             .map((one) => one.outerHTML)"""
    )
    assert unnamed == []
    spoken = await view.page.locator('svg:not([aria-hidden="true"])').count()
    assert spoken == 0
    await expect(view.page.get_by_role("status").first).to_contain_text("live")
    await expect(view.page.get_by_role("link", name="b unhealthy").first).to_be_visible()


async def test_a_group_is_shut_and_opened_by_the_arrows(view: PageView) -> None:
    await view.go("#/")
    assert await press(view, "/", "ArrowDown") == "id-b"
    await press(view, "ArrowUp")
    head = view.page.locator("[data-context] button")
    await expect(head).to_be_focused()
    await expect(head).to_have_attribute("aria-expanded", "true")
    await press(view, "ArrowLeft")
    assert await view.listed() == []
    await expect(head).to_be_focused()
    await press(view, "ArrowRight", "ArrowDown")
    assert await view.focused() == "id-b"


async def test_the_focus_goes_to_the_next_row_where_its_own_is_gone(view: PageView) -> None:
    await press(view, "/", "ArrowDown", "ArrowDown")
    await view.gone("1-2", "b")
    assert await view.focused() == "id-c"
