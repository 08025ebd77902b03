"""Parameters: the published schema is what is taken, and every refusal names its parameter."""

from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from jsonschema import Draft7Validator

from hero_router.errors import BadRequest
from hero_router.rpc.params import SHOWN, Choice, Param, ParamType, Text, Whole, bind

KINDS: list[ParamType] = [Text(), Text(longest=3), Choice(("a", "bc")), Whole(1, 5, default=3)]

values: st.SearchStrategy[Any] = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-2, 7),
    st.integers(),
    st.sampled_from(["", "a", "bc", "abcd", "x" * 256, "x" * 257, "\U0001f600" * 3]),
    st.text(max_size=5),
    st.floats(allow_nan=False).filter(lambda value: not value.is_integer()),
    st.lists(st.integers(), max_size=2),
    st.dictionaries(st.text(max_size=2), st.integers(), max_size=2),
)

PARAMS = (
    Param("node", Text(), "which one", required=True),
    Param("limit", Whole(1, 5, default=3), "how many"),
    Param("status", Choice(("up", "down")), "how it is"),
)


def refusal(given_: Any) -> str:
    with pytest.raises(BadRequest) as refused:
        bind(PARAMS, given_)
    return str(refused.value)


@pytest.mark.parametrize("kind", KINDS, ids=repr)
@given(value=values)
def test_what_the_published_schema_allows_is_what_is_taken(kind: ParamType, value: Any) -> None:
    assert kind.accepts(value) == Draft7Validator(kind.schema).is_valid(value)


@pytest.mark.parametrize("kind", KINDS, ids=repr)
def test_each_schema_is_one(kind: ParamType) -> None:
    Draft7Validator.check_schema(kind.schema)


def test_a_whole_number_is_written_as_one() -> None:
    """JSON Schema takes 1.0 for a whole number; who sends it may have computed something else."""
    assert not Whole(1, 5, default=3).accepts(1.0)


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
        (["n", 2, "up", 4], "at most 3 parameters are taken, not 4"),
        ({"node": "n", "nod": 1}, "there is no parameter 'nod'"),
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
