"""The router's address for commands that ask a running router: `--url`, else `ROUTER_URL`."""

from collections.abc import Callable
from typing import Any, TypeVar
from urllib.parse import urlsplit

import click

from hero_router.client.http import RouterAway
from hero_router.settings.config import ADDRESS_VARIABLE, RouterConfig

F = TypeVar("F", bound=Callable[..., Any])


def address(command: F) -> F:
    """Give a command the parameter `url`: a checked address without a slash at its end."""
    return click.option(
        "--url",
        envvar=ADDRESS_VARIABLE,
        callback=lambda _context, _parameter, value: resolve(value),
        show_envvar=True,
        show_default="from ROUTER_HOST and ROUTER_PORT",
        help="the router's address",
    )(command)


def resolve(url: str | None) -> str:
    """The address to ask. Raises RouterAway if it is none."""
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
