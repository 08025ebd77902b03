"""A command line flag for every setting, so that flags and variables never drift apart."""

from collections.abc import Callable, Mapping
from typing import Any, TypeVar

import click

from hero_router.settings import logs
from hero_router.settings.config import SETTINGS, RouterConfig, warn_rejected
from hero_router.settings.setting import Setting

F = TypeVar("F", bound=Callable[..., Any])


def flags(*names: str) -> Callable[[F], F]:
    """Give a command the flags of these settings (none named: of all), as keyword arguments."""

    def decorate(command: F) -> F:
        for item in reversed(SETTINGS):
            if not names or item.name in names:
                command = _flag(item)(command)
        return command

    return decorate


def configure(overrides: Mapping[str, Any]) -> RouterConfig:
    """The settings from the environment, with the flags that were given on top.

    Raises:
        ConfigError: when a value leaves nothing to run with.
    """
    return RouterConfig.read(**given(overrides))


def begin(overrides: Mapping[str, Any]) -> RouterConfig:
    """Like `configure`, for a process that runs on: it logs from here on, first what is rejected.

    Raises:
        ConfigError: when a value leaves nothing to run with.
    """
    config = configure(overrides)
    logs.setup(config.log.level, config.log.format)
    warn_rejected(given(overrides))
    return config


def given(overrides: Mapping[str, Any]) -> dict[str, Any]:
    """The flags that are on the command line."""
    return {name: value for name, value in overrides.items() if value is not None}


def _flag(item: Setting) -> Callable[[F], F]:
    text = f"{item.help} [{item.variables[0]}]"
    if item.kind == "bool":
        switch = f"{item.flag}/--no-{item.flag.removeprefix('--')}"
        return click.option(switch, item.name, default=None, help=text)
    return click.option(item.flag, item.name, type=_type(item), default=None, help=text)


def _type(item: Setting) -> click.ParamType[Any]:
    if item.kind == "int":
        return click.IntRange(int(item.low), int(item.high))
    if item.kind == "float":
        return (_OrOff if item.off else click.FloatRange)(item.low, item.high)
    return click.STRING


class _OrOff(click.FloatRange):
    """A number in a range, or 0 for "off"."""

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> float:
        """The number. Raises click.BadParameter."""
        number: float = click.FLOAT.convert(value, param, ctx)
        return number if number == 0 else float(super().convert(value, param, ctx))
