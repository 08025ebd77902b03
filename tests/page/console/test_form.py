"""Form and JSON are equal both ways, whatever the schema says and whatever the value is."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from playwright.async_api import Page

from tests.page.console.modules import run
from tests.page.console.schemas import COMPONENTS, odd, schemas, values

pytestmark = pytest.mark.asyncio(loop_scope="session")

SAMPLES = Path(__file__).resolve().parents[3] / "hero_router" / "demo" / "openrpc"
DOCUMENTS = {path.stem: json.loads(path.read_text("utf-8")) for path in SAMPLES.glob("*.json")}

# A value goes into a form, out of it, as text into the JSON beside it, and from there into a form.
ROUND = """(components, schema, value) => {
  const schemas = m.schemasOf({ components }, schema);
  const shown = m.read(m.fill(schemas, schema, value));
  const beside = m.parse(m.write(shown, 2));
  return [shown, beside, m.read(m.fill(schemas, schema, beside))];
}"""

# All that a person can add is added; then the same.
GROWN = """(components, schema, value) => {
  const schemas = m.schemasOf({ components }, schema);
  const filled = m.read(m.expand(schemas, m.fill(schemas, schema, value)));
  return [filled, m.read(m.fill(schemas, schema, m.parse(m.write(filled, 2))))];
}"""


@settings(max_examples=100)
@given(schema=st.one_of(schemas, odd), value=values)
async def test_a_form_holds_exactly_the_json_that_it_was_filled_with(
    quiet: Page, schema: Any, value: Any
) -> None:
    for found in await run(quiet, ROUND, COMPONENTS, schema, value):
        assert found == value


@settings(max_examples=100)
@given(schema=st.one_of(schemas, odd), value=values)
async def test_a_form_that_a_person_filled_is_the_same_after_it_was_json(
    quiet: Page, schema: Any, value: Any
) -> None:
    filled, again = await run(quiet, GROWN, COMPONENTS, schema, value)
    assert again == filled


KINDS = """(components, schema, value) => {
  const kind = (field) => field.kind === "object"
    ? Object.fromEntries(field.entries.map((entry) => [entry.name, entry.field && kind(entry.field)]))
    : field.kind === "array" ? field.items.map(kind)
    : field.kind === "union" ? [`union ${field.branch}`, kind(field.field)]
    : field.kind === "json" && field.unfit ? "unfit" : field.kind;
  return kind(m.fill(m.schemasOf({ components }, schema), schema, value));
}"""  # noqa: E501 - lines of JavaScript


@pytest.mark.parametrize(
    ("schema", "value", "kinds"),
    [
        ({"type": "string"}, "x", "text"),
        ({"type": "integer"}, 5, "number"),
        ({"type": "integer"}, "5", "unfit"),
        ({"enum": ["a", "b"]}, "b", "choice"),
        ({"enum": ["a", "b"]}, "c", "unfit"),
        ({}, {"any": 1}, "json"),
        ({"properties": {"a": {"type": "boolean"}}}, {"b": 1}, {"a": None, "b": "json"}),
        ({"items": {"type": "null"}}, [None, 1], ["null", "unfit"]),
        ({"prefixItems": [{"type": "string"}], "items": {"type": "integer"}}, ["a", 1],
         ["text", "number"]),
        ({"items": [{"type": "string"}], "additionalItems": {"type": "integer"}}, ["a", 1],
         ["text", "number"]),
        ({"type": ["string", "null"]}, None, ["union 1", "null"]),
        ({"oneOf": [{"type": "string"}, {"type": "integer"}]}, 3, ["union 1", "number"]),
        ({"oneOf": [{"type": "string"}, {"type": "integer"}]}, True, ["union -1", "json"]),
        ({"oneOf": [{"properties": {"k": {"const": "a"}}, "required": ["k"]},
                    {"properties": {"k": {"const": "b"}}, "required": ["k"]}]},
         {"k": "b"}, ["union 1", {"k": "choice"}]),
        ({"oneOf": [{"const": 1, "title": "One"}, {"const": 2}]}, 2, "choice"),
        ({"allOf": [{"properties": {"a": {"type": "string"}}},
                    {"properties": {"b": {"type": "integer"}}}]}, {},
         {"a": None, "b": None}),
        ({"$ref": "#/components/schemas/A"}, {"a": {"b": ["x", {}]}},
         {"a": {"a": None, "b": [["union 0", "text"], ["union 1", {"a": None, "b": None}]]},
          "b": None}),
        ({"$ref": "https://example.org/schema.json"}, 1, "json"),
        ({"$ref": "#/$defs/N", "$defs": {"N": {"type": "integer"}}}, 1, "number"),
    ],
)  # fmt: skip
async def test_a_schema_gets_the_form_that_fits_it(
    quiet: Page, schema: Any, value: Any, kinds: Any
) -> None:
    assert await run(quiet, KINDS, COMPONENTS, schema, value) == kinds


async def test_what_is_typed_and_is_no_value_yet_says_where(quiet: Page) -> None:
    code = """() => {
      const schema = m.parse('{"properties": {"a": {"items": {"type": "integer"}}, "b": {}}}');
      const said = [];
      for (const [name, text] of [["a", "x"], ["b", "{"]]) {
        const form = m.fill(m.schemasOf({}), schema, m.parse('{"a": [1], "b": 2}'));
        const field = form.entries.find((entry) => entry.name === name).field;
        (name === "a" ? field.items[0] : field).text = text;
        try { m.read(form); } catch (error) { said.push([error.path, error.message]); }
      }
      return said;
    }"""
    (first, second) = await run(quiet, code)
    assert first == [["a", 0], "this is no number"]
    assert second[0] == ["b"]
    assert second[1].startswith("this is not JSON: ")


DEEP = {"type": "object", "properties": {"a": {}}}
for _ in range(90):
    DEEP = {"type": "object", "required": ["a"], "properties": {"a": DEEP}}

HOSTILE: dict[str, Any] = {
    "itself": {"$ref": "#/components/schemas/X"},
    "a ring of allOf": {"allOf": [{"$ref": "#/components/schemas/Y"}]},
    "a ring of oneOf": {"oneOf": [{"$ref": "#/components/schemas/Z"}, {"type": "null"}]},
    "deep": DEEP,
    "many members": {"properties": {f"p{n}": {"type": "string"} for n in range(20_000)}},
    "many required": {"properties": {f"p{n}": {} for n in range(9_000)},
                      "required": [f"p{n}" for n in range(9_000)]},
    "many options": {"enum": list(range(50_000))},
    "many branches": {"oneOf": [{"type": "string", "title": f"t{n}"} for n in range(5_000)]},
    "a doubling": {"allOf": [{"allOf": [{"allOf": [{"type": "object"}] * 50}] * 50}] * 50},
}  # fmt: skip
RINGS = {
    "schemas": {
        "X": {"$ref": "#/components/schemas/X"},
        "Y": {"allOf": [{"$ref": "#/components/schemas/Y"}, {"$ref": "#/components/schemas/Y"}]},
        "Z": {"oneOf": [{"$ref": "#/components/schemas/Z"}, {"$ref": "#/components/schemas/Z"}]},
    }
}


# What is read of the schema is counted.
MADE = """(components, schema, value) => {
  const seen = new WeakMap();
  let reads = 0;
  const watched = (value) => {
    if (value === null || typeof value !== "object") return value;
    const get = (owner, name) => {
      reads += 1;
      return watched(Reflect.get(owner, name));
    };
    if (!seen.has(value)) seen.set(value, new Proxy(value, { get }));
    return seen.get(value);
  };
  const hostile = watched(schema);
  const schemas = m.schemasOf({ components: watched(components) }, hostile);
  const form = m.fill(schemas, hostile, m.blank(schemas, hostile));
  const count = (field) => 1 + (field.entries ?? []).reduce((sum, entry) => sum + 1 +
    (entry.field ? count(entry.field) : 0), 0) + (field.items ?? []).reduce(
    (sum, item) => sum + count(item), 0);
  m.read(form);
  m.bundle(schemas.references, hostile);
  return [count(form), reads];
}"""


@pytest.mark.parametrize("schema", HOSTILE.values(), ids=HOSTILE)
async def test_a_hostile_schema_has_a_small_form_and_is_not_read_for_ever(
    quiet: Page, schema: Any
) -> None:
    count, reads = await run(quiet, MADE, RINGS, schema, {})
    assert count < 10_000
    assert reads < 100_000, "the doubling alone has 250,000 values"


@pytest.mark.parametrize("spec", DOCUMENTS.values(), ids=DOCUMENTS)
async def test_every_method_of_the_samples_can_be_filled_and_is_a_valid_request(
    quiet: Page, spec: Any
) -> None:
    """Each parameter has a field of its own: none is left to the JSON beside the form."""
    code = """(spec) => m.methodNames(spec).map((name) => {
      const method = m.methodOf(spec, name);
      const schemas = new m.Schemas(method.references);
      const form = m.expand(schemas, m.fill(schemas, m.paramsSchema(method), m.parse("{}")), 6);
      const way = { byPosition: true, notification: false };
      const unfilled = (field) => field.kind === "json" ||
        (field.entries ?? []).some((entry) => entry.field && unfilled(entry.field)) ||
        (field.items ?? []).some(unfilled) || (field.kind === "union" && unfilled(field.field));
      const value = m.read(form);
      return { name, unfilled: unfilled(form), value, names: method.params.map((one) => one.name),
        request: m.makeRequest(method, m.sentParams(method, value, way), way, 7) };
    })"""
    found = await run(quiet, code, spec)
    assert [each["name"] for each in found] == [method["name"] for method in spec["methods"]]
    for each in found:
        assert not each["unfilled"]
        assert list(each["value"]) == each["names"]
        expected = {"jsonrpc": "2.0", "id": 7, "method": each["name"]}
        params = list(each["value"].values())
        assert each["request"] == expected | ({"params": params} if params else {})
