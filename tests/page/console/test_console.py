"""The console as a person uses it: fill, send, read, take up again."""

import asyncio
from functools import partial
from typing import Any

import pytest
from playwright.async_api import expect

from tests.page.console.shop import SHOP
from tests.page.console.view import ConsoleView, documented, echo, method

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def test_form_and_json_follow_each_other(console: ConsoleView) -> None:
    await console.open("create", SHOP)
    assert await console.params() == {"pet": {}}
    await console.control("pet", "name").fill("Rex")
    await console.control("pet", "age").fill("3")
    await console.control("pet", "kind").select_option("dog")
    await console.field("pet", "tags").locator("input[type=checkbox]").click()
    await console.press("add to tags")
    await console.control("pet", "tags", "0").fill("x\ny")
    await console.field("pet", "mother").locator("input[type=checkbox]").first.click()
    await console.control("pet", "mother", "name").fill("Ada")
    pet = {"name": "Rex", "age": 3, "kind": "dog", "tags": ["x\ny"], "mother": {"name": "Ada"}}
    assert await console.params() == {"pet": pet}
    await console.json.fill('{"pet": {"name": "Tom", "chip": "c1", "wings": [2]}, "note": ""}')
    await expect(console.control("pet", "name")).to_have_value("Tom")
    await expect(console.control("pet", "age")).to_have_value("")
    await expect(console.control("pet", "chip")).to_have_value("1")
    await expect(console.control("pet", "wings")).to_have_value("[\n  2\n]")
    await expect(console.field("note").locator("input[type=checkbox]")).to_be_checked()
    await console.control("pet", "chip").select_option(label="number")
    assert (await console.params())["pet"]["chip"] == 0


async def test_what_is_typed_and_is_no_value_yet_blocks_and_says_where(
    console: ConsoleView,
) -> None:
    await console.open("get", SHOP)
    await console.control("id").fill("7x")
    await expect(console.field("id").locator(".wrong")).to_have_text("this is no number")
    await console.press("Send")
    await expect(console.control("id")).to_be_focused()
    await console.json.fill('{"id": 7')
    await expect(console.page.locator(".json-side .wrong")).to_contain_text("line 1, column 9")
    await console.press("Send")
    await expect(console.json).to_be_focused()
    assert console.sent == []
    await console.json.fill("{}")
    await expect(console.control("id")).to_have_value("")
    await console.json.fill('{"id": 9007199254740993}')
    await expect(console.control("id")).to_have_value("9007199254740993")


async def test_the_request_is_sent_and_the_answer_is_shown_and_judged(
    console: ConsoleView,
) -> None:
    await console.open("create", SHOP)
    await console.control("pet", "name").fill('Zoë "the" cat ☃\n\'')
    await console.page.keyboard.press("Control+Enter")
    assert (await console.outcome()).startswith("result 200 · ")
    pet = {"name": 'Zoë "the" cat ☃\n\''}
    (request,) = console.sent
    assert request == {"jsonrpc": "2.0", "id": 1, "method": "create", "params": {"pet": pet}}
    await expect(console.page.locator(".result .problems")).to_have_text(
        "The result is as the document says."
    )
    await expect(console.page.locator(".answer")).to_contain_text("Zoë")
    await expect(console.control("pet", "name")).to_be_focused()
    console.answer = lambda asked: {**echo(asked), "result": {"x": 9007199254740993}}
    await console.press("Send")
    problems = console.page.locator(".result .problems")
    await expect(problems).to_have_text("not as the document says: result.pet is missing")
    await expect(console.page.locator(".answer")).to_contain_text("9007199254740993")
    await console.press("difference")
    await expect(console.page.locator(".changes li")).to_have_count(2)


