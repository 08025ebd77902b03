"""Declares, reads and checks a single setting: its variables, type, default, range and meaning.

If a variable should be a number and is not, or is out of range, the default is used.
"""

import dataclasses
import os
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from environs import Env, EnvError

from hero_router.errors import ConfigError

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

PREFIX = "ROUTER_"
"""Prefix of the settings' variables; other variables with it are reported as misspelled."""


@dataclass(frozen=True, slots=True)
class Reading:
    """The value of a setting as read from the environment, and its source.

    `source` is a variable's name, or "default". `rejected` is a sentence if a variable is set but
    its value is not used, else "".
    """

    value: Any
    source: str
    rejected: str = ""


@dataclass(frozen=True, slots=True)
class Setting:
    """The declaration of a setting: its field in `RouterConfig`, variables, type and range.

    The first of `variables` that is set counts. A number is from `low` to `high`; with `off` it may
    also be 0, which switches the setting off. A `secret` is a URL that may hold a password; a
    `private` text is a secret as a whole, so it has no command line flag, which others could see.
    """

    section: str
    field: str
    variables: tuple[str, ...]
    kind: Literal["int", "float", "str", "bool"]
    default: Any
    help: str
    low: float = 0
    high: float = 0
    off: bool = False
    secret: bool = False
    private: bool = False

    @property
    def name(self) -> str:
        """The setting's flat name, for flags and overrides, such as `redis_url`."""
        return self.variables[0].removeprefix(PREFIX).lower()

    def value_in(self, config: object) -> Any:
        """The value of this setting in a `RouterConfig`."""
        return getattr(getattr(config, self.section), self.field)

    @property
    def flag(self) -> str:
        """The setting's command line flag."""
        return "--" + self.name.replace("_", "-")

    @property
    def accepted(self) -> str:
        """The setting's accepted values in words, for messages and the documentation."""
        if self.kind in ("int", "float"):
            number = "whole number" if self.kind == "int" else "number"
            zero = "0 or " if self.off else ""
            return f"{zero}a {number} from {plain(self.low)} to {plain(self.high)}"
        return {"bool": "0 or 1", "str": "text"}[self.kind]

    def read(self) -> Reading:
        """Read the setting from the environment."""
        for variable in self.variables:
            if not os.environ.get(variable, "").strip():
                continue
            try:
                return Reading(self._typed(Env(), variable), variable)
            except EnvError:
                text = (
                    f"{variable}={os.environ[variable]!r} is rejected: it must be {self.accepted}; "
                    f"using the default {plain(self.default)}"
                )
                return Reading(self.default, "default", text)
        return Reading(self.default, "default")

    def _typed(self, env: Env, variable: str) -> Any:
        if self.kind in ("int", "float"):
            value = env.int(variable) if self.kind == "int" else env.float(variable)
            if not self._holds(value):
                raise EnvError(self.accepted)
            return value
        if self.kind == "bool":
            return env.bool(variable)
        return os.environ[variable].strip()

    def _holds(self, value: float) -> bool:
        return self.low <= value <= self.high or (self.off and value == 0)

    def check(self, value: Any) -> None:
        """Check a value for this setting. Raises ConfigError if it is not accepted."""
        if self.kind in ("int", "float"):
            good = isinstance(value, int if self.kind == "int" else (int, float))
            if not good or isinstance(value, bool) or not self._holds(value):
                raise ConfigError(
                    f"{self.name}={value!r} is out of range: it must be {self.accepted}"
                )
        elif not isinstance(value, bool if self.kind == "bool" else str):
            raise ConfigError(f"{self.name} must be {self.accepted}, not a {type(value).__name__}")
        elif isinstance(value, str) and (value != value.strip() or not (value or not self.default)):
            # A child process would read another value: spaces and empty variables are dropped.
            raise ConfigError(f"{self.name} must not be empty, nor begin or end with a space")


def check_section(section: "DataclassInstance") -> None:
    """Check all fields of a section of settings. Raises ConfigError if a value is not accepted."""
    for item in dataclasses.fields(section):
        declared = Setting("", item.name, default=item.default, **item.metadata)
        declared.check(getattr(section, item.name))


def number(
    default: float,
    low: float,
    high: float,
    variable: str,
    meaning: str,
    *,
    whole: bool = True,
    off: bool = False,
) -> Any:
    """Declare a setting that is a number from `low` to `high`; with `off` also 0."""
    kind, span = "int" if whole else "float", {"low": low, "high": high, "off": off}
    meta = {"variables": (variable,), "kind": kind, "help": meaning, **span}
    return dataclasses.field(default=int(default) if whole else float(default), metadata=meta)


def text(
    default: str, variables: str, meaning: str, *, secret: bool = False, private: bool = False
) -> Any:
    """Declare a setting that is a text; `variables` are names separated by spaces."""
    names = tuple(variables.split())
    meta = {"variables": names, "kind": "str", "help": meaning, "secret": secret}
    if private:
        meta["private"] = True
    return dataclasses.field(default=default, metadata=meta)


def switch(variable: str, meaning: str) -> Any:
    """Declare a setting that is on or off; the default is off."""
    meta = {"variables": (variable,), "kind": "bool", "help": meaning}
    return dataclasses.field(default=False, metadata=meta)


def plain(value: Any) -> str:
    """A setting's value as text, as an environment variable holds it."""
    if isinstance(value, bool):
        return "1" if value else "0"
    return str(value).removesuffix(".0") if isinstance(value, float) else str(value)
