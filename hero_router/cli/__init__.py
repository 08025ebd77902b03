"""The program `hero_router`: parses the command line and runs a command such as `list`."""

import logging
import signal
import sys
from collections.abc import Mapping
from importlib import import_module
from typing import Any

import click

from hero_router import __version__
from hero_router.errors import ConfigError, RouterError
from hero_router.settings import logging_setup

log = logging.getLogger(__name__)

COMMANDS: Mapping[str, str] = {
    "serve": "hero_router.cli.serve",
    "scanner": "hero_router.cli.scanner",
    "web": "hero_router.cli.web",
    "demo": "hero_router.cli.demo",
    "list": "hero_router.cli.services",
    "describe": "hero_router.cli.describe",
    "open": "hero_router.cli.open",
    "call": "hero_router.cli.call",
    "scan": "hero_router.cli.scan",
    "events": "hero_router.cli.events",
    "report": "hero_router.cli.report",
    "clients": "hero_router.cli.clients",
    "mute": "hero_router.cli.mute",
    "unmute": "hero_router.cli.unmute",
    "forget": "hero_router.cli.forget",
    "access": "hero_router.cli.access",
    "node-key": "hero_router.cli.node_key",
    "config": "hero_router.cli.config",
    "healthcheck": "hero_router.cli.healthcheck",
    "completion": "hero_router.cli.completion",
}
"""The module of each command; `command` in that module is a click command."""

LONG_RUNNING = frozenset({"serve", "scanner", "web", "demo"})
"""Commands that run on and have a log. Programs read what they print, so with a JSON log an error
of the command line is a record too."""

MASTER_SIGNALS = (signal.SIGHUP, signal.SIGUSR1, signal.SIGUSR2)
"""Signals that control a gunicorn master, and are ignored while `hero_router web` loads.

Loading takes about a second. Before gunicorn handles a signal, the signal would end the process."""

FAILED, CANNOT_RUN, INTERRUPTED = 1, 2, 130
"""Exit codes; shells use the same code after Ctrl-C."""

EXIT_CODES = """
\b
Exit codes:
  0    done
  1    failed: the router did not answer or refused, or a check failed
  2    wrong command line or settings: nothing was started
  130  ended by Ctrl-C
"""


class Commands(click.Group):
    """The group of all commands; a command's module is imported only when the command is used.

    `_handlers` holds the handlers of signals that are ignored while `hero_router web` loads.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._handlers: dict[int, Any] = {}

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's signature
        """The names of all commands, the most used ones first."""
        return [*COMMANDS]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import the module of a command; returns its click command."""
        if cmd_name not in COMMANDS:
            return None
        if cmd_name in LONG_RUNNING and not ctx.resilient_parsing:
            logging_setup.setup_early()
        if cmd_name == "web" and not ctx.resilient_parsing:
            for number in MASTER_SIGNALS:
                self._handlers[number] = signal.signal(number, signal.SIG_IGN)
        found: click.Command = import_module(COMMANDS[cmd_name]).command
        return found

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command; Ctrl-C while it still loads is no failure (click would end with 1).

        click itself shows an error of the command line as text for people.
        """
        try:
            return super().invoke(ctx)
        except KeyboardInterrupt:
            ctx.exit(INTERRUPTED)
        except click.UsageError as error:
            if not logging_setup.is_json():
                raise
            logging_setup.report_fatal(error.format_message())
            ctx.exit(CANNOT_RUN)

    def main(self, *args: Any, **kwargs: Any) -> Any:
        """Run the program; write an error as one line on stderr, or as a record of a JSON log."""
        try:
            return super().main(*args, **kwargs)
        except RouterError as error:
            logging_setup.report_fatal(str(error))
            sys.exit(CANNOT_RUN if isinstance(error, ConfigError) else FAILED)
        except Exception as error:
            if not logging_setup.is_json():
                raise
            log.critical(
                "hero_router ends because of a bug in it: %s: %s",
                type(error).__name__,
                error,
                exc_info=True,
            )
            sys.exit(FAILED)
        finally:  # children inherit ignored signals
            while self._handlers:
                signal.signal(*self._handlers.popitem())


@click.command(
    cls=Commands, context_settings={"help_option_names": ["-h", "--help"]}, epilog=EXIT_CODES
)
@click.version_option(__version__, "-V", "--version", prog_name="hero_router")
def main() -> None:
    """Find the services on this machine's Unix sockets, probe them, show them live in a browser.

    Start with `hero_router serve --demo`, then open http://127.0.0.1:9988/.

    The commands list, describe, open, call, scan, events, report, clients, mute and unmute ask a
    running router. Its address is --url, else ROUTER_URL, else ROUTER_HOST and ROUTER_PORT. The
    token for it is in the file of --token-file, else in ROUTER_TOKEN or in the file of
    ROUTER_TOKEN_FILE.
    """
