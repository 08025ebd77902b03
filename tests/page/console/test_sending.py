"""What is sent, and how often: what was checked when a person asked for it, once."""

import asyncio
from typing import Any

import pytest
from playwright.async_api import expect

from tests.page.console.view import ConsoleView, documented, method

pytestmark = pytest.mark.asyncio(loop_scope="session")

LIMIT_MS = 1_500
"""How long a check of LONG takes: so long that a person does something meanwhile."""

LONG = {"text": "a" * 40 + "!"}
SLOW = {"type": "string", "pattern": "^(a+)+$"}
DOCUMENT = documented(
    method(
        "slow",
        {"name": "text", "required": True, "schema": SLOW},
        examples=[{"name": "wrong", "params": [{"name": "text", "value": "b"}]}],
    ),
    method("other"),
    method("wrong", {"name": "id", "required": True, "schema": {"type": "integer"}}),
)


async def sent_slowly(console: ConsoleView) -> None:
    """The check of a request goes on."""
    await console.open("slow", DOCUMENT, limit=LIMIT_MS)
    await console.json.fill(str(LONG).replace("'", '"'))
    await console.press("Send")


async def test_who_leaves_during_the_check_sends_nothing(console: ConsoleView) -> None:
    await sent_slowly(console)
    await console.page.evaluate("location.hash = '#/s/default/shop/methods/other'")
    await expect(console.page.locator(".method h3")).to_have_text("other")
    await console.press("Send")
    assert (await console.outcome()).startswith("result 200")
    assert [request["method"] for request in console.sent] == ["other"]


async def test_what_was_checked_is_sent_to_where_it_was_to_go(console: ConsoleView) -> None:
    await sent_slowly(console)
    await console.page.get_by_label("fill with").select_option(label="wrong")
    await console.handle.evaluate(
        "({ model }) => { model.details.answer.addresses.rpc.path = '/elsewhere/rpc/'; }"
    )
    assert (await console.outcome()).startswith("result 200")
    (request,) = console.sent
    assert request["params"] == LONG
    assert await console.params() == {"text": "b"}
    await expect(console.page.locator(".verdict .wrong")).to_contain_text("text must match")


async def offered(console: ConsoleView) -> None:
    """A request with a problem may be sent all the same; two others wait to be sent together."""
    await console.open("wrong", DOCUMENT)
    for _ in range(2):
        await console.press("add to batch")
    await console.press("Send")
    await expect(console.page.get_by_role("button", name="send anyway")).to_be_visible()


@pytest.mark.parametrize("label", ["send anyway", "send 2 together"])
async def test_a_double_click_sends_once(console: ConsoleView, label: str) -> None:
    """Also where the answer is there before the second click."""
    await offered(console)
    button = console.page.get_by_role("button", name=label)
    await button.click(click_count=1)
    await console.outcome()
    await button.evaluate("(one) => one.dispatchEvent(new MouseEvent('click', { detail: 2 }))")
    await console.json.fill('{"id": 7}')
    await console.press("Send")
    await expect(console.page.locator(".past summary")).to_have_text(history(label))
    assert len(console.sent) == 2


def history(first: str) -> str:
    """How many requests are kept after another one; a batch is not kept."""
    return "History (2)" if first == "send anyway" else "History (1)"


async def test_there_is_one_exchange_at_a_time_and_it_can_be_cancelled(
    console: ConsoleView,
) -> None:
    await offered(console)
    console.held = asyncio.Event()
    for label in ("send 2 together", "send anyway", "send 2 together"):
        await console.press(label)
    await console.press("Cancel")
    await expect(console.page.locator(".outcome")).to_contain_text("may have carried out")
    await expect(console.page.locator(".send")).to_have_text("Send")
    console.held.set()
    sent: list[Any] = console.sent
    assert [type(request) for request in sent] == [list]
