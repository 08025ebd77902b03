"""The option `--url` of commands that ask a running router, and its default."""

from collections.abc import Callable
from typing import Any, TypeVar
from urllib.parse import urlsplit

import click

from hero_router.client.http import RouterAway
from hero_router.settings.config import ADDRESS_VARIABLE, RouterConfig

F = TypeVar("F", bound=Callable[..., Any])


def address(command: F) -> F:
    """Add the option `--url` to a command; its value is a checked URL without a final slash."""
    return click.option(
        "--url",
        envvar=ADDRESS_VARIABLE,
        callback=lambda _context, _parameter, value: resolve(value),
        show_envvar=True,
        show_default="from ROUTER_HOST and ROUTER_PORT",
        help="address of the running router",
    )(command)


def resolve(url: str | None) -> str:
    """The router's address: `url`, else from the settings. Raises RouterAway if it is malformed."""
    address = (url or RouterConfig.read().web.address).rstrip("/")
    if not _is_address(address):
        raise RouterAway(f"{address} is no address like http://127.0.0.1:9988")
    return address


def _is_address(text: str) -> bool:
    try:
        parts = urlsplit(text)
    except ValueError:  # half of an IPv6 address
        return False
    return parts.scheme in ("http", "https") and bool(parts.netloc)
