"""The router's OpenRPC document: of the form that the specification gives, and true."""

import json
from typing import Any

import jsonschema
import pytest

from hero_router.rpc import openrpc
from hero_router.rpc.error_mapping import CODES
from tests.rpc.calls import METHODS
from tests.web.world import World, record, report

TEXT = {"type": "string"}
DESCRIPTOR = {
    "type": "object",
    "required": ["name", "schema"],
    "properties": {
        "name": {"type": "string", "minLength": 1},
        "summary": {"type": "string"},
        "description": {"type": "string"},
        "required": {"type": "boolean"},
        "schema": {"$ref": "http://json-schema.org/draft-07/schema#"},
    },
    "additionalProperties": False,
}
VALUE = {
    "type": "object",
    "required": ["name", "value"],
    "properties": {"name": {"type": "string", "minLength": 1}},
}
EXAMPLE = {
    "type": "object",
    "required": ["name", "params"],
    "properties": {
        "name": {"type": "string", "minLength": 1},
        "params": {"type": "array", "items": VALUE},
        "result": VALUE,
    },
}
REFERENCE = {
    "type": "object",
    "required": ["$ref"],
    "properties": {"$ref": {"type": "string"}},
    "additionalProperties": False,
}
FORM = {
    "type": "object",
    "required": ["openrpc", "info", "methods"],
    "additionalProperties": False,
    "properties": {
        "openrpc": {"type": "string", "pattern": r"^1\.4\.[0-9]+$"},
        "info": {
            "type": "object",
            "required": ["title", "version"],
            "additionalProperties": False,
            "properties": dict.fromkeys(("title", "version", "description"), TEXT),
        },
        "servers": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["url"],
                "additionalProperties": False,
                "properties": {"name": TEXT, "url": TEXT},
            },
        },
        "methods": {
            "type": "array",
            "minItems": 1,
            "items": {
                "type": "object",
                "required": ["name", "params", "result"],
                "additionalProperties": False,
                "properties": {
                    "name": {"type": "string", "minLength": 1},
                    "summary": {"type": "string", "minLength": 1},
                    "description": {"type": "string", "minLength": 1},
                    "paramStructure": {"enum": ["by-position", "by-name", "either"]},
                    "params": {"type": "array", "items": DESCRIPTOR},
                    "result": DESCRIPTOR,
                    "errors": {"type": "array", "items": REFERENCE},
                    "examples": {"type": "array", "items": EXAMPLE},
                },
            },
        },
        "components": {
            "type": "object",
            "additionalProperties": False,
            "properties": {
                "schemas": {
                    "type": "object",
                    "additionalProperties": {"$ref": "http://json-schema.org/draft-07/schema#"},
                },
                "errors": {
                    "type": "object",
                    "additionalProperties": {
                        "type": "object",
                        "required": ["code", "message"],
                        "additionalProperties": False,
                        "properties": {
                            "code": {"type": "integer"},
                            "message": {"type": "string"},
                        },
                    },
                },
            },
        },
    },
}
"""What the OpenRPC 1.4 specification asks of the parts that we use."""


@pytest.fixture
def document(world: World) -> Any:
    """The document as it is sent."""
    return json.loads(world.parts.rpc.document)


def references(value: Any) -> set[str]:
    """All that is pointed at."""
    if isinstance(value, dict):
        own = {value["$ref"]} if "$ref" in value else set()
        return own.union(*map(references, value.values()))
    return set().union(*map(references, value)) if isinstance(value, list) else set()


async def test_the_document_has_the_form_of_openrpc(document: Any) -> None:
    jsonschema.Draft7Validator(FORM).validate(document)


async def test_method_names_are_unique_and_required_params_come_first(document: Any) -> None:
    names = [method["name"] for method in document["methods"]]
    assert len(names) == len(set(names))
    for method in document["methods"]:
        required = [param["required"] for param in method["params"]]
        assert required == sorted(required, reverse=True)


async def test_all_references_lead_to_something_inside_and_nothing_is_unused(
    document: Any,
) -> None:
    components = document["components"]
    inside = {f"#/components/{kind}/{name}" for kind in components for name in components[kind]}
    assert references(document) == inside


async def test_the_errors_of_a_method_have_different_codes(document: Any) -> None:
    codes = [error["code"] for error in document["components"]["errors"].values()]
    assert sorted(codes) == sorted({code for _, code in CODES.values()})


async def test_each_method_has_an_example_that_is_true(document: Any) -> None:
    for method in document["methods"]:
        if method["name"] == "rpc.discover":
            continue
        (example,) = method["examples"]
        params = {each["name"]: each["value"] for each in example["params"]}
        schemas = {each["name"]: each["schema"] for each in method["params"]}
        assert params.keys() <= schemas.keys()
        assert params.keys() >= {each["name"] for each in method["params"] if each["required"]}
        for name, value in params.items():
            jsonschema.Draft202012Validator(schemas[name]).validate(value)
        schema = {**method["result"]["schema"], "components": document["components"]}
        jsonschema.Draft202012Validator(schema).validate(example["result"]["value"])


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("Service", record("a").to_json()),
        ("Socket", record("a").to_json()["sockets"][0]),
        ("Node", {**report("n1").to_json(), "lost": False, "reported": True}),
    ],
)
async def test_the_schemas_have_just_the_fields_that_are_sent(
    document: Any, name: str, value: dict[str, Any]
) -> None:
    assert set(document["components"]["schemas"][name]["properties"]) == value.keys()


def test_a_method_without_a_description_has_none_in_the_document() -> None:
    for entry in openrpc.document(METHODS)["methods"]:
        assert "description" not in entry
