"""The document of a shop, whose methods the console's tests call."""

from tests.page.console.view import documented, method

PET = {
    "type": "object",
    "required": ["name"],
    "properties": {
        "name": {"type": "string"},
        "age": {"type": "integer", "minimum": 0},
        "kind": {"enum": ["cat", "dog"]},
        "tags": {"type": "array", "items": {"type": "string"}},
        "mother": {"$ref": "#/components/schemas/Pet"},
        "chip": {
            "oneOf": [{"type": "integer", "title": "number"}, {"type": "string", "title": "code"}]
        },
        "password": {"type": "string"},
    },
}  # fmt: skip
SHOP = documented(
    method(
        "create",
        {"name": "pet", "required": True, "schema": {"$ref": "#/components/schemas/Pet"}},
        {"name": "note", "schema": {"type": "string"}},
        result={"name": "r", "schema": {"type": "object", "required": ["pet"]}},
        errors=[{"code": 5, "message": "no room"}],
        examples=[{"name": "a cat", "params": [{"name": "pet", "value": {"name": "Tom"}}]}],
    ),
    method("get", {"name": "id", "required": True, "schema": {"type": "integer"}}),
    method("old", {"name": "x", "schema": True}, deprecated=True, paramStructure="by-position"),
    Pet=PET,
)
