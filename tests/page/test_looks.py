"""The page in light and dark, on a phone and on a wall: readable, in its frame, strip in sight."""

from collections.abc import Awaitable, Callable
from typing import Any, Literal

import pytest
import pytest_asyncio
from playwright.async_api import Page

from tests.page.stage import Stage
from tests.page.store import NOW, service
from tests.page.view import PageView
from tests.support.wait import eventually

pytestmark = pytest.mark.asyncio(loop_scope="session")

STATUSES = ["healthy", "degraded", "unhealthy", "inactive", "non_rpc", "unknown"]
SIZES = [(390, 844), (800, 600), (1280, 800), (1920, 1080)]
WORD = "a_name_without_any_place_to_break_it_" * 5

CONTRASTS = """() => {
  const canvas = new OffscreenCanvas(1, 1).getContext("2d", { willReadFrequently: true });
  const behind = (element) => element ? [...behind(element.parentElement), element] : [];
  const luminance = (colours) => {
    canvas.clearRect(0, 0, 1, 1);
    for (const colour of colours) { canvas.fillStyle = colour; canvas.fillRect(0, 0, 1, 1); }
    const [red, green, blue] = [...canvas.getImageData(0, 0, 1, 1).data].map((value) =>
      value <= 10 ? value / 255 / 12.92 : ((value / 255 + 0.055) / 1.055) ** 2.4);
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
  };
  const contrast = (element, colour) => {
    const grounds = behind(element).map((one) => getComputedStyle(one).backgroundColor);
    const [one, other] = [luminance(grounds), luminance([...grounds, colour])];
    return (Math.max(one, other) + 0.05) / (Math.min(one, other) + 0.05);
  };
  const seen = [...document.body.querySelectorAll("*")].filter((one) => one.checkVisibility());
  const texts = seen.filter((one) => [...one.childNodes].some(
    (node) => node.nodeType === Node.TEXT_NODE && node.data.trim()));
  const told = (element, colour) =>
    [element.className.baseVal ?? element.className, element.textContent.trim().slice(0, 40),
     contrast(element, colour)];
  return {
    texts: texts.map((one) => told(one, getComputedStyle(one).color)),
    hints: seen.filter((one) => one.placeholder)
      .map((one) => told(one, getComputedStyle(one, "::placeholder").color)),
    marks: seen.filter((one) => one.matches("svg.mark[data-mark]"))
      .map((one) => told(one, getComputedStyle(one).color)),
    edges: seen.filter((one) => one.matches("input, select, .back"))
      .map((one) => told(one, getComputedStyle(one).borderTopColor)),
  };
}"""

Change = Callable[[PageView], Awaitable[None]]


@pytest_asyncio.fixture(loop_scope="session")
async def view(looked_at: Page, stage: Stage) -> PageView:
    """A page with every status, one of each kind of event, and one service selected."""
    view = await PageView.at(looked_at, stage)
    await view.started("1-1", *(service(f"s-{status}", status) for status in STATUSES))
    sockets = [
        {"name": "rpc", "role": "rpc", "path": "a/rpc.sock", "status": "degraded", "failures": 2,
         "error": "health check answers 503", "latency_ms": 4.5},
    ]  # fmt: skip
    texts = {"description": "What it does.", "reason": "a check fails", "conflict": "another"}
    await view.put("1-2", "one", "degraded", sockets=sockets, flapping=True, **texts)
    await view.frame("scan", "1-3", node="n1", discovered=7, added=1, removed=0, changed=0)
    await view.resync("1-9", 6)
    await view.snapshot("1-9", *(service(f"s-{one}", one) for one in STATUSES), service("one"))
    await view.put("1-10", "one", "degraded", sockets=sockets, flapping=True, **texts)
    await view.go("#/")
    return view


async def live(view: PageView) -> None:
    """As it mostly is."""


async def stale(view: PageView) -> None:
    """Redis is away."""
    await view.stale("redis", detail="Redis cannot be reached")


async def polling(view: PageView) -> None:
    """The stream is lost."""
    await view.handle.evaluate("({ page }, now) => { page.polledAt = now; }", NOW)
    await view.stream(connected=False, lostAt=NOW)


