"""Runs the console's pure modules in the browser: values go in and come out as JSON text."""

import json
from typing import Any

from playwright.async_api import Page

NAMES = [
    "answer_kind", "call_history", "diff", "errors", "form_values", "hints", "initial_value",
    "json_pointer", "json_text", "json_value", "method", "permalink", "references", "request",
    "request_editor_state", "schema", "schema_bundle", "schema_match", "secrets", "snippets",
    "validation_client", "validation_problems",
]  # fmt: skip

LOAD = """async (names) => {
  const loaded = await Promise.all(names.map((name) => import(`/static/js/console/${name}.js`)));
  const m = Object.assign({}, ...loaded);
  const schemasOf = (spec, ...homes) => new m.Schemas(new m.References(spec, homes));
  // A form in which everything is shown that can be added to it, to a limited depth.
  const expand = (schemas, field, depth = 3) => {
    const grow = (schema) => expand(schemas, m.fill(schemas, schema, m.blank(schemas, schema)), depth - 1);
    if (depth === 0) return field;
    if (field.kind === "object") for (const entry of field.entries) entry.field ??= grow(entry.schema);
    if (field.kind === "array") field.items.push(grow(m.itemSchema(field.shape.flat, field.items.length)));
    if (field.kind === "union") expand(schemas, field.field, depth - 1);
    return field;
  };
  globalThis.m = { ...m, schemasOf, expand };
}"""  # noqa: E501 - lines of JavaScript


async def run(page: Page, code: str, *given: Any) -> Any:
    """What a function in JavaScript returns for these values; `m` has all names of all modules."""
    texts = [json.dumps(value) for value in given]
    return json.loads(await run_text(page, code, *texts))


async def run_text(page: Page, code: str, *texts: str) -> str:
    """The same with JSON texts."""
    if not await page.evaluate("'m' in globalThis"):
        await page.evaluate(LOAD, NAMES)
    wrapped = f"""async (texts) => {{
      const given = texts.map((text) => m.parse(text));
      return m.write((await ({code})(...given)) ?? null);
    }}"""
    found: str = await page.evaluate(wrapped, list(texts))
    return found
