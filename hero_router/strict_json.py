"""Encodes and decodes JSON, with strict rules for everything that other programs send.

The standard library accepts more than RFC 8259 allows (NaN, 1e999, repeated names) and fails in
other ways than ValueError (RecursionError). Here every refusal is one `InvalidJson`. Text that
hero_router itself has written is decoded by a faster parser.
"""

import hashlib
import json
from collections.abc import Iterable
from typing import Any

import orjson

from hero_router.errors import BadRequest

MAX_DEPTH = 200
"""Greatest depth of arrays and objects inside each other. Python's own limit depends on the call
stack: a text that was decoded could not always be encoded again."""


class InvalidJson(BadRequest):
    """The text is not JSON by RFC 8259, repeats a name in an object, or is too deep or large."""

    code = "not_json"


def encode(value: object) -> str:
    """The value as one line of ASCII JSON; it contains no CR, LF, NUL or U+2028."""
    return _ENCODER.encode(value)


def digest(value: object) -> str:
    """The digest of a JSON value: the first 128 bits of its SHA-256, in hex.

    The order of an object's members does not matter.
    """
    return hashlib.sha256(_SORTING_ENCODER.encode(value).encode()).hexdigest()[:32]


def decode(raw: bytes | str) -> Any:
    """Parse one JSON text (UTF-8; a byte order mark is an error).

    Raises:
        InvalidJson: the text breaks one of the strict rules.
    """
    try:
        text = raw.decode("utf-8") if isinstance(raw, bytes) else raw
        value = _DECODER.decode(text)
    except RecursionError:
        raise InvalidJson("nested too deeply") from None
    except ValueError as error:
        raise InvalidJson(_reason(error)) from None
    _refuse_depth(text, value)
    _refuse_lone_surrogates(text, value)
    return value


def decode_trusted(text: str) -> Any:
    """Parse a JSON text that `encode` wrote to Redis. It is faster: it runs for each event.

    It differs from `decode` in two points: if an object repeats a name, the last value counts,
    and an integer of more than 64 bits loses digits.

    Raises:
        InvalidJson: the text is not JSON or too deep: other programs may write to Redis too.
    """
    try:
        value = orjson.loads(text)
    except orjson.JSONDecodeError as error:
        raise InvalidJson(str(error)) from None
    _refuse_depth(text, value)
    return value


def _reason(error: ValueError) -> str:
    if isinstance(error, UnicodeDecodeError):
        return "not UTF-8"
    if isinstance(error, json.JSONDecodeError):
        return f"{error.msg} at character {error.pos}"
    return str(error)


def _refuse_constant(name: str) -> float:
    raise ValueError(f"{name} is not a JSON number")


def _finite(digits: str) -> float:
    value = float(digits)
    if value in (float("inf"), float("-inf")):
        raise ValueError("a number is too large")
    return value


def _bounded_int(digits: str) -> int:
    if len(digits) > 100:
        raise ValueError("a number has too many digits")
    return int(digits)


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    value = dict(pairs)
    if len(value) != len(pairs):
        raise ValueError("an object repeats a name")
    return value


def _refuse_depth(text: str, value: object) -> None:
    """Walk the levels only if there are enough brackets: this runs for every event."""
    if text.count("[") + text.count("{") <= MAX_DEPTH:
        return
    level = [value]
    for _ in range(MAX_DEPTH):
        level = [inner for outer in level for inner in _inside(outer)]
    if any(isinstance(item, dict | list) for item in level):
        raise InvalidJson("nested too deeply")


def _inside(value: object) -> Iterable[Any]:
    if isinstance(value, dict):
        return value.values()
    return value if isinstance(value, list) else ()


def _refuse_lone_surrogates(text: str, value: object) -> None:
    """A `\\ud800` alone parses, but can never be sent on as UTF-8."""
    try:
        text.encode("utf-8")
        if "\\ud" in text.lower():
            json.dumps(value, ensure_ascii=False).encode("utf-8")
    except UnicodeEncodeError:
        raise InvalidJson("a string holds half of a surrogate pair") from None


_ENCODER = json.JSONEncoder(separators=(",", ":"), allow_nan=False)
_SORTING_ENCODER = json.JSONEncoder(separators=(",", ":"), allow_nan=False, sort_keys=True)
_DECODER = json.JSONDecoder(
    object_pairs_hook=_unique,
    parse_constant=_refuse_constant,
    parse_float=_finite,
    parse_int=_bounded_int,
)
