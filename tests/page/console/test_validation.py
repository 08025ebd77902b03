"""Values are validated as by another validator, with places in plain words, and in limited time."""

from typing import Any

import jsonschema
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from playwright.async_api import Page

from tests.page.console.modules import run
from tests.page.console.schemas import COMPONENTS, odd, schemas, values
from tests.page.console.view import LONG_MS

pytestmark = pytest.mark.asyncio(loop_scope="session")

# `limit` in ms; null: the product's own.
CHECK = """async (components, schema, value, limit) => {
  globalThis.validator ??= new m.ValidationClient();
  validator.limit = limit ?? new m.ValidationClient().limit;
  const references = new m.References({ components }, [schema]);
  return await validator.check(m.bundle(references, schema), value);
}"""

# The least that the schema allows, which is more often valid than a random value.
BEGUN = """(components, schema) => {
  const schemas = m.schemasOf({ components }, schema);
  return m.read(m.expand(schemas, m.fill(schemas, schema, m.blank(schemas, schema)), 2));
}"""


async def checked(page: Page, schema: Any, value: Any) -> list[str]:
    found = await run(page, CHECK, COMPONENTS, schema, value, LONG_MS)
    assert found["unchecked"] == []
    return [f"{'.'.join(each['path'])}: {each['text']}" for each in found["problems"]]


@settings(max_examples=100)
@given(schema=schemas, value=values, begun=st.booleans())
async def test_a_value_is_valid_where_another_validator_says_so(
    quiet: Page, schema: Any, value: Any, begun: bool
) -> None:
    """The two count a few things otherwise, which the samples avoid: none of them matters here."""
    given_value = await run(quiet, BEGUN, COMPONENTS, schema) if begun else value
    whole = {"components": COMPONENTS, "allOf": [schema]}
    valid = jsonschema.Draft202012Validator(whole).is_valid(given_value)
    assert (await checked(quiet, schema, given_value) == []) == valid


PETS = {
    "type": "object",
    "required": ["name"],
    "additionalProperties": False,
    "properties": {
        "name": {"type": "string", "minLength": 2},
        "age": {"type": "integer", "minimum": 0},
        "tags": {"type": "array", "items": {"enum": ["a", "b"]}, "uniqueItems": True},
        "home": {
            "oneOf": [
                {"type": "object", "required": ["kind", "no"],
                 "properties": {"kind": {"const": "house"}, "no": {"type": "integer"}}},
                {"type": "object", "required": ["kind"],
                 "properties": {"kind": {"const": "boat"}}},
            ]
        },
        "x#/%": {"type": "null"},
    },
}  # fmt: skip


@pytest.mark.parametrize(
    ("value", "problems"),
    [
        ({"name": "Rex"}, []),
        ({}, ["name: is missing"]),
        ({"name": 1}, ["name: must be text"]),
        ({"name": "R", "age": -1}, ["age: must be at least 0",
                                    "name: must have at least 2 characters"]),
        ({"name": "Rex", "age": 1.5}, ["age: must be a whole number"]),
        ({"name": "Rex", "wings": 2}, ["wings: must not be here"]),
        ({"name": "Rex", "tags": ["a", "c"]}, ['tags.1: must be one of "a", "b"']),
        ({"name": "Rex", "tags": ["a", "a"]}, ["tags: must not have the same item twice"]),
        ({"name": "Rex", "home": 1}, ["home: must fit exactly one of the alternatives"]),
        ({"name": "Rex", "home": {"kind": "house", "no": "x"}},
         ["home.no: must be a whole number"]),
        ({"name": "Rex", "x#/%": 1}, ["x#/%: must be null"]),
        ([], [": must be an object"]),
    ],
)  # fmt: skip
async def test_a_problem_has_its_place_and_plain_words(
    quiet: Page, value: Any, problems: list[str]
) -> None:
    assert sorted(await checked(quiet, PETS, value)) == sorted(problems)


HOSTILE: dict[str, tuple[Any, Any]] = {
    "a pattern that takes for ever": ({"pattern": "^(a+)+$"}, "a" * 40 + "!"),
    "a schema without an end": ({"$ref": "#/components/schemas/R"}, 1),
    "alternatives of alternatives": ({"$ref": "#/components/schemas/S"}, {"x": {"x": 1}}),
    "what is elsewhere": ({"$ref": "https://example.org/s.json"}, 1),
    "what is nowhere": ({"$ref": "#/components/schemas/None"}, 1),
    "a malformed keyword": ({"required": True, "type": "strnig"}, 1),
    "a base of its own": ({"$id": "https://example.org/", "$ref": "#/components/schemas/R"}, 1),
}
RINGS = {
    "schemas": {
        "R": {"allOf": [{"$ref": "#/components/schemas/R"}]},
        "S": {"anyOf": [{"properties": {"x": {"$ref": "#/components/schemas/S"}},
                         "allOf": [{"$ref": "#/components/schemas/S"}]}] * 2},
    }
}  # fmt: skip


