"""Parameters on a command line: what each form means, and what is refused."""

from typing import Any

import click
import pytest

from hero_router.cli.call_params import parse_params

BIG = 2**63 * 10 + 1


def parse(*words: str, stdin: bytes = b"") -> Any:
    return parse_params(words, lambda: stdin)


@pytest.mark.parametrize(
    ("word", "pair"),
    [
        ("a=1", ("a", "1")),
        ("a=", ("a", "")),
        ("a=true", ("a", "true")),
        ('a="x"', ("a", '"x"')),
        ("a==b=c", ("a", "=b=c")),
        ("a=:=1", ("a", ":=1")),
        ("a=Zoë \u202e", ("a", "Zoë \u202e")),
        ("time:zone=x", ("time:zone", "x")),
        ("a:=1", ("a", 1)),
        (f"a:={BIG}", ("a", BIG)),
        ("a:=null", ("a", None)),
        ('a:="1"', ("a", "1")),
        ('a:= {"b": [1.5, "ë"]} ', ("a", {"b": [1.5, "ë"]})),
    ],
)
def test_a_value_is_text_unless_its_key_ends_with_a_colon(word: str, pair: tuple[str, Any]) -> None:
    assert parse(word) == dict([pair])


def test_all_forms() -> None:
    assert parse() is None
    assert parse("a=1", "b:=2", "c=x") == {"a": "1", "b": 2, "c": "x"}
    assert parse('{"a": 1}') == {"a": 1}
    assert parse(" [1, {}]") == [1, {}]
    assert parse("-", stdin=f'{{"a": {BIG}}}\n'.encode()) == {"a": BIG}
    assert parse("-", stdin=b"[]") == []


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        (("a",), "'a' is neither key=text nor key:=JSON"),
        (("=1",), "'=1' is neither"),
        ((":=1",), "':=1' is neither"),
        (("5",), "'5' is neither"),
        (("-", "a=1"), "'-' is neither"),
        (("{}", "a=1"), "'{}' is neither"),
        (("a=1", "a:=2"), "'a' is given twice"),
        (("a:=x",), "the value of 'a' is not JSON"),
        (("a:=",), "the value of 'a' is not JSON"),
        (('a:={"b": 1, "b": 2}',), "an object repeats a name"),
        (("a:=NaN",), "NaN is not a JSON number"),
        (("{",), "PARAMS is not JSON"),
    ],
)
def test_what_could_mean_anything_else_is_refused(words: tuple[str, ...], reason: str) -> None:
    with pytest.raises(click.UsageError) as refused:
        parse(*words)
    assert reason in refused.value.message


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (b"", "is not JSON"),
        (b"5", "must be a JSON object or array"),
        (b"null", "must be a JSON object or array"),
        (b"\xff", "not UTF-8"),
        (b"{} {}", "is not JSON"),
    ],
)
def test_what_is_no_object_or_array_on_stdin_is_refused(text: bytes, reason: str) -> None:
    with pytest.raises(click.UsageError, match="stdin") as refused:
        parse("-", stdin=text)
    assert reason in refused.value.message
