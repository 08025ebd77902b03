"""The scripts that complete command lines in bash, zsh and fish."""

import pytest

from tests.support.command import run


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion_prints_a_script_for_the_shell(shell: str) -> None:
    answer = run("completion", shell)
    assert answer.exit_code == 0
    assert f"_HERO_ROUTER_COMPLETE={shell}_complete" in answer.stdout


def test_completion_works_in_a_zsh_whose_user_has_not_switched_it_on() -> None:
    """Its `compdef` is not there before `compinit`."""
    script = run("completion", "zsh").stdout
    assert "(( $+functions[compdef] )) || { autoload -Uz compinit && compinit }" in script
    assert script.index("compinit }") < script.index("compdef _hero_router_completion")


def test_completion_in_fish_keeps_what_follows_a_comma() -> None:
    assert 'string split -m 1 "," $completion' in run("completion", "fish").stdout
