"""The command line, run in the process of the test: a new process would take a second each time."""

from click.testing import CliRunner, Result

from hero_router.cli import main


def run(*arguments: str, **environment: str) -> Result:
    """What `hero_router` gives for these arguments, with these variables set on top."""
    return CliRunner().invoke(main, arguments, env=environment, prog_name="hero_router")
