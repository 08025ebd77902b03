"""Parameters of JSON-RPC methods: what each takes, as a check and as published JSON Schema."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from hero_router.errors import BadRequest
from hero_router.text import MAX_NAME, clean

SHOWN = 40
"""How much of a name that the caller made up is repeated to it."""


class ParamType(Protocol):
    """What values a parameter takes."""

    @property
    def schema(self) -> Mapping[str, Any]:
        """The same as JSON Schema."""

    def accepts(self, value: object) -> bool:
        """Whether the value, as it came out of JSON, is one of them."""

    @property
    def words(self) -> str:
        """What a value must be, for the caller."""


@dataclass(frozen=True, slots=True)
class Text:
    """A string that is not empty and has at most `longest` characters."""

    longest: int = MAX_NAME

    @property
    def schema(self) -> Mapping[str, Any]:
        """See `Kind`."""
        return {"type": "string", "minLength": 1, "maxLength": self.longest}

    def accepts(self, value: object) -> bool:
        """See `Kind`."""
        return isinstance(value, str) and 0 < len(value) <= self.longest

    @property
    def words(self) -> str:
        """See `Kind`."""
        return f"text of 1 to {self.longest} characters"


@dataclass(frozen=True, slots=True)
class Choice:
    """One of a few strings."""

    options: tuple[str, ...]

    @property
    def schema(self) -> Mapping[str, Any]:
        """See `Kind`."""
        return {"type": "string", "enum": list(self.options)}

    def accepts(self, value: object) -> bool:
        """See `Kind`."""
        return isinstance(value, str) and value in self.options

    @property
    def words(self) -> str:
        """See `Kind`."""
        return f"one of {', '.join(self.options)}"


@dataclass(frozen=True, slots=True)
class Whole:
    """A whole number from `low` to `high`, written without a fraction or exponent."""

    low: int
    high: int
    default: int

    @property
    def schema(self) -> Mapping[str, Any]:
        """See `Kind`."""
        bounds = {"minimum": self.low, "maximum": self.high, "default": self.default}
        return {"type": "integer", **bounds}

    def accepts(self, value: object) -> bool:
        """See `Kind`."""
        if not isinstance(value, int) or isinstance(value, bool):
            return False
        return self.low <= value <= self.high

    @property
    def words(self) -> str:
        """See `Kind`."""
        return f"a whole number from {self.low} to {self.high}"


@dataclass(frozen=True, slots=True)
class Param:
    """One parameter of a method."""

    name: str
    kind: ParamType
    summary: str
    required: bool = False


def bind(params: Sequence[Param], given: list[Any] | dict[str, Any]) -> dict[str, Any]:
    """The given values by name, each checked; a parameter that is not given is not in it.

    Raises:
        BadRequest: one is missing, unknown, given too often or has a wrong value; it is named.
    """
    values = given if isinstance(given, dict) else _named(params, given)
    known = {param.name: param for param in params}
    for name, value in values.items():
        if name not in known:
            raise BadRequest(f"there is no parameter {clean(name, SHOWN)!r}")
        if not known[name].kind.accepts(value):
            raise BadRequest(f"{name} must be {known[name].kind.words}")
    for param in params:
        if param.required and param.name not in values:
            raise BadRequest(f"{param.name} is missing")
    return values


def _named(params: Sequence[Param], given: list[Any]) -> dict[str, Any]:
    if len(given) > len(params):
        raise BadRequest(f"at most {len(params)} parameters are taken, not {len(given)}")
    return {param.name: value for param, value in zip(params, given, strict=False)}
