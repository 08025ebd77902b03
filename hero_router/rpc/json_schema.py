"""Makes JSON Schemas from Python types, and checks JSON values against schemas.

A parameter's schema uses only the keywords in `CHECKED`, so every published rule is checked. Pure:
no I/O, no clock.
"""

import types
from collections.abc import Iterator, Mapping
from dataclasses import MISSING, fields, is_dataclass
from enum import Enum
from typing import Annotated, Any, Union, get_args, get_origin, get_type_hints

from hero_router.sanitize import MAX_NAME

Schema = Mapping[str, Any]

CHECKED = frozenset({
    "type", "enum", "anyOf", "minLength", "maxLength", "minimum", "maximum", "items", "maxItems",
    "properties", "required", "additionalProperties", "default", "description",
})  # fmt: skip
"""Keywords that `refusal` understands; the last two change nothing."""

_SIMPLE: Mapping[Any, Schema] = {
    str: {"type": "string"},
    int: {"type": "integer"},
    float: {"type": "number"},
    bool: {"type": "boolean"},
    type(None): {"type": "null"},
    Any: {},
    object: {},
}
_CLASSES: Mapping[str, tuple[type, ...]] = {
    "string": (str,),
    "integer": (int,),
    "number": (int, float),
    "boolean": (bool,),
    "null": (type(None),),
    "array": (list,),
    "object": (dict,),
}


# Schemas of parameters


def text(longest: int = MAX_NAME) -> Schema:
    """The schema of a string that is not empty and has at most `longest` characters."""
    return {"type": "string", "minLength": 1, "maxLength": longest}


def choice(*options: str) -> Schema:
    """The schema of a string that is one of `options`."""
    return {"type": "string", "enum": list(options)}


def whole(low: int, high: int, default: int | None = None) -> Schema:
    """The schema of a whole number from `low` to `high`, without a fraction or exponent."""
    span = {"type": "integer", "minimum": low, "maximum": high}
    return span if default is None else {**span, "default": default}


def flag(default: bool) -> Schema:
    """The schema of true or false."""
    return {"type": "boolean", "default": default}


def array(items: Schema, most: int) -> Schema:
    """The schema of an array of at most `most` items with the schema `items`."""
    return {"type": "array", "items": items, "maxItems": most}


def members(required: Mapping[str, Schema], optional: Mapping[str, Schema]) -> Schema:
    """The schema of an object with these members and no others."""
    return {
        "type": "object",
        "properties": {**required, **optional},
        "required": list(required),
        "additionalProperties": False,
    }


def unchecked(schema: Schema) -> set[str]:
    """The keywords of a schema that `refusal` does not understand."""
    found = set(schema) - CHECKED
    return found.union(*map(unchecked, _inside(schema)))


def _inside(schema: Schema) -> Iterator[Schema]:
    yield from schema.get("anyOf", ())
    yield from schema.get("properties", {}).values()
    if "items" in schema:
        yield schema["items"]


def refusal(schema: Schema, value: object, where: str) -> str | None:
    """Why a JSON value does not match a schema, as a sentence about `where`; None if it matches.

    A whole number must be written without a fraction: 1.0 does not match.
    """
    if "anyOf" in schema:
        fits = any(refusal(each, value, where) is None for each in schema["anyOf"])
        return None if fits else f"{where} must be {words(schema)}"
    if not _fits(schema, value):
        return f"{where} must be {words(schema)}"
    if isinstance(value, list) and "items" in schema:
        return _first(
            refusal(schema["items"], item, f"{where}[{number}]")
            for number, item in enumerate(value)
        )
    return _object_refusal(schema, value, where) if isinstance(value, dict) else None


def _object_refusal(schema: Schema, value: Mapping[str, Any], where: str) -> str | None:
    known = schema.get("properties", {})
    if missing := [name for name in schema.get("required", ()) if name not in value]:
        return f"{where}.{missing[0]} is missing"
    if schema.get("additionalProperties") is False and value.keys() - known.keys():
        return f"{where} may have no members but {', '.join(known)}"
    return _first(
        refusal(known[name], value[name], f"{where}.{name}") for name in known & value.keys()
    )


