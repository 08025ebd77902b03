"""What the console keeps and passes on: the address, what was sent, batches, copies."""

import pytest
from playwright.async_api import expect

from tests.page.console.modules import run
from tests.page.console.shop import SHOP
from tests.page.console.view import ConsoleView

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def test_the_address_holds_the_filled_form_but_no_secret(console: ConsoleView) -> None:
    await console.open("create", SHOP)
    assert "?p=" not in console.page.url
    await console.control("pet", "name").fill("Zoë's")
    await console.control("pet", "password").fill("hush")
    await expect(console.page.locator(".verdict")).to_contain_text("pet.password is a secret")
    await console.page.wait_for_url("**?p=*")
    await console.page.get_by_label("notification").check()
    kept = {"pet": {"name": "Zoë's"}}
    link = {"params": kept, "byPosition": False, "notification": True}
    text = await run(console.page, "(filled) => m.encode(filled)", link)
    await console.page.wait_for_url(f"**?p={text}")
    address = await console.page.evaluate("location.hash")
    await console.open("create", SHOP, address=address)
    assert await console.params() == kept
    assert await console.page.get_by_label("notification").is_checked()
    await console.press("clear")
    await console.page.wait_for_url(lambda url: "?p=" not in url)


async def test_what_was_sent_can_be_taken_up_again_without_its_secrets(
    console: ConsoleView,
) -> None:
    await console.open("create", SHOP)
    await console.json.fill('{"pet": {"name": "Rex", "password": "hush"}}')
    await console.press("Send")
    await console.outcome()
    await console.open("create", SHOP)
    await console.page.locator(".past summary").click()
    await expect(console.page.locator(".past li")).to_contain_text("without pet.password")
    assert "hush" not in await console.page.evaluate("JSON.stringify(localStorage)")
    await console.page.locator(".past .take").click()
    assert await console.params() == {"pet": {"name": "Rex"}}
    await console.press("forget these")
    await expect(console.page.locator(".past li")).to_have_count(0)
    assert await console.page.evaluate("localStorage.length") == 0


async def test_several_requests_go_together_and_each_has_its_answer(console: ConsoleView) -> None:
    await console.open("get", SHOP)
    for number in ("1", "2"):
        await console.control("id").fill(number)
        await console.press("add to batch")
    await console.page.get_by_label("notification").check()
    await console.press("add to batch")
    await console.press("send 3 together")
    assert (await console.outcome()).startswith("3 answers 200")
    (batch,) = console.sent
    assert [each.get("params") for each in batch] == [{"id": 1}, {"id": 2}, {"id": 2}]
    assert len({each["id"] for each in batch[:2]}) == 2
    assert "id" not in batch[2]
    titles = await console.page.locator(".answer h4").all_inner_texts()
    assert [title.split()[1] for title in titles] == ["result", "result", "no"]


async def test_where_the_browser_has_no_clipboard_the_text_is_shown(console: ConsoleView) -> None:
    """As on a page without TLS."""
    await console.open("get", SHOP)
    await console.control("id").fill("7")
    await console.page.evaluate(
        "Object.defineProperty(navigator, 'clipboard', { value: undefined, configurable: true })"
    )
    await console.press("curl")
    shown = console.page.get_by_label("copy this")
    await expect(shown).to_be_focused()
    text = await shown.input_value()
    assert text.startswith("curl -sS http://127.0.0.1:")
    assert '"params":{"id":7}' in text
    await console.control("id").fill("7x")
    await expect(shown).to_have_count(0)
    # The button says it for two seconds only, which a busy machine may need to look at it.
    button = console.page.get_by_role("button", name="curl", exact=True)
    said = await button.evaluate("(one) => { one.click(); return one.textContent; }")
    assert said == "the request is not complete"