async def test_a_problem_is_tied_to_its_control_and_one_may_send_all_the_same(
    console: ConsoleView,
) -> None:
    await console.open("create", SHOP)
    await console.control("pet", "age").fill("-1")
    await expect(console.control("pet", "age")).to_have_attribute("aria-invalid", "true")
    described = await console.control("pet", "age").get_attribute("aria-describedby")
    told = [
        await console.page.locator(f"#{each}").inner_text() for each in (described or "").split()
    ]
    assert told[-1] == "must be at least 0"
    # What is missing is not held against a form that nobody has finished.
    problems = console.page.locator(".verdict .wrong")
    await expect(problems).to_have_text("pet.age must be at least 0, line 3 of the JSON")
    await console.page.locator(".ways select").first.select_option("position")
    await expect(problems).to_have_text("pet.age must be at least 0, line 3 of the JSON")
    await console.page.locator(".ways select").first.select_option("name")
    await console.press("Send")
    await expect(console.field("pet", "name").locator(".wrong")).to_have_text("is missing")
    assert console.sent == []
    await console.press("send anyway")
    await console.outcome()
    assert console.sent[0]["params"] == {"pet": {"age": -1}}


def failed(error: Any, request: Any) -> Any:
    """An answer that is an error."""
    return {"jsonrpc": "2.0", "id": request["id"], "error": error}


async def test_an_error_is_explained_by_its_code_and_by_the_document(console: ConsoleView) -> None:
    await console.open("get", SHOP)
    await console.control("id").fill("1")
    for code, title in ((-32602, "Invalid params"), (-32000, "Server error")):
        error = {"code": code, "message": "<b>no</b>"}
        console.answer = partial(failed, error)
        await console.press("Send")
        await expect(console.page.locator(".outcome b")).to_have_text(f"{code} {title}")
        await expect(console.page.locator(".result .problems")).to_contain_text("<b>no</b>")
    console.status = 503
    console.answer = lambda _: {"error": {"code": "no_listener", "message": "down"}}
    await console.press("Send")
    await expect(console.page.locator(".outcome b")).to_have_text("the router: no_listener")
    await expect(console.page.locator(".result .problems")).to_contain_text("did not reach")


async def test_a_request_that_takes_long_can_be_cancelled(console: ConsoleView) -> None:
    await console.open("get", SHOP)
    await console.control("id").fill("1")
    console.held = asyncio.Event()
    await console.press("Send")
    await expect(console.page.locator(".outcome")).to_contain_text("waiting for the answer")
    await console.press("Cancel")
    await expect(console.page.locator(".outcome")).to_contain_text("may have carried out")
    await expect(console.page.locator(".send")).to_have_text("Send")
    console.held.set()


async def test_while_the_router_is_away_that_is_said_and_the_form_stays(
    console: ConsoleView,
) -> None:
    await console.open("get", SHOP)
    await console.control("id").fill("1")
    console.away = True
    await console.press("Send")
    await expect(console.page.locator(".outcome")).to_have_text(
        "there is no answer: the router cannot be reached"
    )
    console.away = False
    await console.press("Send")
    assert (await console.outcome()).startswith("result 200")


async def test_an_answer_that_is_not_utf8_or_leads_elsewhere_is_said_to_be_so(
    console: ConsoleView,
) -> None:
    await console.open("get", SHOP)
    await console.control("id").fill("1")
    console.answer = lambda _: b'{"id": 1, "result": "caf\xe9"}'
    await console.press("Send")
    await expect(console.page.locator(".result .problems")).to_contain_text("is not UTF-8")
    console.status, console.headers = 307, {"Location": "https://example.org/"}
    await console.press("Send")
    await expect(console.page.locator(".outcome")).to_contain_text("redirect")


async def test_by_position_the_json_is_a_list(console: ConsoleView) -> None:
    await console.open("create", SHOP)
    ways = console.page.locator(".ways")
    await ways.get_by_label("parameters").select_option("position")
    await console.control("note").fill("n")
    assert await console.params() == [{}, "n"]
    await console.json.fill('[{"name": "Rex"}]')
    await expect(console.control("pet", "name")).to_have_value("Rex")
    await console.page.get_by_label("fill with").select_option(label="a cat")
    assert await console.params() == [{"name": "Tom"}]


async def test_who_may_only_look_is_told_why_nothing_can_be_sent(console: ConsoleView) -> None:
    await console.open("get", SHOP, addresses={})
    await expect(console.page.locator(".send")).to_be_disabled()
    await expect(console.page.locator(".actions")).to_contain_text("you may look at this service")