def _first(refusals: Iterator[str | None]) -> str | None:
    return next((each for each in refusals if each is not None), None)


def _fits(schema: Schema, value: object) -> bool:
    """Whether the value itself, without its items and members, matches the schema."""
    kind = schema.get("type")
    if kind is not None and not isinstance(value, _CLASSES[kind]):
        return False
    if isinstance(value, bool) and kind not in (None, "boolean"):
        return False
    if "enum" in schema and value not in schema["enum"]:
        return False
    if isinstance(value, int | float):
        return bool(schema.get("minimum", value) <= value <= schema.get("maximum", value))
    if isinstance(value, str):
        return bool(schema.get("minLength", 0) <= len(value) <= schema.get("maxLength", len(value)))
    return not isinstance(value, list) or len(value) <= schema.get("maxItems", len(value))


def words(schema: Schema) -> str:
    """A schema in words, for an error message: "a whole number from 1 to 5"."""
    if "anyOf" in schema:
        return " or ".join(map(words, schema["anyOf"]))
    if "enum" in schema:
        return f"one of {', '.join(map(str, schema['enum']))}"
    match schema.get("type"):
        case "string" if "maxLength" in schema:
            return f"text of {schema.get('minLength', 0)} to {schema['maxLength']} characters"
        case "integer" if "minimum" in schema:
            return f"a whole number from {schema['minimum']} to {schema['maximum']}"
        case "array" if "maxItems" in schema:
            return f"an array of at most {schema['maxItems']} items"
        case kind:
            return _WORDS[kind]


_WORDS: Mapping[Any, str] = {
    "string": "text",
    "integer": "a whole number",
    "number": "a number",
    "boolean": "true or false",
    "null": "null",
    "array": "an array",
    "object": "an object",
    None: "any value",
}


# Schemas of types


class Components:
    """Makes the named schemas of classes (`components/schemas` in an OpenRPC document).

    `names` gives each dataclass or TypedDict its name; every class that another class mentions must
    have one. `extends` says which classes also have the fields of a further class.
    """

    def __init__(self, names: Mapping[type, str], extends: Mapping[type, type]) -> None:
        self._names, self._extends = names, extends

    def schemas(self) -> dict[str, Schema]:
        """The schemas of all classes, by name."""
        return {name: self._object(kind) for kind, name in self._names.items()}

    def of(self, kind: Any) -> Schema:
        """The schema of a type; for a class it is a `$ref`. Raises KeyError for an unknown class.

        `Annotated[type, {...}]` adds keywords to the type's own.
        """
        origin, inner = get_origin(kind), get_args(kind)
        if origin is not None:
            return self._composed(origin, inner)
        if kind in _SIMPLE:
            return _SIMPLE[kind]
        if isinstance(kind, type) and issubclass(kind, Enum):
            return {"type": "string", "enum": [str(item.value) for item in kind]}
        return {"$ref": f"#/components/schemas/{self._names[kind]}"}

    def _composed(self, origin: Any, inner: tuple[Any, ...]) -> Schema:
        if origin is Annotated:
            return {**self.of(inner[0]), **inner[1]}
        if origin in (Union, types.UnionType):
            return {"anyOf": [self.of(each) for each in inner]}
        if issubclass(origin, Mapping):
            return {"type": "object", "additionalProperties": self.of(inner[1])}
        return {"type": "array", "items": self.of(inner[0])}

    def _object(self, kind: type) -> Schema:
        """The members of a class, and those of the class that it extends."""
        required, properties = list[str](), dict[str, Schema]()
        for each in (self._extends[kind], kind) if kind in self._extends else (kind,):
            hints = get_type_hints(each, include_extras=True)
            properties |= {name: self.of(hint) for name, hint in hints.items()}
            required += _required(each)
        return {"type": "object", "required": required, "properties": properties}


def _required(kind: type) -> list[str]:
    """The fields that are always sent.

    A dataclass field with a default came later: an older version does not send it.
    """
    if not is_dataclass(kind):
        return list(get_type_hints(kind))
    return [
        item.name
        for item in fields(kind)
        if item.default is MISSING and item.default_factory is MISSING
    ]
