"""The way of a request to a service, and what a person can do next."""

from typing import Any
from urllib.parse import urlsplit

import pytest
from playwright.async_api import Page, expect

from tests.page.store import NOW, condition, service
from tests.page.view import PageView

pytestmark = pytest.mark.asyncio(loop_scope="session")

HOPS = """async (args) => {
  const { hops } = await import("/static/js/fleet/request_route.js");
  return hops(...args);
}"""
ROUTER = {"node": "n1", "worker": "n1/7"}
ADDRESS = {"path": "/a/rpc/", "host": None, "host_path": "", "note": ""}


def answer(latency: float | None = 2.5, error: str | None = None) -> dict[str, Any]:
    """What the router says of the service alone."""
    sockets = {"rpc": {"latency_ms": latency, "error": error}}
    probe = {"checked_at": NOW, "sockets": sockets}
    return {"addresses": {"rpc": ADDRESS}, "probe": probe, "took_ms": 4.04, "log": None}


def record(status: str, **fields: Any) -> dict[str, Any]:
    """A service with a page, and an rpc socket in this status."""
    rpc = {"name": "rpc", "role": "rpc", "path": "a/rpc.sock", "status": status, "error": None}
    page = {"name": "web_x", "role": "web_x", "path": "a/web_x.sock", "status": "healthy"}
    return service("a", status, sockets=[page, rpc], **fields)


async def marks(page: Page, *args: Any) -> dict[str, str]:
    """The mark of each part of the way."""
    return {hop["name"]: hop["mark"] for hop in await page.evaluate(HOPS, list(args))}


async def test_what_is_not_known_of_the_way_has_no_mark_of_health(quiet: Page) -> None:
    well = dict.fromkeys(["address", "web worker", "node", "socket", "handler"], "healthy")
    assert await marks(quiet, record("healthy"), answer(), ROUTER) == well
    unknown = {"address": "unknown", "web worker": "unknown"}
    assert await marks(quiet, record("healthy"), None, ROUTER) == {**well, **unknown}
    refused = {**well, "socket": "inactive", "handler": "unknown"}
    assert await marks(quiet, record("inactive"), answer(None, "nothing"), ROUTER) == refused
    ill = {**well, "handler": "degraded"}
    assert await marks(quiet, record("degraded"), answer(9, "answers 503"), ROUTER) == ill
    silent = {**well, "socket": "unknown", "handler": "unhealthy"}
    assert await marks(quiet, record("unhealthy"), answer(None, "no answer"), ROUTER) == silent
    lost = record("healthy", lost=condition("scanner", "n1"))
    ways = await quiet.evaluate(HOPS, [lost, answer(), ROUTER])
    assert [hop["mark"] for hop in ways if hop["name"] == "node"] == ["unknown"]
    assert [hop["name"] for hop in ways if hop["was"]] == ["socket", "handler"]


async def test_a_probe_from_before_the_last_change_says_nothing_of_the_service(
    quiet: Page,
) -> None:
    changed = record("healthy", changed_at=NOW + 1)
    ways = await quiet.evaluate(HOPS, [changed, answer(None, "nothing listens"), ROUTER])
    assert [hop["note"] for hop in ways if hop["name"] == "handler"] == [""]
    again = record("healthy", changed_at=NOW)
    ways = await quiet.evaluate(HOPS, [again, answer(2.5), ROUTER])
    assert [hop["ms"] for hop in ways if hop["name"] == "handler"] == [2.5]


async def test_a_service_without_sockets_has_a_way_to_its_node_only(quiet: Page) -> None:
    found = await quiet.evaluate(HOPS, [service("a"), None, None])
    assert [hop["name"] for hop in found] == ["address", "web worker", "node"]


async def test_the_overview_shows_the_way_and_what_to_do_next(view: PageView) -> None:
    await view.started("1-1", record("healthy"), service("b"))
    await view.go("#/s/default/a")
    await view.answered("id-a", answer())
    text = (await view.text("[data-route]")).replace("\n", " ")
    for part in ("/a/rpc/", "4 ms", "n1", "a/rpc.sock", "2.5 ms"):
        assert part in text
    steps = view.page.locator("[data-next-steps]")
    await expect(steps.locator("[data-open]")).to_be_hidden()
    here = urlsplit(view.page.url)
    await expect(steps.locator("[data-copy]")).to_have_attribute(
        "title", f"{here.scheme}://{here.netloc}/a/rpc/"
    )
    await expect(steps.locator("[data-commands] code")).to_have_text("hero_router describe a")
    await steps.locator("[data-call]").click()
    assert await view.place() == "#/s/default/a@n1/methods"


async def test_the_command_names_a_service_so_that_a_shell_and_the_router_understand(
    view: PageView,
) -> None:
    await view.started("1-1", service("it's"), service("b"), service("b", context="c", id="other"))
    command = view.page.locator("[data-commands] code")
    await view.go("#/s/default/it's")
    await expect(command).to_have_text("hero_router describe 'it'\\''s'")
    await view.go("#/s/default/b")
    await expect(command).to_have_text("hero_router describe id-b")
