"""The command line, run in the process of the test: a new process would take a second each time."""

from unittest.mock import patch

from click.testing import CliRunner, Result

from hero_router.cli import access, main, selection
from tests.support.wait import PATIENCE_SECONDS


def run(*arguments: str, stdin: str = "", **environment: str) -> Result:
    """What `hero_router` gives for these arguments, with these variables set on top."""
    return CliRunner().invoke(main, arguments, stdin, env=environment, prog_name="hero_router")


def completed(line: str, **environment: str) -> list[str]:
    """The words that bash offers after the Tab key; a line that ends in a space begins a word."""
    number = len(line.split()) - (not line.endswith(" "))
    ours = {"COMP_WORDS": line, "COMP_CWORD": str(number), "_HERO_ROUTER_COMPLETE": "bash_complete"}
    # A shell does not wait for long; a busy machine needs more.
    with (
        patch.object(selection, "COMPLETE_SECONDS", PATIENCE_SECONDS),
        patch.object(access, "COMPLETE_SECONDS", PATIENCE_SECONDS),
    ):
        done = run(**ours, **environment)
    assert done.stderr == ""
    return [word.partition(",")[2] for word in done.stdout.splitlines() if word]
