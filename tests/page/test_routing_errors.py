"""The last routing errors of a service, in its tab Logs."""

from typing import Any

import pytest
from playwright.async_api import Locator, expect

from tests.page.store import NOW, service
from tests.page.view import PageView

pytestmark = pytest.mark.asyncio(loop_scope="session")


def error(number: int = 0, **fields: Any) -> dict[str, Any]:
    """What the router says of one error."""
    why = {"status": 503, "cause": "refused", "reason": "nothing listens"}
    what = {"method": "GET", "path": f"/shop/page/{number}", "request_id": f"r{number}"}
    return {"at": NOW - number, **why, **what, "node": "n1", "worker": "n1/7", **fields}


async def shown(view: PageView, *errors: dict[str, Any], complete: bool = True) -> Locator:
    """The place of the errors of the service `shop`, which has these."""
    await view.started("1-1", service("shop"), service("calm"))
    await view.go("#/s/default/shop/logs")
    log = {"service_id": "id-shop", "errors": errors, "complete": complete}
    await view.answered("id-shop", {"probe": None, "addresses": {}, "log": log})
    return view.page.locator("[data-routing-errors]")


async def test_each_error_tells_when_what_why_and_where(view: PageView) -> None:
    place = await shown(view, error(1), error(2, status=500, cause="complete", reason=""))
    first, second = await place.locator("li").all()
    text = await first.text_content() or ""
    for word in ("503", "nothing listens", "GET /shop/page/1", "request r1, worker n1/7"):
        assert word in text
    assert await first.locator("time").text_content()
    assert await second.locator(".why").text_content() == "the service itself answered this"


async def test_no_errors_none_known_and_those_of_another_service_are_told_apart(
    view: PageView,
) -> None:
    place = await shown(view, error())
    empty = place.locator(".empty")
    await expect(empty).to_have_text("")
    await view.go("#/s/default/calm/logs")
    await expect(empty).to_have_text("Waiting for the router…")
    await expect(place.locator("li")).to_have_count(0)
    log = {"service_id": "id-calm", "errors": [], "complete": True}
    await view.answered("id-calm", {"probe": None, "addresses": {}, "log": log})
    await expect(empty).to_have_text("No request to this service failed lately.")
    await view.answered("id-calm", {"probe": None, "addresses": {}, "log": None})
    await expect(empty).to_have_text("The routing errors could not be loaded.")


async def test_many_errors_are_cut_and_missing_ones_are_told(view: PageView) -> None:
    place = await shown(view, *map(error, range(105)), complete=False)
    await expect(place.locator("li")).to_have_count(100)
    note = await place.locator(".note").text_content() or ""
    assert "5 older ones" in note
    assert "errors that other workers saw are missing" in note


async def test_hostile_texts_stay_texts(view: PageView) -> None:
    evil = "<img src=x onerror=window.owned=1>"
    place = await shown(view, error(path=evil, reason=evil, method=evil, request_id=evil))
    await expect(place.locator("img")).to_have_count(0)
    assert evil in (await place.text_content() or "")
