"""The view of access: who sees it, what it lists and says, and what its buttons ask of it."""

import asyncio
from collections.abc import AsyncIterator
from typing import Literal

import pytest
import pytest_asyncio
from playwright.async_api import Locator, Page, expect

from tests.page.access import ADDED, CLERK, MINE, NOW, OVERVIEW, AccessView, session
from tests.page.stage import Stage
from tests.page.store import service
from tests.page.test_looks import CONTRASTS, SIZES, WORD
from tests.support.wait import eventually

pytestmark = pytest.mark.asyncio(loop_scope="session")


@pytest_asyncio.fixture(loop_scope="session")
async def view(looked_at: Page, stage: Stage) -> AsyncIterator[AccessView]:
    """The page with one service."""
    await looked_at.set_viewport_size({"width": 1280, "height": 900})
    made = await AccessView.at(looked_at, stage)
    await made.started("1-1", service("a"))
    yield made
    await looked_at.unroute_all()


def link(view: AccessView) -> Locator:
    return view.page.locator(".strip [data-views] a", has_text="Access")


async def test_only_those_who_may_are_shown_the_way_to_it(view: AccessView) -> None:
    await expect(link(view)).to_be_hidden()
    await view.meet("look")
    await expect(link(view)).to_be_hidden()
    await view.meet("look", "access")
    await link(view).click()
    await expect(view.page.locator("[data-me]")).to_be_visible()
    assert (await view.page.title()).startswith("access")


async def test_who_may_not_see_others_is_told_what_they_may_do_and_nothing_is_asked(
    view: AccessView,
) -> None:
    await view.go("#/access")
    await expect(view.page.locator("[data-me]")).to_be_hidden()
    await view.meet("look", contexts=["shop"])
    await expect(view.page.locator("[data-refused]")).to_be_visible()
    await expect(view.page.locator("[data-others]")).to_be_hidden()
    assert await view.text("[data-me] h2") == "You are ann"
    assert "viewer of shop, identified by a token" in await view.text("[data-me]")
    assert (await view.text("[data-may]")).split("\n") == ["yes", "may look", "no", "may access"]
    assert view.calls == []


async def test_the_sessions_are_listed_with_who_how_where_and_the_commands(
    view: AccessView,
) -> None:
    await view.opened()
    assert (await view.card("ann").inner_text()).splitlines()[:2] == ["ann", "administrator"]
    await expect(view.card("ann").locator("[data-own]")).to_be_visible()
    clerk = view.card("clerk")
    await expect(clerk.locator("[data-own]")).to_be_hidden()
    told = await clerk.inner_text()
    assert "viewer of shop, lab" in told
    assert "signed in at the OpenID provider 2 min ago, ends in 2 h · from 192.0.2.7" in told
    await clerk.locator("summary").click()
    assert (await clerk.locator("code").all_inner_texts()) == [
        "hero_router access revoke id-clerk",
        f"redis-cli -p 1 ZADD '{{my}}:revoked' {CLERK['until']} id-clerk",
    ]
    codes = view.page.locator("[data-commands-of-all] code, [data-addresses-part] code")
    assert await codes.all_inner_texts() == [
        "hero_router access sessions",
        "redis-cli -p 1 HVALS '{my}:sessions'",
        "hero_router access revoke --all",
        f"redis-cli -p 1 SET '{{my}}:revoked_before' {NOW}",
        "hero_router access list",
        "redis-cli -p 1 HGETALL '{my}:allow'",
        "hero_router access add ADDRESS",
    ]


async def test_ways_rights_and_wrong_tokens_are_told(view: AccessView) -> None:
    await view.opened()
    assert (await view.page.locator("[data-ways] .state").all_inner_texts()) == ["off", "on"]
    assert "admin: administrator" in await view.text("[data-ways]")
    cells = await view.page.locator("[data-rights] tbody tr > *").all_inner_texts()
    assert cells == ["look at services", "yes", "in their contexts", "in their contexts", "yes"]
    heads = await view.page.locator("[data-rights] thead th").all_inner_texts()
    assert heads[1:] == [*OVERVIEW["rights"][0]["extents"]]  # type: ignore[index]
    assert await view.text("[data-tries]") == (
        "203.0.113.9: 3 wrong tokens within the last 12 s; it has to wait 40 s"
    )


