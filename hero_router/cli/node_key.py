"""The command `hero_router node-key`: makes the key of a node, or shows its public half."""

from pathlib import Path

import click

from hero_router.access.ed25519 import NodeKey
from hero_router.errors import ConfigError


@click.command("node-key")
@click.argument("file", type=click.Path(path_type=Path))
def command(file: Path) -> None:
    """Make this node's private key, and print the public half for ROUTER_PEERS of other nodes.

    The private key is written to FILE, which only its owner can read (ROUTER_NODE_KEY_FILE). A FILE
    that exists is not changed: only the public half of its key is printed.
    """
    key = NodeKey.make()
    try:
        key.write(file)
    except FileExistsError:
        key = NodeKey.read(file, "node-key")
    except OSError as error:
        raise ConfigError(f"{file} cannot be written: {error.strerror}") from None
    click.echo(key.public)
