"""Makes a command line flag for each setting, from the setting's declaration."""

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, TypeVar

import click

from hero_router.settings import logging_setup
from hero_router.settings.config import SETTINGS, RouterConfig, warn_rejected
from hero_router.settings.setting import Setting, plain

if TYPE_CHECKING:
    from click.types import OptionHelpExtra

F = TypeVar("F", bound=Callable[..., Any])


def flags(*names: str) -> Callable[[F], F]:
    """Add the flags of these settings to a command (all settings if none is named)."""

    def decorate(command: F) -> F:
        for item in reversed(SETTINGS):
            if item.name in names or not (names or item.private):
                command = _flag(item)(command)
        return command

    return decorate


def configure(overrides: Mapping[str, Any]) -> RouterConfig:
    """Read the settings: from the given flags, else from the environment.

    Raises:
        ConfigError: a value is not usable.
    """
    return RouterConfig.read(**given(overrides))


def begin(overrides: Mapping[str, Any]) -> RouterConfig:
    """Read the settings of a long-running process, set up its log, and log rejected values.

    Raises:
        ConfigError: a value is not usable.
    """
    logging_setup.setup_early(overrides.get("log_format"))
    config = configure(overrides)
    logging_setup.setup(config.log.level, config.log.format)
    warn_rejected(given(overrides))
    return config


def given(overrides: Mapping[str, Any]) -> dict[str, Any]:
    """The values of the flags that were given on the command line, by flat name."""
    return {name: value for name, value in overrides.items() if value is not None}


def _flag(item: Setting) -> Callable[[F], F]:
    if item.kind == "bool":
        switch = f"{item.flag}/--no-{item.flag.removeprefix('--')}"
        return click.option(switch, item.name, cls=_Flag, setting=item, help=item.help)
    metavar = {"int": "INTEGER", "float": "NUMBER", "str": "TEXT"}[item.kind]
    return click.option(
        item.flag,
        item.name,
        cls=_Flag,
        setting=item,
        type=_type(item),
        metavar=metavar,
        help=item.help,
    )


class _Flag(click.Option):
    """The flag of a setting, with variable, default and range in its help; None if not given."""

    def __init__(self, *args: Any, setting: Setting, **kwargs: Any) -> None:
        super().__init__(*args, default=None, **kwargs)
        self._setting = setting

    def get_help_extra(self, ctx: click.Context) -> "OptionHelpExtra":  # noqa: ARG002 - click's
        """Variable, default and range, which the help shows in brackets."""
        extra: OptionHelpExtra = {"envvars": self._setting.variables[:1]}
        default = default_text(self._setting)
        if default and default not in self._setting.help:
            extra["default"] = default
        if accepted := span(self._setting):
            extra["range"] = accepted
        return extra


def default_text(item: Setting) -> str:
    """A setting's default for people; a default that depends on the machine is described."""
    return {"node": "the host name", "workers": "cores"}.get(item.name) or plain(item.default)


def span(item: Setting) -> str:
    """A setting's accepted values: the range of a number, or "0 or 1" for a switch."""
    if item.kind in ("int", "float"):
        return f"{'0, or ' if item.off else ''}{plain(item.low)} to {plain(item.high)}"
    return "0 or 1" if item.kind == "bool" else ""


def _type(item: Setting) -> click.ParamType[Any]:
    if item.kind == "int":
        return click.IntRange(int(item.low), int(item.high))
    if item.kind == "float":
        return (_OrOff if item.off else click.FloatRange)(item.low, item.high)
    return click.STRING


class _OrOff(click.FloatRange):
    """Parses a number in a range, or 0, which switches the setting off."""

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> float:
        """Parse the number. Raises click.BadParameter."""
        number: float = click.FLOAT.convert(value, param, ctx)
        return number if number == 0 else float(super().convert(value, param, ctx))
