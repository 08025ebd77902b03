"""Reads the parameters of a JSON-RPC call from a command line: one JSON text, or `key=value`."""

from collections.abc import Callable, Sequence
from typing import Any

import click

from hero_router.strict_json import InvalidJson, decode

STDIN = "-"


def parse_params(words: Sequence[str], read_stdin: Callable[[], bytes]) -> Any:
    """The parameters: an object, an array, or None if there are no words.

    `key=text` is always a string, and `key:=JSON` any JSON value: what a value is never depends on
    how it looks. A single word may be a whole JSON object or array, or `-` for one on stdin.

    Raises click.UsageError.
    """
    if not words:
        return None
    if len(words) == 1 and words[0] == STDIN:
        return _whole(read_stdin(), "the text on stdin")
    if len(words) == 1 and words[0].lstrip().startswith(("{", "[")):
        return _whole(words[0], "PARAMS")
    found = dict[str, Any]()
    for word in words:
        key, value = _pair(word)
        if key in found:
            raise click.UsageError(f"{key!r} is given twice")
        found[key] = value
    return found


def _pair(word: str) -> tuple[str, Any]:
    key, equals, text = word.partition("=")
    if not equals or key in ("", ":"):
        raise click.UsageError(
            f"{word!r} is neither key=text nor key:=JSON; a whole JSON object or array must be the "
            "only argument"
        )
    if not key.endswith(":"):
        return key, text
    return key[:-1], _decoded(text, f"the value of {key[:-1]!r}")


def _whole(text: bytes | str, what: str) -> Any:
    value = _decoded(text, what)
    if not isinstance(value, dict | list):
        raise click.UsageError(f"{what} must be a JSON object or array")
    return value


def _decoded(text: bytes | str, what: str) -> Any:
    try:
        return decode(text)
    except InvalidJson as error:
        raise click.UsageError(f"{what} is not JSON: {error}") from None
