"""Checks that the web workers can listen on their host and port, before any process starts."""

import asyncio
import errno
import socket

from hero_router.client.http import RouterAway, get
from hero_router.errors import ConfigError
from hero_router.settings.config import RouterConfig

ANSWER_SECONDS = 1.0


def check_port(config: RouterConfig) -> None:
    """Raises ConfigError, with a remedy, if the web workers could not listen on host and port."""
    try:
        address = socket.getaddrinfo(config.web.host, config.web.port, type=socket.SOCK_STREAM)[0]
        with socket.socket(address[0], socket.SOCK_STREAM) as trial:
            trial.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            trial.bind(address[4])
    except OSError as error:
        where = f"cannot listen on {config.web.host} port {config.web.port}"
        raise ConfigError(f"{where}: {_reason(config, error)}") from None


def _reason(config: RouterConfig, error: OSError) -> str:
    if error.errno == errno.EADDRINUSE:
        program = "hero_router" if asyncio.run(_is_router(config)) else "program"
        return f"another {program} listens there; choose another port with --port or ROUTER_PORT"
    if error.errno == errno.EACCES:
        return "this user may not use the port; choose one above 1023 with --port or ROUTER_PORT"
    if isinstance(error, socket.gaierror) or error.errno == errno.EADDRNOTAVAIL:
        return "that is no address of this machine; choose one with --host or ROUTER_HOST"
    return f"{error.strerror}"


async def _is_router(config: RouterConfig) -> bool:
    """Whether the program that listens on host and port is a web worker of hero_router."""
    try:
        url = config.web.address.rstrip("/")
        answer = await get(url, "/.well-known/heroservice.json", within=ANSWER_SECONDS)
    except RouterAway:
        return False
    return isinstance(answer.value, dict) and answer.value.get("name") == "hero_router"
