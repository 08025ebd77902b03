"""Tokens: how they are written in settings and files, and found by what a caller presents."""

import pytest

from hero_router.access.principal import ALL_ROLES, VIEWER
from hero_router.access.static_tokens import Tokens, bearer, make_token, parse_file
from hero_router.errors import ConfigError

ONE, TWO = "one-0123456789abcd", "two-0123456789abcd"


def test_a_file_has_a_token_on_each_line() -> None:
    text = f"# name role contexts token\n\nops admin * {ONE}\n  wall\tviewer shop,lab  {TWO}\n"
    tokens = Tokens(parse_file(text, "FILE"))
    ops, wall = tokens.find(ONE), tokens.find(TWO)
    assert ops is not None
    assert wall is not None
    assert (ops.name, ops.roles, ops.contexts) == ("ops", ALL_ROLES, None)
    assert (wall.name, wall.roles) == ("wall", frozenset({VIEWER}))
    assert wall.contexts == frozenset({"shop", "lab"})
    assert tokens.find(ONE + "x") is None
    assert tokens.find("") is None


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (f"ops admin {ONE}", "line 1: write name, role, contexts and token"),
        (f"ops admin * {ONE} more", "line 1: write name"),
        (f"\nops boss * {ONE}", "line 2: the role 'boss' is neither admin nor viewer"),
        (f"ops viewer , {ONE}", "ops has access to no context"),
        ("ops admin * short", "line 1 is shorter than 16 characters"),
        ("ops admin * pässwörter-0123456", "only ASCII"),
        (f"ops admin * {ONE}\nops viewer * {TWO}", "line 2: the name ops is used twice"),
    ],
)
def test_a_malformed_line_is_refused_without_its_token(text: str, words: str) -> None:
    with pytest.raises(ConfigError) as refused:
        parse_file(text, "FILE")
    assert words in str(refused.value)
    assert ONE not in str(refused.value)
    assert TWO not in str(refused.value)


def test_two_callers_cannot_have_the_same_token() -> None:
    with pytest.raises(ConfigError, match="the same token"):
        Tokens(parse_file(f"a admin * {ONE}\nb viewer * {ONE}", "FILE"))


def test_a_token_is_not_shown() -> None:
    assert ONE not in repr(make_token(ONE, "ops", "admin", None, "X"))


@pytest.mark.parametrize(
    ("fields", "found"),
    [
        ([], None), ([""], None), (["Bearer x"], "x"), (["BEARER  x  "], "x"),
        (["Bearer x y"], None), (["Basic eA==", "Bearer x"], "x"),
        (["Bearer\tx"], None), (["Bearerx"], None),
    ],
)  # fmt: skip
def test_a_bearer_token_is_read_from_its_field(fields: list[str], found: str | None) -> None:
    assert bearer(fields) == found
