"""Random JSON Schemas and values: recursive, odd, and with names that JavaScript's objects have."""

from typing import Any

from hypothesis import strategies as st

NAMES = ["a", "b", "c/d~e", "__proto__", "constructor", "toString", "π", ""]

names = st.sampled_from(NAMES)
scalars = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(10**20), 10**20),
    st.floats(allow_nan=False, allow_infinity=False),
    st.text(max_size=5),
    st.sampled_from([0, 1, 2, "", "x", "long text", "\u2028", "\ud800", "😀"]),
)
values = st.recursive(
    scalars,
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(names, inner, max_size=4)),
    max_leaves=12,
)

references = st.sampled_from(
    [{"$ref": "#/components/schemas/A"}, {"$ref": "#/components/schemas/B"}]
)

simple: st.SearchStrategy[Any] = st.one_of(
    st.sampled_from(
        [
            {},
            True,
            {"type": "string"},
            {"type": "string", "minLength": 2, "default": "begin"},
            {"type": "string", "pattern": "^x"},
            {"type": "integer"},
            {"type": "integer", "minimum": 1, "maximum": 5},
            {"type": "number", "exclusiveMinimum": 0},
            {"type": "boolean"},
            {"type": "null"},
            {"type": ["string", "null"]},
            {"type": ["integer", "array"], "items": {"type": "integer"}},
            {"enum": ["x", 1, None]},
            {"const": {"a": [1]}},
            {"oneOf": [{"const": 1, "title": "one"}, {"const": 2}]},
        ]
    ),
    references,
)


def grown(inner: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    """Schemas of objects, lists and alternatives."""
    objects = st.fixed_dictionaries(
        {"type": st.just("object"), "properties": st.dictionaries(names, inner, max_size=3)},
        optional={
            "required": st.lists(names, max_size=2, unique=True),
            "additionalProperties": st.one_of(st.booleans(), inner),
        },
    )
    lists = st.fixed_dictionaries(
        {"type": st.just("array"), "items": inner},
        optional={"minItems": st.integers(0, 2), "uniqueItems": st.booleans()},
    )
    tuples = st.fixed_dictionaries({"prefixItems": st.lists(inner, min_size=1, max_size=2)})
    several = st.lists(inner, min_size=1, max_size=3)
    together = st.sampled_from(["oneOf", "anyOf", "allOf"])
    alternatives = st.tuples(together, several).map(lambda pair: dict([pair]))
    both = st.tuples(objects, alternatives).map(lambda pair: pair[0] | pair[1])
    return st.one_of(objects, lists, tuples, alternatives, both)


schemas = st.recursive(simple, grown, max_leaves=6)

odd = st.one_of(
    values,
    st.dictionaries(
        st.sampled_from(
            ["type", "properties", "items", "oneOf", "allOf", "enum", "required", "$ref", "const",
             "default", "examples", "additionalProperties", "pattern", "minimum", "format"]
        ),
        st.one_of(values, schemas),
        max_size=4,
    ),
)  # fmt: skip
"""What a careless or hostile service may publish as a schema."""

COMPONENTS: dict[str, Any] = {
    "schemas": {
        "A": {
            "type": "object",
            "properties": {
                "a": {"$ref": "#/components/schemas/A"},
                "b": {"type": "array", "items": {"$ref": "#/components/schemas/B"}},
            },
        },
        "B": {"anyOf": [{"type": "string"}, {"$ref": "#/components/schemas/A"}]},
    }
}
