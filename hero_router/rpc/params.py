"""Declares the parameters of JSON-RPC methods, and binds and checks the values of a call.

Pure: no I/O, no clock.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from hero_router.errors import BadRequest
from hero_router.rpc.json_schema import Schema, refusal, text, unchecked
from hero_router.sanitize import clean

SHOWN = 40
"""Maximum number of characters of an unknown parameter name that an error message repeats."""


@dataclass(frozen=True, slots=True)
class Param:
    """One parameter of a JSON-RPC method; `old_name` is an older name that is still accepted.

    Raises:
        ValueError: the schema uses a keyword that is not checked.
    """

    name: str
    schema: Schema
    summary: str
    required: bool = False
    old_name: str | None = None

    def __post_init__(self) -> None:
        if strange := unchecked(self.schema):
            raise ValueError(f"{self.name}: {', '.join(sorted(strange))} cannot be checked")


def bind(params: Sequence[Param], given: list[Any] | dict[str, Any]) -> dict[str, Any]:
    """The given values by parameter name, all checked; optional ones may be missing.

    Raises:
        BadRequest: a parameter is missing, unknown, given too often or has a wrong value; the
            message names it.
    """
    values = _renamed(params, given) if isinstance(given, dict) else _named(params, given)
    known = {param.name: param for param in params}
    for name, value in values.items():
        if name not in known:
            raise BadRequest(f"there is no parameter {clean(name, SHOWN)!r}")
        if (why := refusal(known[name].schema, value, name)) is not None:
            raise BadRequest(why)
    for param in params:
        if param.required and param.name not in values:
            raise BadRequest(f"{param.name} is missing")
    return values


def _renamed(params: Sequence[Param], given: dict[str, Any]) -> dict[str, Any]:
    """The values with old names replaced."""
    values = dict(given)
    for param in params:
        if param.old_name in values:
            value = values.pop(param.old_name)
            if values.setdefault(param.name, value) != value:
                raise BadRequest(
                    f"{param.old_name} is the old name of {param.name}: use only one of them"
                )
    return values


def _named(params: Sequence[Param], given: list[Any]) -> dict[str, Any]:
    if len(given) > len(params):
        raise BadRequest(f"the method has at most {len(params)} parameters, not {len(given)}")
    return {param.name: value for param, value in zip(params, given, strict=False)}


ONE = Param(
    "id",
    text(),
    "the service's id, or a name that only one service has",
    required=True,
    old_name="service_id",
)
"""The parameter that names one service."""