async def test_until_the_router_has_answered_the_view_says_that_it_asks(view: AccessView) -> None:
    released = asyncio.Event()
    view.answers |= {"late": OVERVIEW, "router.access": released}
    await view.go("#/access")
    await view.meet("access")
    await expect(view.page.locator("[data-loading]")).to_be_visible()
    await expect(view.page.locator("[data-sessions-part] [data-known]")).to_be_hidden()
    released.set()
    await expect(view.page.locator("[data-loading]")).to_be_hidden()


async def test_a_part_that_cannot_be_had_says_why_and_hides_no_other(view: AccessView) -> None:
    await view.opened()
    view.answers["router.allowed"] = "the list of allowed addresses in Redis is junk"
    lost = view.page.locator("[data-addresses-part] [data-lost]")
    await expect(lost).to_have_text(
        "The list of addresses could not be loaded: the list of allowed addresses in Redis is junk"
    )
    await expect(view.page.locator("[data-addresses-part] [data-known]")).to_be_hidden()
    await expect(view.card("clerk")).to_be_visible()


async def test_a_session_is_ended_only_after_a_question(view: AccessView) -> None:
    await view.opened()
    await view.card("clerk").locator("[data-end]").click()
    question = await view.confirm("cancel")
    assert question.startswith("Sign out clerk, viewer of shop, lab, from 192.0.2.7?")
    await view.card("clerk").locator("[data-end]").click()
    await view.page.keyboard.press("Escape")
    await expect(view.page.locator("[data-confirm]")).to_be_hidden()
    assert view.asked("router.end_session") == []
    view.answers["router.sessions"] = {"sessions": [MINE], "most": 1000, "now": NOW}
    await view.card("clerk").locator("[data-end]").click()
    await view.confirm("sign out")
    await view.toast("clerk is signed out.")
    assert view.asked("router.end_session") == [("router.end_session", {"id": "id-clerk"})]
    await expect(view.card("clerk")).to_have_count(0)


async def test_what_the_router_refuses_is_said(view: AccessView) -> None:
    view.answers["router.end_session"] = "no such session is in the record"
    await view.opened()
    await view.card("clerk").locator("[data-end]").click()
    await view.confirm("sign out")
    await view.toast("It failed: no such session is in the record")


async def test_all_others_end_and_the_own_session_goes_on(view: AccessView) -> None:
    await view.opened()
    await view.page.locator("[data-end-others]").click()
    assert "Sessions that are not listed end too" in await view.confirm("sign out")
    await view.toast("All others are signed out.")
    assert view.asked("router.end_sessions") == [("router.end_sessions", {"others": True})]


async def test_who_signs_everyone_out_is_led_to_the_form(view: AccessView) -> None:
    await view.opened()
    async with view.page.expect_navigation(url="**/sign-in"):
        await view.page.locator("[data-end-all]").click()
        assert (await view.confirm("sign out")).startswith("Sign out everyone, you too?")
    assert view.asked("router.end_sessions") == [("router.end_sessions", {"others": False})]


async def test_without_a_session_of_their_own_nobody_is_asked_to_spare_it(view: AccessView) -> None:
    view.answers["router.sessions"] = {"sessions": [], "most": 1000, "now": NOW}
    await view.opened()
    await expect(view.page.locator("[data-sessions-part] [data-none]")).to_be_visible()
    await expect(view.page.locator("[data-end-others]")).to_be_hidden()


async def test_a_full_record_is_said(view: AccessView) -> None:
    await view.opened()
    await expect(view.page.locator("[data-full]")).to_be_hidden()
    view.answers["router.sessions"] = {"sessions": [MINE, CLERK], "most": 2, "now": NOW}
    await expect(view.page.locator("[data-full]")).to_be_visible()


async def test_an_address_is_added_and_removed(view: AccessView) -> None:
    view.answers["router.allow"] = {"network": "::/0", "is_new": True, "is_everyone": True}
    await view.opened()
    part = view.page.locator("[data-addresses-part]")
    assert "10.0.0.0/8 (ROUTER_ALLOW_IPS)" in await part.inner_text()
    assert "198.51.100.0/24 added 1 min ago the office" in (
        (await view.text("[data-addresses]")).replace("\n", " ")
    )
    await part.locator("[name=network]").fill(" ::/0 ")
    await part.locator("[name=note]").press("Enter")
    await view.toast("every address of its kind")
    assert view.asked("router.allow") == [("router.allow", {"network": "::/0"})]
    assert await part.locator("[name=network]").input_value() == ""
    await part.get_by_role("button", name="remove 198.51.100.0/24").click()
    assert (await view.confirm("remove")).startswith("Remove 198.51.100.0/24 from the list?")
    await view.toast("198.51.100.0/24 was removed from the list.")
    assert view.asked("router.disallow") == [("router.disallow", {"network": "198.51.100.0/24"})]


