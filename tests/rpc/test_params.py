"""Parameters: the published schema is what is taken, and every refusal names its parameter."""

from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from jsonschema import Draft7Validator

from hero_router.errors import BadRequest
from hero_router.rpc.json_schema import Schema, array, choice, members, text, whole
from hero_router.rpc.json_schema import refusal as refused
from hero_router.rpc.params import SHOWN, Param, bind

NAME, LIMIT = text(longest=3), whole(1, 5, default=3)
SCHEMAS: dict[str, Schema] = {
    "text": text(),
    "short text": NAME,
    "choice": choice("a", "bc"),
    "whole": LIMIT,
    "number": {"type": "number", "minimum": 0},
    "switch": {"type": "boolean"},
    "maybe": {"anyOf": [NAME, {"type": "null"}]},
    "array": array(LIMIT, most=2),
    "array of anything": {"type": "array"},
    "object": members({"a": LIMIT}, {"b": array(NAME, most=1)}),
    "map": {"type": "object"},
    "anything": {},
}

values: st.SearchStrategy[Any] = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-2, 7),
    st.integers(),
    st.sampled_from(["", "a", "bc", "abcd", "x" * 256, "x" * 257, "\U0001f600" * 3]),
    st.text(max_size=5),
    st.floats(allow_nan=False).filter(lambda value: not value.is_integer()),
    st.lists(st.integers(0, 6), max_size=3),
    st.dictionaries(st.sampled_from("abc"), st.integers(0, 6) | st.lists(st.text(), max_size=2)),
)

PARAMS = (
    Param("node", text(), "which one", required=True),
    Param("limit", LIMIT, "how many"),
    Param("status", choice("up", "down"), "how it is"),
)


def refusal(given_: Any) -> str:
    with pytest.raises(BadRequest) as refused:
        bind(PARAMS, given_)
    return str(refused.value)


@pytest.mark.parametrize("name", SCHEMAS)
@given(value=values)
def test_what_the_published_schema_allows_is_what_is_taken(name: str, value: Any) -> None:
    taken = refused(SCHEMAS[name], value, "it") is None
    assert taken == Draft7Validator(SCHEMAS[name]).is_valid(value)


@pytest.mark.parametrize("name", SCHEMAS)
def test_each_schema_is_one(name: str) -> None:
    Draft7Validator.check_schema(SCHEMAS[name])


def test_a_whole_number_is_written_as_one() -> None:
    """JSON Schema takes 1.0 for a whole number; the caller may have computed something else."""
    assert refused(LIMIT, 1.0, "limit") is not None


@pytest.mark.parametrize(
    ("schema", "value", "told"),
    [
        ("array", [1, 2, 3], "it must be an array of at most 2 items"),
        ("array", [1, 9], "it[1] must be a whole number from 1 to 5"),
        ("object", [], "it must be an object"),
        ("object", {}, "it.a is missing"),
        ("object", {"a": 1, "c": 1}, "it may have no members but a, b"),
        ("object", {"a": 1, "b": ["long"]}, "it.b[0] must be text of 1 to 3 characters"),
        ("maybe", 1, "it must be text of 1 to 3 characters or null"),
        ("switch", 1, "it must be true or false"),
    ],
)
def test_a_refusal_says_where_the_value_is_wrong(schema: str, value: Any, told: str) -> None:
    assert refused(SCHEMAS[schema], value, "it") == told


def test_a_schema_that_cannot_be_checked_in_full_is_no_parameters_schema() -> None:
    with pytest.raises(ValueError, match="pattern cannot be checked"):
        Param("name", {"type": "array", "items": {"type": "string", "pattern": "^a"}}, "")


def test_an_old_name_is_accepted_as_the_new_one() -> None:
    renamed = (Param("id", NAME, "", required=True, old_name="service_id"),)
    assert bind(renamed, {"service_id": "a"}) == bind(renamed, {"id": "a"}) == {"id": "a"}
    assert bind(renamed, {"service_id": "a", "id": "a"}) == {"id": "a"}
    for given_, told in (
        ({"service_id": "a", "id": "b"}, "service_id is the old name of id: use only one of them"),
        ({"service_id": "long"}, "id must be text of 1 to 3 characters"),
        ({}, "id is missing"),
    ):
        with pytest.raises(BadRequest) as error:
            bind(renamed, given_)
        assert str(error.value) == told


def test_values_are_bound_by_name_or_by_place_alike() -> None:
    by_name = bind(PARAMS, {"node": "n", "limit": 2})
    assert by_name == bind(PARAMS, ["n", 2]) == {"node": "n", "limit": 2}
    assert bind(PARAMS, ["n"]) == {"node": "n"}


@pytest.mark.parametrize(
    ("given_", "told"),
    [
        ({}, "node is missing"),
        ([], "node is missing"),
        ({"limit": 2}, "node is missing"),
        ({"node": ""}, "node must be text of 1 to 256 characters"),
        ({"node": None}, "node must be text of 1 to 256 characters"),
        ({"node": "n", "limit": 0}, "limit must be a whole number from 1 to 5"),
        ({"node": "n", "limit": True}, "limit must be a whole number from 1 to 5"),
        (["n", 2, "sideways"], "status must be one of up, down"),
        (["n", 2, "up", 4], "the method has at most 3 parameters, not 4"),
        ({"node": "n", "nod": 1}, "there is no parameter 'nod'"),
        ({"": "n"}, "there is no parameter ''"),
        ({"node": "n", "x" * 500: 1}, f"there is no parameter '{'x' * 39}…'"),
    ],
)
def test_a_refusal_names_the_parameter_and_what_it_must_be(given_: Any, told: str) -> None:
    assert refusal(given_) == told


@given(st.text().filter(lambda name: name not in {param.name for param in PARAMS}))
@example("\U0002ebe1" * 1_000)
@example("\x1b" * 1_000)
def test_a_made_up_name_is_repeated_only_as_far_as_it_is_harmless(name: str) -> None:
    told = refusal({"node": "n", name: 1})
    assert told.isprintable()
    # The longest escape of one character is \U with eight digits.
    assert len(told) <= len("there is no parameter ''") + 10 * SHOWN


@given(st.lists(values, max_size=5) | st.dictionaries(st.text(max_size=5), values, max_size=4))
def test_whatever_is_sent_is_bound_or_refused(given_: Any) -> None:
    try:
        bound = bind(PARAMS, given_)
    except BadRequest:
        return
    assert bound.keys() <= {param.name for param in PARAMS}
    assert "node" in bound
