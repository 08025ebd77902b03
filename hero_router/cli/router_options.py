"""The options of commands that ask a running router: `--url`, `--token-file`, their defaults."""

import ipaddress
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import wraps
from typing import Any
from urllib.parse import urlsplit

import click

from hero_router.cli.client_token import FILE_FLAG, FILE_VARIABLE, VARIABLE, read_token
from hero_router.client.http import RouterAway
from hero_router.settings.config import ADDRESS_VARIABLE, RouterConfig


@dataclass(frozen=True, slots=True)
class Router:
    """A running router: its URL without a final slash, and the token for it ("" if none is set)."""

    url: str
    token: str = field(default="", repr=False)

    @classmethod
    def of(cls, url: str | None, token_file: str | None) -> "Router":
        """The router that these options name. Raises RouterAway and ConfigError."""
        return cls(resolve(url), read_token(token_file))

    @property
    def is_in_clear(self) -> bool:
        """Whether the token would be sent without TLS over a network."""
        parts = urlsplit(self.url)
        return bool(self.token) and parts.scheme == "http" and not is_loopback(parts.hostname or "")


def address(command: Callable[..., None]) -> Callable[..., None]:
    """Add the options `--url` and `--token-file` to a command, which gets them as `router`."""

    @click.option(
        "--url",
        envvar=ADDRESS_VARIABLE,
        show_envvar=True,
        show_default="from ROUTER_HOST and ROUTER_PORT",
        help="address of the running router",
    )
    @click.option(
        FILE_FLAG,
        show_default=f"{VARIABLE}, or the file in {FILE_VARIABLE}",
        help="file that holds the router's token",
    )
    @wraps(command)
    def run(*, url: str | None, token_file: str | None, **options: Any) -> None:
        router = Router.of(url, token_file)
        if router.is_in_clear:
            text = f"WARNING: the token goes to {router.url} in clear: use https"
            click.secho(text, fg="red", err=True)
        command(**options, router=router)

    return run


def resolve(url: str | None) -> str:
    """The router's address: `url`, else from the settings. Raises RouterAway if it is malformed."""
    address = (url or RouterConfig.read().web.address).rstrip("/")
    if not _is_address(address):
        raise RouterAway(f"{address} is no address like http://127.0.0.1:9988")
    return address


def is_loopback(host: str) -> bool:
    """Whether a URL's host is this machine: `localhost`, a name below it, or 127.0.0.1 or ::1."""
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _is_address(text: str) -> bool:
    try:
        parts = urlsplit(text)
    except ValueError:  # half of an IPv6 address
        return False
    return parts.scheme in ("http", "https") and bool(parts.netloc)
