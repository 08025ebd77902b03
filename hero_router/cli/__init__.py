"""The command `hero_router`: parses, builds and runs. Each command is a module of this package."""

import signal
import sys
from collections.abc import Mapping
from importlib import import_module
from typing import Any

import click

from hero_router import __version__
from hero_router.errors import ConfigError, RouterError

COMMANDS: Mapping[str, str] = {
    "serve": "hero_router.cli.serve",
    "scanner": "hero_router.cli.scanner",
    "web": "hero_router.cli.web",
    "demo": "hero_router.cli.demo",
    "list": "hero_router.cli.services",
    "scan": "hero_router.cli.scan",
    "events": "hero_router.cli.events",
    "clients": "hero_router.cli.clients",
    "forget": "hero_router.cli.forget",
    "config": "hero_router.cli.config",
}

FOR_A_MASTER = (signal.SIGHUP, signal.SIGUSR1, signal.SIGUSR2)
"""What gunicorn's master is told things by. Until it listens for them, each of them would end it;
loading takes a second, and there is nothing yet to load anew."""

INTERRUPTED = 130
"""Exit code of a program that Ctrl-C ended, as shells tell it."""


class Commands(click.Group):
    """Imports a command's module only when it is used, so that each process loads what it needs.

    `_before` is how each signal that is ignored meanwhile was handled.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._before: dict[int, Any] = {}

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's signature
        """All names, in the order of a user's need."""
        return [*COMMANDS]  # once the command `list` is imported, that is its module's name here

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        """The `command` of the module behind a name."""
        if cmd_name not in COMMANDS:
            return None
        if cmd_name == "web":
            for number in FOR_A_MASTER:
                self._before[number] = signal.signal(number, signal.SIG_IGN)
        found: click.Command = import_module(COMMANDS[cmd_name]).command
        return found

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command; Ctrl-C while it still loads is no failure (click would end with 1)."""
        try:
            return super().invoke(ctx)
        except KeyboardInterrupt:
            ctx.exit(INTERRUPTED)

    def main(self, *args: Any, **kwargs: Any) -> Any:
        """Run; an error of ours is one line on stderr: exit code 2 for settings, else 1."""
        try:
            return super().main(*args, **kwargs)
        except RouterError as error:
            click.echo(f"hero_router: {error}", err=True)
            sys.exit(2 if isinstance(error, ConfigError) else 1)
        finally:  # who ignores a signal has all its children ignore it
            while self._before:
                signal.signal(*self._before.popitem())


@click.command(cls=Commands)
@click.version_option(__version__, prog_name="hero_router")
def main() -> None:
    """One door to the services that listen on this machine's Unix sockets.

    It finds them, probes whether they really work, and shows them live in a browser.
    Start with `hero_router serve --demo`, then open http://127.0.0.1:9988/.
    """
