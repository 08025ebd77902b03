"""Ctrl-C while a command still loads: an end that was wanted, not a failure."""

import pytest
from click.testing import CliRunner

from hero_router import cli


def test_ctrl_c_before_a_command_runs_ends_with_130_in_silence(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def interrupted(_: str) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(cli, "import_module", interrupted)
    result = CliRunner().invoke(cli.main, ["serve"])
    assert (result.exit_code, result.output) == (130, "")
