"""The command `open`: shows a service's own page in the browser, through a running router."""

import asyncio
import os
import sys
import webbrowser
from collections.abc import Mapping

import click

from hero_router.cli.lookup import find_reachable, require_socket
from hero_router.cli.router_options import Router, address
from hero_router.cli.selection import service_sockets
from hero_router.cli.service_urls import front, page_of
from hero_router.cli.terminal import warn
from hero_router.settings.config import RouterConfig


@click.command("open")
@click.argument("service", metavar="SERVICE[/SOCKET]", shell_complete=service_sockets)
@click.option("--print", "only_print", is_flag=True, help="print the URL and open nothing")
@address
def command(service: str, only_print: bool, router: Router) -> None:
    """Open the page of a service in the browser, through the router.

    SERVICE is the name or the id of the service. SOCKET is rpc, admin, or the name of a web socket;
    without it the first web socket is opened, else the admin socket. The URL has the service's own
    host name if it has one, else its path.

    Over SSH, or without a display, the URL is only printed. A browser in BROWSER is always used.
    """
    name, _, socket = service.partition("/")
    record = asyncio.run(find_reachable(router, name))
    segment = require_socket(record, socket or front(record) or "")
    url = page_of(router.url, RouterConfig.read().proxy.domain, record, segment)
    if only_print:
        click.echo(url)
        return
    why_not = no_browser(os.environ, sys.platform)
    if not why_not and webbrowser.open(url):
        return
    warn(f"no browser is opened: {why_not or 'none was found'}")
    click.echo(url)


def no_browser(environment: Mapping[str, str], platform: str) -> str:
    """Why no browser can be opened on this screen; "" if one can."""
    if environment.get("BROWSER"):
        return ""
    if any(environment.get(name) for name in ("SSH_CONNECTION", "SSH_CLIENT", "SSH_TTY")):
        return "this is an SSH session"
    shown = any(environment.get(name) for name in ("DISPLAY", "WAYLAND_DISPLAY"))
    return "" if shown or platform == "darwin" else "there is no display"
