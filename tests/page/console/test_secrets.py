"""Secrets are in neither address nor storage, and hidden in the form, with all their characters."""

from typing import Any

import pytest
from playwright.async_api import Page, expect

from tests.page.console.modules import run
from tests.page.console.view import ConsoleView, documented, method

pytestmark = pytest.mark.asyncio(loop_scope="session")

WITHOUT = """(schema, value) =>
  m.withoutSecrets(new m.References({}, [schema]), schema, value)"""

SECRET = {"type": "string", "format": "password", "writeOnly": True}
OPTIONAL = {"anyOf": [SECRET, {"type": "null"}], "default": None}
"""As pydantic writes Optional[SecretStr]."""

OBJECT = {
    "type": "object",
    "properties": {
        "user": {"type": "string"},
        "note": {"type": "string", "format": "password"},
        "code": {"type": "string", "writeOnly": True},
        "inner": {"type": "array", "items": {"type": "object"}},
    },
}


async def test_secrets_are_left_out_by_their_name_and_by_what_the_schema_says(quiet: Page) -> None:
    value: dict[str, Any] = {
        "user": "ada", "note": "n", "code": "c", "password": "p", "apiKey": "k", "token": "t",
        "inner": [{"id": 1, "client_secret": "s"}, {"Authorization": "a", "session-id": "i"}],
        "passwords": ["p"], "tokens": ["t"], "secrets": ["s"], "pins": [1],
        "passenger": "kept", "keyboard": "kept", "spins": 1,
    }  # fmt: skip
    found = await run(quiet, WITHOUT, OBJECT, value)
    assert found["value"] == {
        "user": "ada", "inner": [{"id": 1}, {}], "passenger": "kept", "keyboard": "kept",
        "spins": 1,
    }  # fmt: skip
    assert found["leftOut"] == [
        "note", "code", "password", "apiKey", "token", "passwords", "tokens", "secrets", "pins",
        "inner[0].client_secret", "inner[1].Authorization", "inner[1].session-id",
    ]  # fmt: skip


LOGIN = {"type": "object", "properties": {"kind": {"const": "login"}, "word": SECRET}}
GUEST = {"type": "object", "properties": {"kind": {"const": "guest"}, "word": {"type": "string"}}}


@pytest.mark.parametrize(
    ("schema", "value", "kept"),
    [
        (OPTIONAL, "hush", None),
        ({"$ref": "#/$defs/S", "$defs": {"S": OPTIONAL}}, "hush", None),
        ({"type": ["string", "null"], "format": "password"}, "hush", None),
        ({"oneOf": [{"type": "integer"}, {"allOf": [OPTIONAL]}]}, "hush", None),
        ({"type": "array", "items": SECRET}, ["hush"], None),
        ({"type": "array", "items": OPTIONAL}, ["hush", None], None),
        ({"anyOf": [{"type": "array", "items": SECRET}, {"type": "null"}]}, ["hush"], None),
        ({"prefixItems": [{"type": "string"}, SECRET]}, ["ada", "hush"], None),
        ({"additionalProperties": OPTIONAL}, {"a": "hush"}, {}),
        ({"patternProperties": {"^a": SECRET}}, {"a": "hush"}, {}),
        ({"oneOf": [GUEST, LOGIN]}, {"kind": "login", "word": "hush"}, {"kind": "login"}),
        ({"anyOf": [{"allOf": [LOGIN]}, {"type": "null"}]}, {"word": "hush"}, {}),
        ({"items": {"oneOf": [GUEST, LOGIN]}}, [{"kind": "x", "word": "hush"}], [{"kind": "x"}]),
        ({"oneOf": [{"type": "string"} for _ in range(3_000)]}, "hush", None),
        ({"type": ["string", "null"]}, "open", "open"),
        ({"oneOf": [GUEST, {"type": "null"}]}, {"word": "open"}, {"word": "open"}),
    ],
)
async def test_a_value_is_a_secret_if_any_schema_that_may_hold_for_it_says_so(
    quiet: Page, schema: Any, value: Any, kept: Any
) -> None:
    """A list with secrets is left out whole."""
    whole = {"properties": {"x": schema}, "$defs": schema.get("$defs", {})}
    found = await run(quiet, WITHOUT, whole, {"x": value})
    assert found["value"] == ({} if kept is None else {"x": kept})
    assert bool(found["leftOut"]) == (kept != value)


async def test_schemas_that_refer_to_each_other_are_looked_through_once(quiet: Page) -> None:
    ring = {"anyOf": [{"$ref": "#/$defs/R"}, {"$ref": "#/$defs/R"}, {"items": {"$ref": "#"}}]}
    schema = {"$ref": "#/$defs/R", "$defs": {"R": ring}, "properties": {"a": {"$ref": "#"}}}
    value = {"a": {"a": {"a": [[1]]}}}
    assert (await run(quiet, WITHOUT, schema, value))["value"] == value


PEM = "-----BEGIN PRIVATE KEY-----\nMC4CAQ\n-----END PRIVATE KEY-----\n"
DOCUMENT = documented(
    method(
        "sign",
        {"name": "note", "schema": {"type": "string"}},
        {"name": "pem", "schema": OPTIONAL, "required": True},
        {"name": "words", "schema": {"type": "array", "items": SECRET}, "required": True},
        {"name": "password", "schema": {"type": ["string", "null"]}, "required": True},
    )
)
LOOK = "(one) => getComputedStyle(one).webkitTextSecurity"


async def test_a_secret_of_several_lines_is_hidden_and_sent_as_it_is(console: ConsoleView) -> None:
    await console.open("sign", DOCUMENT)
    await console.json.fill('{"note": "x", "pem": "a\\nb", "words": ["w"], "password": "p"}')
    shown = {name: console.field(name).locator("textarea") for name in ("pem", "words", "password")}
    await expect(shown["pem"]).to_have_value("a\nb")
    for control in shown.values():
        assert await control.evaluate(LOOK) == "disc"
    assert await console.control("note").evaluate(LOOK) == "none"
    await shown["pem"].fill(PEM)
    params = {"note": "x", "pem": PEM, "words": ["w"], "password": "p"}
    assert await console.params() == params
    await shown["pem"].press("Control+Enter")
    await console.outcome()
    assert console.sent[0]["params"] == params
    kept = await console.page.evaluate("JSON.stringify(localStorage)")
    assert "PRIVATE" not in kept
    address = await console.page.evaluate("location.hash")
    await console.open("sign", DOCUMENT, address=address)
    assert await console.params() == {"note": "x"}