async def lost(view: PageView) -> None:
    """Neither the stream nor any answer comes from the router."""
    await view.handle.evaluate("({ page }) => { page.polledAt = null; page.error = 'no route'; }")
    await view.stream(connected=False, lostAt=NOW)


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("change", [live, stale, polling])
async def test_everything_is_readable_by_wcag_aa(
    view: PageView, change: Change, scheme: Literal["light", "dark"]
) -> None:
    await view.page.emulate_media(color_scheme=scheme)
    await view.page.set_viewport_size({"width": 1280, "height": 1600})
    await change(view)
    seen = [await view.page.evaluate(CONTRASTS)]
    await view.page.locator('[data-service="id-one"]').click()
    await view.page.locator('[data-count="healthy"]').hover()
    seen.append(await view.page.evaluate(CONTRASTS))
    assert len(seen[1]["texts"]) > 40
    assert len(seen[1]["marks"]) > 15
    weak = [
        one
        for kind, least in {"texts": 4.5, "hints": 4.5, "marks": 3, "edges": 3}.items()
        for look in seen
        for one in look[kind]
        if one[2] < least
    ]
    assert weak == []


@pytest.mark.parametrize(("width", "height"), SIZES)
async def test_the_longest_names_stay_inside_the_page(
    view: PageView, width: int, height: int
) -> None:
    await view.page.set_viewport_size({"width": width, "height": height})
    socket: dict[str, Any] = dict.fromkeys(["name", "role", "path", "error"], WORD)
    sockets = [{**socket, "status": "degraded", "latency_ms": 4.5, "failures": 0}]
    texts = dict.fromkeys(["context", "title", "description", "reason", "version"], WORD)
    await view.put("1-11", WORD, "degraded", sockets=sockets, methods=[WORD], **texts)
    await view.stale("redis", detail=WORD)
    panes = "html, .sidebar, .list, .detail, .events, .banner"
    wide = f"[...document.querySelectorAll('{panes}')].filter("
    # What only screen readers have is clipped.
    wide += (
        "(one) => getComputedStyle(one).clipPath === 'none' && one.scrollWidth > one.clientWidth"
    )
    wide += ").map((one) => one.className)"
    assert await view.page.evaluate(wide) == []
    await view.row(WORD).click()
    assert await view.page.evaluate(wide) == []


@pytest.mark.parametrize(("width", "height"), SIZES)
async def test_what_the_page_says_of_its_freshness_is_wholly_in_sight(
    view: PageView, width: int, height: int
) -> None:
    await view.page.set_viewport_size({"width": width, "height": height})
    for change in (stale, polling, lost):
        await change(view)
        ends: list[float] = await view.page.evaluate(
            """() => {
              const range = document.createRange();
              range.selectNodeContents(document.querySelector(".freshness"));
              return [...range.getClientRects()].flatMap(({ left, right }) => [left, right]);
            }"""
        )
        assert len(ends) > 2
        assert min(ends) >= 0
        assert max(ends) <= width, await view.text(".freshness")


@pytest.mark.parametrize(("width", "height"), SIZES)
async def test_the_strip_is_in_sight_however_far_one_scrolls(
    view: PageView, width: int, height: int
) -> None:
    await view.page.set_viewport_size({"width": width, "height": height})
    many = [service(f"s{number}", "degraded") for number in range(190)]
    await view.resync("1-300", 290)
    await view.snapshot("1-300", *many)
    await view.row("s189").scroll_into_view_if_needed()
    await view.page.mouse.wheel(0, 5_000)
    box = await view.page.locator("[data-strip]").bounding_box()
    assert box is not None
    assert box["y"] == 0
    assert await view.page.evaluate(
        "document.elementFromPoint(20, 10).closest('[data-strip]') !== null"
    )


async def test_who_wants_no_motion_sees_none(view: PageView) -> None:
    await view.stale("redis")
    running = "document.getAnimations().length"

    async def only_the_lamp_blinks() -> bool:
        return bool(await view.page.evaluate(running) == 1)

    await eventually(only_the_lamp_blinks, message="the last change is no longer marked")
    await view.page.emulate_media(reduced_motion="reduce")
    assert await view.page.evaluate(running) == 0
    await view.page.emulate_media(reduced_motion="no-preference")
