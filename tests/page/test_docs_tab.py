"""The OpenRPC document of a service, as text."""

from typing import Any

import pytest
from playwright.async_api import Page, expect

from tests.page.stage import Stage
from tests.page.store import service
from tests.page.view import PageView

pytestmark = pytest.mark.asyncio(loop_scope="session")

EVIL = "<img src=x onerror=window.owned=1>"
PET = {"type": "object", "properties": {"id": {}, "name": {}}}
SPEC: dict[str, Any] = {
    "openrpc": "1.3.2",
    "info": {"title": "Pets", "version": "1.0.0", "description": "A shop."},
    "methods": [
        {
            "name": "get_pet",
            "summary": "One pet.",
            "params": [
                {"name": "id", "required": True, "schema": {"type": "integer"}},
                {"$ref": "#/components/contentDescriptors/Fields"},
            ],
            "result": {"name": "pet", "schema": {"$ref": "#/components/schemas/Pet"}},
            "errors": [{"code": -32001, "message": "no such pet"}],
        },
        {"name": EVIL, "deprecated": True, "params": []},
    ],
    "components": {
        "contentDescriptors": {
            "Fields": {"name": "fields", "schema": {"type": "array", "items": {"type": "string"}}}
        },
        "schemas": {"Pet": PET},
    },
}

TYPES = [
    (True, "any"), (False, "nothing"), ({"type": "string"}, "string"), ({}, "any"),
    ({"type": ["string", "null"]}, "string | null"), (PET, "object {id, name}"),
    ({"enum": ["a", 1]}, '"a" | 1'), ({"oneOf": [{"type": "null"}, {}]}, "null | any"),
    ({"$ref": "#/components/schemas/Pet"}, "Pet"),
    ({"type": "array", "items": {"type": "array", "items": {}}}, "array of array of any"),
]  # fmt: skip

ODD: list[Any] = [None, [], "x", {"methods": 3}, {"methods": [None, 3, {"params": {}, "name": 4}]},
       {"info": [], "components": {"schemas": 3}, "methods": [{"params": [None], "result": 3}]},
]  # fmt: skip


async def test_schemas_are_said_in_a_few_words(quiet: Page) -> None:
    call = (
        """async (schema) => (await import("/static/js/fleet/openrpc_outline.js")).typeOf(schema)"""
    )
    for schema, words in TYPES:
        assert await quiet.evaluate(call, schema) == words


@pytest.mark.parametrize("spec", ODD, ids=str)
async def test_a_document_of_any_shape_has_an_outline(quiet: Page, spec: Any) -> None:
    call = """async (spec) => (await import("/static/js/fleet/openrpc_outline.js")).outline(spec)"""
    found = await quiet.evaluate(call, spec)
    assert isinstance(found["methods"], list)


async def test_the_document_is_shown_with_parameters_result_and_errors(
    view: PageView, stage: Stage
) -> None:
    stage.document = SPEC
    await view.started("1-1", service("a", document="d1"))
    await view.go("#/s/default/a/docs")
    docs = view.page.locator(".docs")
    await expect(docs.locator("h3")).to_have_text("Pets 1.0.0")
    first, second = docs.locator("[data-docs] > li").nth(0), docs.locator("[data-docs] > li").nth(1)
    for words in ("One pet.", "id required", "integer", "fields optional", "array of string",
                  "returns", "Pet", "Errors: -32001 no such pet"):  # fmt: skip
        await expect(first).to_contain_text(words)
    await expect(second.locator("h4")).to_contain_text(EVIL)
    await expect(second.locator(".deprecated")).to_be_visible()
    assert await docs.locator("img").count() == 0
    await first.locator("h4 a").click()
    assert await view.place() == "#/s/default/a@n1/methods/get_pet"


async def test_no_document_and_one_that_cannot_be_had_are_said(
    view: PageView, stage: Stage
) -> None:
    await view.started("1-1", service("a", document="d1"), service("b"))
    await view.go("#/s/default/a/docs")
    empty = view.page.locator(".docs .empty")
    await expect(empty).to_contain_text("The document could not be loaded: the router answers 502")
    await view.go("#/s/default/b/docs")
    await expect(empty).to_have_text("The service has no OpenRPC document.")
    stage.document = SPEC
    await view.put("1-2", "b", document="d2")
    await expect(view.page.locator(".docs h3")).to_have_text("Pets 1.0.0")
