"""The command `completion`: prints a script for completion of command lines in a shell."""

import click
from click.shell_completion import BashComplete, FishComplete, ZshComplete

PROGRAM, VARIABLE = "hero_router", "_HERO_ROUTER_COMPLETE"


class Zsh(ZshComplete):
    """Completion for zsh; it also switches on zsh's completion system if the user has not."""

    source_template = ZshComplete.source_template.replace(
        "    compdef ",
        "    (( $+functions[compdef] )) || { autoload -Uz compinit && compinit }\n    compdef ",
    )


class Fish(FishComplete):
    """Completion for fish; names and descriptions may contain a comma."""

    source_template = FishComplete.source_template.replace("string split ", "string split -m 1 ")


SHELLS = {"bash": BashComplete, "zsh": Zsh, "fish": Fish}

LINES = {
    "bash": 'eval "$(hero_router completion bash)"     in ~/.bashrc',
    "zsh": 'eval "$(hero_router completion zsh)"      in ~/.zshrc',
    "fish": "hero_router completion fish > ~/.config/fish/completions/hero_router.fish",
}


@click.command(
    "completion",
    epilog="\b\nTo enable completion in new shells:\n"
    + "".join(f"  {line}\n" for line in LINES.values()),
)
@click.argument("shell", type=click.Choice([*SHELLS]))
@click.pass_context
def command(ctx: click.Context, shell: str) -> None:
    """Print the script for command completion in a shell.

    The shell then completes commands, options, and names of services, sockets and methods.
    """
    kind = SHELLS[shell]
    click.echo(kind(ctx.find_root().command, {}, PROGRAM, VARIABLE).source())