async def test_a_new_document_keeps_what_was_typed(console: ConsoleView) -> None:
    await console.open("get", SHOP)
    await console.json.fill('{"id": 7, "password": "hush"}')
    params = ({"name": "id", "schema": {"type": "number"}}, {"name": "more", "schema": {}})
    console.document = documented(method("get", *params))
    await console.draw(document="d2")
    await expect(console.field("more")).to_have_count(1)
    assert await console.params() == {"id": 7, "password": "hush"}
    await expect(console.page.locator(".console .note").first).to_contain_text("new document")


async def test_another_service_has_nothing_of_the_one_before(console: ConsoleView) -> None:
    await console.open("get", SHOP)
    await console.control("id").fill("7")
    await console.press("add to batch")
    console.document = documented(method("get", {"name": "key", "schema": {"type": "string"}}))
    await console.page.evaluate("location.hash = '#/s/default/other/methods/get'")
    await console.draw(id="id-other", name="other")
    await expect(console.field("key")).to_have_count(1)
    assert await console.params() == {}
    await expect(console.page.locator(".batch li")).to_have_count(0)


async def test_a_document_that_could_not_be_had_can_be_asked_for_again(
    console: ConsoleView,
) -> None:
    console.away = True
    await console.open("get", SHOP)
    await expect(console.page.locator(".console .note").first).to_contain_text(
        "could not be loaded"
    )
    console.away = False
    await console.press("try again")
    await expect(console.field("id")).to_have_count(1)


async def test_the_focus_goes_where_one_goes_on(console: ConsoleView) -> None:
    await console.open("create", SHOP)
    await console.field("pet", "tags").locator("input[type=checkbox]").click()
    await console.page.keyboard.press("Tab")
    await console.page.keyboard.press("Enter")
    await expect(console.control("pet", "tags", "0")).to_be_focused()
    await console.page.keyboard.type("a")
    await console.page.get_by_role("button", name="remove tags 1").press("Enter")
    await expect(console.page.get_by_role("button", name="add to tags")).to_be_focused()
    await console.json.fill('{"pet": {"chip": 1}}')
    await console.control("pet", "chip").select_option(label="code")
    await expect(console.control("pet", "chip")).to_be_focused()
    await console.field("pet").locator(".adder input").last.fill("wings")
    await console.page.get_by_role("button", name="add", exact=True).last.press("Enter")
    await expect(console.control("pet", "wings")).to_be_focused()
    assert await console.params() == {"pet": {"chip": "", "wings": None}}


async def test_a_new_item_gets_the_focus_in_its_field(
    console: ConsoleView,
) -> None:
    """The box before a member that may be left out is no value."""
    members = {"note": {"type": "string"}, "count": {"type": "integer"}}
    items = {"type": "array", "items": {"type": "object", "properties": members}}
    param = {"name": "items", "schema": items, "required": True}
    await console.open("put", documented(method("put", param)))
    await console.page.get_by_role("button", name="add to items").press("Enter")
    await expect(console.control("items", "0", "note")).to_be_focused()
    await console.page.keyboard.type("a")
    assert await console.params() == {"items": [{"note": "a"}]}


async def test_without_a_document_there_is_json(console: ConsoleView) -> None:
    await console.open("bare", "{")
    await expect(console.page.locator(".console .note").first).to_contain_text("not valid JSON")
    await console.json.fill("[1, {}]")
    await console.press("Send")
    await console.outcome()
    assert console.sent[0]["params"] == [1, {}]


async def test_typing_is_not_disturbed_when_the_page_is_drawn_again(console: ConsoleView) -> None:
    await console.open("create", SHOP)
    name = console.control("pet", "name")
    await name.fill("Rex")
    await name.evaluate("(element) => element.setSelectionRange(1, 2)")
    await console.draw()
    await console.page.evaluate("new Promise((done) => setTimeout(done, 600))")
    await console.draw()
    await expect(name).to_be_focused()
    assert await name.evaluate("(one) => [one.selectionStart, one.selectionEnd]") == [1, 2]