async def test_a_list_without_effect_says_so(view: AccessView) -> None:
    view.answers["router.allowed"] = {"in_force": False, "fixed": [], "added": [], "now": NOW}
    await view.opened()
    assert "has no effect" in await view.text("[data-addresses-part] [data-state]")


async def test_an_item_that_stays_keeps_its_focus_and_what_is_open(view: AccessView) -> None:
    await view.opened()
    clerk = view.card("clerk")
    await clerk.locator("summary").click()
    await clerk.locator("[data-end]").focus()
    newest = session("new")
    view.answers["router.sessions"] = {
        "sessions": [newest, MINE, CLERK], "most": 1000, "now": NOW,
    }  # fmt: skip
    await expect(view.card("new")).to_be_visible()
    await expect(clerk.locator("code").first).to_be_visible()


async def test_an_older_answer_that_comes_late_changes_nothing(view: AccessView) -> None:
    await view.opened()
    held = asyncio.Event()
    view.answers |= {
        "late": {"sessions": [MINE, CLERK], "most": 1000, "now": NOW}, "router.sessions": held,
    }  # fmt: skip
    before = len(view.asked("router.sessions"))
    await eventually(
        lambda: len(view.asked("router.sessions")) > before, message="the view asks again"
    )
    view.answers["router.sessions"] = {"sessions": [MINE], "most": 1000, "now": NOW}
    await view.page.locator("[data-end-others]").click()
    await view.confirm("sign out")
    await expect(view.card("clerk")).to_have_count(0)
    await view.page.evaluate(
        """() => {
             window.back = false;
             const list = document.querySelector("[data-sessions]");
             new MutationObserver(() => {
               window.back ||= list.querySelector('[data-key="id-clerk"]') !== null;
             }).observe(list, { childList: true });
           }"""
    )
    held.set()
    before = len(view.asked("router.sessions"))
    await eventually(
        lambda: len(view.asked("router.sessions")) > before, message="the view asks again"
    )
    assert not await view.page.evaluate("window.back")


async def test_what_a_browser_calls_itself_is_text(view: AccessView) -> None:
    evil = '<img src=x onerror="document.title=1">\u202e'
    view.answers["router.sessions"] = {
        "sessions": [session("bob", name=evil, user_agent=evil, address=evil, contexts=[evil])],
        "most": 1000, "now": NOW,
    }  # fmt: skip
    await view.opened()
    assert await view.page.locator("[data-sessions] img").count() == 0
    for part in ("[data-name]", "[data-agent]", "[data-address]"):
        shown = view.card("bob").locator(part)
        assert await shown.text_content() == evil
        assert await shown.evaluate("one => one.closest('bdi') !== null")


@pytest.mark.parametrize("scheme", ["light", "dark"])
async def test_it_is_readable_by_wcag_aa(
    view: AccessView, scheme: Literal["light", "dark"]
) -> None:
    await view.page.emulate_media(color_scheme=scheme)
    await view.opened()
    await view.card("clerk").locator("[data-end]").click()
    looks = await view.page.evaluate(CONTRASTS)
    await view.confirm("cancel")
    assert len(looks["texts"]) > 60
    least = {"texts": 4.5, "hints": 4.5, "edges": 3}
    assert [one for kind in least for one in looks[kind] if one[2] < least[kind]] == []


@pytest.mark.parametrize(("width", "height"), SIZES)
async def test_the_longest_texts_stay_inside_the_page(
    view: AccessView, width: int, height: int
) -> None:
    await view.page.set_viewport_size({"width": width, "height": height})
    long = session("bob", name=WORD, user_agent=WORD, address=WORD, contexts=[WORD])
    view.answers["router.sessions"] = {"sessions": [long], "most": 1000, "now": NOW}
    view.answers["router.allowed"]["added"] = [{**ADDED, "note": WORD}]
    await view.opened()
    await view.card("bob").locator("summary").click()
    wide = "[...document.querySelectorAll('html, .detail, .card, [data-addresses]')].filter("
    wide += "(one) => one.scrollWidth > one.clientWidth).map((one) => one.className)"
    assert await view.page.evaluate(wide) == []
    views = view.page.locator(".bottom" if width <= 640 else ".strip .views")
    assert await views.evaluate("one => one.scrollWidth <= one.clientWidth")