ELSEWHERE = {"$ref": "https://example.org/s.json"}
STRANGE = {"pattern": "\\@"}
"""No regular expression with the flag `u`, which the validator sets."""

LOOSE: dict[str, tuple[Any, Any, bool]] = {
    "not": ({"not": STRANGE}, "x", True),
    "not of something malformed": ({"not": 5}, 1, True),
    "if": ({"if": ELSEWHERE, "then": False}, 1, True),
    "an alternative": ({"oneOf": [ELSEWHERE, {"type": "string"}]}, "x", True),
    "a part of an alternative": (
        {"oneOf": [{"properties": {"a": STRANGE}}, {"required": ["a"]}]}, {"a": "x"}, True),
    "what fits none of them": (
        {"oneOf": [{"required": ["b"], "properties": {"a": STRANGE}}, {"required": ["c"]}]},
        {"a": "x"}, False),
    "both kinds of alternatives": (
        {"anyOf": [{"type": "integer"}], "oneOf": [STRANGE, {"type": "string"}]}, "x", False),
    "names by a pattern": (
        {"patternProperties": {"\\@": {}}, "additionalProperties": False}, {"a": 1}, True),
    "malformed members": ({"properties": 1, "additionalProperties": False}, {"a": 1}, True),
    "unknown members beside one": (
        {"properties": {"a": ELSEWHERE}, "additionalProperties": False}, {"b": 1}, False),
    "members that others do not know": (
        {"allOf": [ELSEWHERE], "unevaluatedProperties": False}, {"a": 1}, True),
    "items that others do not know": (
        {"allOf": [ELSEWHERE], "unevaluatedItems": False}, [1], True),
    "a malformed tuple": ({"prefixItems": {}, "items": {"type": "null"}}, [1], True),
    "at most so many": ({"contains": STRANGE, "maxContains": 1}, ["x", "y"], True),
    "at least malformed": ({"contains": {"type": "null"}, "minContains": "0"}, [1], True),
    "through references": (
        {"not": {"$ref": "#/$defs/A"}, "$defs": {"A": {"allOf": [{"$ref": "#/$defs/B"}]},
                                                 "B": STRANGE}}, "x", True),
    "around itself": (
        {"$ref": "#/$defs/O", "$defs": {"O": {
            "properties": {"a": {"not": {"$ref": "#/$defs/O"}}, "b": STRANGE}}}},
        {"a": {"b": "x"}}, True),
}  # fmt: skip


@pytest.mark.parametrize("case", LOOSE.values(), ids=LOOSE)
async def test_what_cannot_be_checked_makes_nothing_wrong(
    quiet: Page, case: tuple[Any, Any, bool]
) -> None:
    schema, value, good = case
    found = await run(quiet, CHECK, {}, schema, value, LONG_MS)
    assert (found["problems"] == []) == good
    assert found["unchecked"] != []


# The page's own timers go on meanwhile; afterwards the validator answers as before.
BESIDE = f"""async (components, schema, value) => {{
  let [beats, going] = [0, true];
  const beat = () => {{
    beats += 1;
    if (going) setTimeout(beat);
  }};
  setTimeout(beat);
  const found = await ({CHECK})(components, schema, value, null);
  going = false;
  const after = await ({CHECK})({{}}, m.parse('{{"type": "null"}}'), 1, {LONG_MS});
  return {{ ...found, beats, after: after.problems.length }};
}}"""


@pytest.mark.parametrize("case", HOSTILE.values(), ids=HOSTILE)
async def test_what_cannot_be_checked_is_said_and_the_next_is_checked(
    quiet: Page, case: tuple[Any, Any]
) -> None:
    found = await run(quiet, BESIDE, RINGS, *case)
    assert found["problems"] == []
    assert found["unchecked"] != []
    assert found["after"] == 1


async def test_what_would_take_for_ever_ends_at_its_limit_and_the_page_goes_on(
    quiet: Page,
) -> None:
    """On the page's own thread the pattern would hold up all timers, that of the limit too."""
    found = await run(quiet, BESIDE, {}, {"pattern": "^(a+)+$"}, "a" * 40 + "!")
    assert found["unchecked"] == ["the rest: it took longer than 200 ms"]
    assert found["beats"] > 0


@settings(max_examples=100)
@given(schema=odd, value=values)
async def test_no_schema_makes_the_check_itself_fail(quiet: Page, schema: Any, value: Any) -> None:
    found = await run(quiet, CHECK, COMPONENTS, schema, value, None)
    assert found.keys() == {"problems", "unchecked"}
    for text in found["unchecked"]:
        assert "undefined" not in text
