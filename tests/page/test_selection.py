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
    assert await view.listed() == ["apt", "apple"]
    await expect(view.row("apt")).to_have_attribute("aria-current", "true")
    assert await view.focused() == "id-apt"
    assert await view.text('[data-field="status"]') == "degraded"
    assert await view.page.locator("[data-filter]").input_value() == "ap"
    assert await view.place() == "#/s/default/apt@n1?q=ap"


async def test_a_selected_service_that_leaves_is_told_and_can_be_left(view: PageView) -> None:
    await view.page.set_viewport_size({"width": 390, "height": 844})
    await view.started("1-1", service("a"), service("b"))
    await view.row("a").click()
    await view.gone("1-2", "a")
    assert "has left the registry" in await view.text("[data-detail]")
    await view.page.locator("[data-back]").click()
    assert await view.listed() == ["b"]
    await expect(view.row("b")).to_be_visible()


async def test_an_old_address_becomes_a_new_one(view: PageView) -> None:
    """It named a service by its id or its name."""
    await view.go("#a")
    assert "Waiting for the router" in await view.text("[data-gone]")
    await view.started("1-1", service("a"), service("b"), service("b", context="x", id="id-b2"))
    assert await view.text('[data-field="title"]') == "a"
    assert await view.place() == "#/s/default/a@n1"
    await expect(view.row("a")).to_have_attribute("aria-current", "true")
    await view.go("#id-b2")
    assert await view.place() == "#/s/x/b@n1"
    await view.go("#b")
    assert await view.text("[data-gone]") == "2 services have this name. List them"
    await view.page.locator("[data-gone] a").click()
    assert await view.listed() == ["b", "b"]


async def test_an_address_without_a_node_is_enough_where_one_node_has_the_service(
    view: PageView,
) -> None:
    await view.started("1-1", service("a"), service("b"), service("b", node="n2", id="id-b2"))
    await view.go("#/s/default/a")
    assert await view.text('[data-field="title"]') == "a"
    await view.go("#/s/default/b")
    assert "2 services have this name." in await view.text("[data-gone]")
    await view.go("#/s/default/b@n2")
    assert "n2" in await view.text('[data-field="whose"]')


async def test_only_of_a_service_that_was_there_it_is_said_that_it_has_left(view: PageView) -> None:
    await view.started("1-1", service("a"), service("b"))
    await view.go("#/s/default/zzz@n1")
    assert await view.text("[data-gone] bdi") == "No service has this id or name."
    await view.go("#/")
    await view.gone("1-2", "b")
    await view.page.locator('[data-event="service_removed"] a').click()
    assert await view.text("[data-gone] bdi") == "This service has left the registry."


async def test_the_list_comes_back_from_its_address_alone(view: PageView) -> None:
    """Filter, sort and groups, as in another browser; and each tab of a service."""
    await view.started("1-1", service("o"), service("p", context="x"), service("pq", context="y"))
    await view.go("#/?q=p&sort=name&group=none")
    assert await view.listed() == ["p", "pq"]
    assert await view.page.locator("[data-filter]").input_value() == "p"
    assert await view.page.locator("[data-sort]").input_value() == "name"
    await view.go("#/s/x/p@n1/raw?shut=default,y")
    assert await view.listed() == ["p"]
    assert '"context": "x"' in await view.text("[data-tab]")
    await view.go("#/s/x/p@n1/no_such_tab")
    await expect(view.page.locator('[data-to-tab=""]')).to_have_attribute("aria-current", "page")
    await view.go("#/no_such_view")
    await expect(view.page.locator("[data-overview]")).to_be_visible()


async def test_a_choice_of_the_list_is_in_the_address_and_kept(view: PageView) -> None:
    await view.started("1-1", service("b"), service("a", context="x"))
    await view.page.locator("[data-sort]").select_option("name")
    await view.page.locator("[data-group]").select_option("none")
    assert await view.listed() == ["a", "b"]
    assert await view.place() == "#/?group=none&sort=name"
    await view.page.locator("[data-group]").select_option("context")
    assert await view.place() == "#/?sort=name"
    await view.page.locator('[data-context="default"] button').click()
    assert await view.listed() == ["a"]
    assert await view.place() == "#/?shut=default&sort=name"
    kept = await view.handle.evaluate("({ outside }) => outside.kept.hero_router")
    assert kept == '{"sort":"name","group":"","shut":"default"}'


async def test_everything_that_can_be_opened_is_a_link_that_keeps_the_filter(
    view: PageView,
) -> None:
    await view.started("1-1", service("a", "degraded", reason="r"), service("b"))
    await view.put("1-2", "b")
    await view.page.locator("[data-filter]").fill("-zzz")
    hrefs = "all => all.map((one) => decodeURIComponent(one.getAttribute('href')))"
    links = view.page.locator(":is([data-list], [data-causes], [data-events]) a")
    to_a, to_b = "#/s/default/a@n1?q=-zzz", "#/s/default/b@n1?q=-zzz"
    assert await links.evaluate_all(hrefs) == [to_a, to_b, to_a, to_b]
    await view.go("#/s/default/a@n1?q=-zzz")
    tabs = await view.page.locator("[data-tabs] a").evaluate_all(hrefs)
    assert tabs[-2:] == ["#/s/default/a@n1/logs?q=-zzz", "#/s/default/a@n1/raw?q=-zzz"]


async def test_the_filter_acts_on_causes_and_timeline_too(view: PageView) -> None:
    ill = [service(name, "degraded", reason=name) for name in ("a", "b")]
    await view.started("1-1", *ill)
    for number, name in enumerate("ab", 2):
        await view.put(f"1-{number}", name, "degraded", reason=name)
    await view.go("#/?q=status:degraded+-b")
    assert await view.page.locator("[data-cause] .reason").all_text_contents() == ["a"]
    assert await view.page.locator("[data-events] .title").all_text_contents() == ["a"]
    await view.go("#/timeline?q=b")
    assert await view.page.locator("[data-events] .title").all_text_contents() == ["b"]
