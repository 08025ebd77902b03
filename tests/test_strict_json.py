"""Strict JSON: one refusal for all that RFC 8259 does not allow; what is read can be written."""

import json
import math
import sys
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hero_router.errors import BadRequest
from hero_router.store.client import text
from hero_router.strict_json import MAX_DEPTH, InvalidJson, decode, decode_trusted, digest, encode


def jsons(integers: st.SearchStrategy[int]) -> st.SearchStrategy[Any]:
    """Any JSON values."""
    return st.recursive(
        st.none() | st.booleans() | integers | st.text()
        | st.floats(allow_nan=False, allow_infinity=False),
        lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    )  # fmt: skip


values = jsons(st.integers())


@given(values)
def test_what_is_written_is_read_back(value: Any) -> None:
    assert decode(encode(value)) == value
    assert decode(encode(value).encode()) == value


@given(jsons(st.integers(-(2**63), 2**64 - 1)))
def test_what_is_written_and_kept_is_read_back(value: Any) -> None:
    kept = decode_trusted(encode(value))
    assert kept == value
    assert encode(kept) == encode(value)


@given(values)
def test_what_is_written_is_one_line_of_ascii(value: Any) -> None:
    assert encode(value).isascii()
    assert min(encode(value)) >= " "


def test_what_is_written_has_no_spaces_and_keeps_the_order_of_members() -> None:
    """A record is compared with the one in Redis as text."""
    assert encode({"b": [1, 2], "a": None}) == '{"b":[1,2],"a":null}'


@given(st.binary())
def test_any_bytes_are_read_as_json_or_refused_as_one_error(raw: bytes) -> None:
    try:
        value = decode(raw)
    except InvalidJson:
        return
    assert decode(encode(value)) == value


@given(st.text(alphabet='[]{}",:\\ud8c0 0123456789.eE+-tfn\ud800', max_size=30))
def test_any_text_that_looks_like_json_is_read_or_refused(text: str) -> None:
    try:
        value = decode(text)
    except InvalidJson:
        return
    encode(value).encode()
    json.dumps(value, ensure_ascii=False).encode()


def nested(depth: int) -> str:
    return "[" * depth + "]" * depth


REFUSED: dict[str, bytes | str] = {
    "empty": b"",
    "white space": b" \n",
    "brace": b"{",
    "byte order mark": b"\xef\xbb\xbf{}",
    "utf-16": '{"a":1}'.encode("utf-16"),
    "utf-16-le": '{"a":1}'.encode("utf-16-le"),
    "utf-32": b"{\0\0\0}\0\0\0",
    "not utf-8": b'"\xff"',
    "encoded surrogate": b'"\xed\xa0\x80"',
    "trailing comma": b"[1,]",
    "trailing text": b"{} x",
    "two values": b"1 2",
    "comment": b"{} // x",
    "single quotes": b"{'a':1}",
    "bare name": b"{a:1}",
    "nan": b"NaN",
    "nan inside": b'{"a":[NaN]}',
    "infinity": b"Infinity",
    "negative infinity": b"-Infinity",
    "1e999": b"1e999",
    "-1e999": b"-1e999",
    "5,000 digits": b"9" * 5000,
    "5,000 digits inside": b'{"a":-' + b"9" * 5000 + b"}",
    "101 digits": b"1" * 101,
    "leading zero": b"01",
    "plus": b"+1",
    "hex": b"0x1",
    "bare dot": b".5",
    "arabic digits": "\u0661".encode(),
    "control character": b'"\x01"',
    "raw newline": b'"a\nb"',
    "bad escape": rb'"\x41"',
    "short escape": rb'"\u12"',
    "lone surrogate": rb'"\ud800"',
    "lone low surrogate": rb'"\uDC00"',
    "surrogates reversed": rb'"\udc00\ud800"',
    "lone surrogate as a name": rb'{"a\ud800":1}',
    "raw lone surrogate": '"\ud800"',
    "repeated name": b'{"id":1,"id":2}',
    "repeated name inside": b'[{"a":{"b":1,"b":1}}]',
    "name repeated by an escape": rb'{"a":1,"\u0061":2}',
    "100,000 open": b"[" * 100_000,
    "100,000 nested": nested(100_000),
    "100,000 nested objects": b'{"a":' * 100_000 + b"1" + b"}" * 100_000,
    "one too deep": nested(201),
    "one object too deep": b'{"a":' * (MAX_DEPTH + 1) + b"1" + b"}" * (MAX_DEPTH + 1),
    "nul": b"\0",
}


