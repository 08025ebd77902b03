"""Every document that a service may have: those of other projects, and hostile ones."""

import json
from typing import Any

import pytest
from playwright.async_api import Page, expect

from tests.page.console.modules import run
from tests.page.console.test_form import DOCUMENTS
from tests.page.console.view import ConsoleView, documented, method

pytestmark = pytest.mark.asyncio(loop_scope="session")

GROWN = """(spec) => m.methodNames(spec).map((name) => {
  const method = m.methodOf(spec, name);
  const schemas = new m.Schemas(method.references);
  const form = m.fill(schemas, m.paramsSchema(method), m.parse("{}"));
  return [name, m.read(m.expand(schemas, form, 6))];
})"""


@pytest.mark.parametrize("name", DOCUMENTS)
async def test_every_method_of_the_samples_can_be_filled_and_sent(
    console: ConsoleView, quiet: Page, name: str
) -> None:
    filled = await run(quiet, GROWN, DOCUMENTS[name])
    await console.open(filled[0][0], DOCUMENTS[name])
    for called, params in filled:
        fragment = f"#/s/default/shop/methods/{called}"
        await console.page.evaluate("(hash) => { location.hash = hash; }", fragment)
        await expect(console.page.locator(".method h3")).to_have_text(called)
        await console.json.fill(json.dumps(params))
        sent = len(console.sent)
        await console.press("Send")
        anyway = console.page.get_by_role("button", name="send anyway")
        await expect(anyway.or_(console.page.locator(".outcome b"))).to_be_visible()
        if await anyway.is_visible():
            await anyway.click()
        await console.outcome()
        assert len(console.sent) == sent + 1
        assert console.sent[-1].get("params", {}) == params
        assert console.sent[-1]["method"] == called


HOSTILE: dict[str, Any] = documented(
    *(method(f"m{number}", {"name": "p", "schema": {}}) for number in range(3_000)),
    method(
        "evil<img src=x onerror=alert(1)>",
        {"name": "<img src=x onerror=alert(1)>", "description": "<script>alert(1)</script>" * 500,
         "schema": {"type": "string", "pattern": "^(a+)+$", "description": "\u202e" * 2_000}},
        {"name": "ring", "schema": {"$ref": "#/components/schemas/Ring"}},
        {"name": "out", "schema": {"$ref": "https://example.org/s.json"}},
        {"name": "many",
         "schema": {"properties": {f"p{n}": {"type": "string"} for n in range(5_000)}}},
        {"name": "options", "schema": {"enum": [f"o{n}" for n in range(5_000)]}},
        summary="javascript:alert(1)",
    ),
    Ring={"properties": {"a": {"$ref": "#/components/schemas/Ring"}}, "required": ["a"]},
)  # fmt: skip


async def elements(page: Page) -> int:
    """How many there are."""
    found: int = await page.evaluate("document.querySelectorAll('*').length")
    return found


async def test_a_hostile_document_is_text_and_does_not_freeze_the_page(
    console: ConsoleView,
) -> None:
    """No form of thousands of fields is drawn, and no pattern is tried on the page's thread."""
    asked = list[str]()
    console.page.on("request", lambda request: asked.append(request.url))
    await console.open("m0", HOSTILE, limit=None)
    before = await elements(console.page)
    evil = HOSTILE["methods"][-1]["name"]
    fragment = "#/s/default/shop/methods/" + evil.replace("<", "%3C").replace(">", "%3E")
    await console.page.evaluate("(hash) => { location.hash = hash; }", fragment)
    await expect(console.page.locator(".method h3")).to_have_text(evil)
    name = "<img src=x onerror=alert(1)>"
    await console.json.fill(json.dumps({name: "a" * 40 + "!", "many": {}, "ring": {"a": {}}}))
    verdict = console.page.locator(".verdict")
    await expect(verdict).to_contain_text("longer than 200 ms")
    await expect(verdict).to_contain_text("https://example.org")
    assert await elements(console.page) - before < 3_000
    assert await console.page.locator(".console img, .console script").count() == 0
    assert [url for url in asked if "example.org" in url] == []
    await console.press("Send")
    await console.outcome()