@pytest.mark.parametrize("raw", REFUSED.values(), ids=REFUSED.keys())
def test_refused(raw: bytes | str) -> None:
    with pytest.raises(InvalidJson) as refusal:
        decode(raw)
    assert refusal.value.code == "not_json"
    assert isinstance(refusal.value, BadRequest)
    assert refusal.value.__cause__ is None
    assert 0 < len(str(refusal.value)) < 100


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("not utf-8", "not UTF-8"),
        ("trailing text", "Extra data at character 3"),
        ("nan", "NaN is not a JSON number"),
        ("1e999", "a number is too large"),
        ("101 digits", "a number has too many digits"),
        ("repeated name", "an object repeats a name"),
        ("lone surrogate", "a string holds half of a surrogate pair"),
        ("one too deep", "nested too deeply"),
        ("100,000 nested", "nested too deeply"),
    ],
)
def test_a_refusal_says_why(name: str, reason: str) -> None:
    with pytest.raises(InvalidJson) as refusal:
        decode(REFUSED[name])
    assert str(refusal.value) == reason


LENIENT = (
    "101 digits", "repeated name", "repeated name inside", "name repeated by an escape",
)  # fmt: skip
"""What the quicker parser lets through: nobody but `encode` writes what it is to read."""


@pytest.mark.parametrize("name", sorted(REFUSED.keys() - {*LENIENT}))
def test_what_strangers_wrote_to_redis_is_refused_too(name: str) -> None:
    with pytest.raises(InvalidJson) as refusal:
        decode_trusted(text(REFUSED[name]))
    assert refusal.value.__cause__ is None
    assert 0 < len(str(refusal.value)) < 100


@pytest.mark.parametrize("name", LENIENT)
def test_of_what_is_kept_the_last_value_of_a_name_counts_as_in_a_browser(name: str) -> None:
    assert decode_trusted(text(REFUSED[name])) == json.loads(REFUSED[name], parse_int=float)


ACCEPTED: dict[str, tuple[bytes | str, Any]] = {
    "padding": (b' \t\r\n{"a" : 1} ', {"a": 1}),
    "scalar": (b"null", None),
    "utf-8": ('"é🚀\u2028"'.encode(), "é🚀\u2028"),
    "surrogate pair": (rb'"\ud83d\ude80"', "🚀"),
    "escaped backslash before u": (rb'"\\ud800"', r"\ud800"),
    "nul in a string": (rb'"\u0000"', "\0"),
    "100 digits": (b"1" * 100, int("1" * 100)),
    "tiny": (b"1e-999", 0.0),
    "minus zero": (b"-0", 0),
    "names that differ by case": (b'{"a":1,"A":2}', {"a": 1, "A": 2}),
    "same name in two objects": (b'[{"a":1},{"a":1}]', [{"a": 1}, {"a": 1}]),
    "many shallow brackets": ("[" + "[]," * 5000 + "[]]", [[]] * 5001),
    "brackets in a string": (encode("[" * 5000), "[" * 5000),
}


@pytest.mark.parametrize(("raw", "value"), ACCEPTED.values(), ids=ACCEPTED.keys())
def test_accepted(raw: bytes | str, value: Any) -> None:
    assert decode(raw) == value


def test_the_deepest_text_that_is_read_can_be_written_by_any_caller() -> None:
    """Python's own limit is on the whole stack, so it would depend on who asks."""
    value = decode(nested(MAX_DEPTH))
    assert encode(value) == nested(MAX_DEPTH)
    room = sys.getrecursionlimit() - MAX_DEPTH - 150
    assert _deeper(room, value) == nested(MAX_DEPTH)


def _deeper(frames: int, value: Any) -> str:
    return _deeper(frames - 1, value) if frames else encode(value)


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf, [math.nan]])
def test_a_number_that_json_does_not_have_is_not_written_and_has_no_digest(value: Any) -> None:
    for function in (encode, digest):
        with pytest.raises(ValueError, match="JSON compliant"):
            function(value)


def test_a_digest_is_short_and_depends_on_the_content_alone() -> None:
    """Not on the order of members or on how the text was written."""
    value = {"b": [1, 2], "a": {"d": "é", "c": None}}
    same = json.loads('{ "a": {"c": null, "d": "\\u00e9"}, "b": [1, 2] }')
    assert digest(value) == digest(same) == "d76b42e008b903d8336eab2d6ae71531"
    assert digest(value) != digest({**value, "b": [2, 1]})
