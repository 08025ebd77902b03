"""Checks that the web workers can listen on their host and ports, before any process starts."""

import asyncio
import errno
import socket
from dataclasses import dataclass

from hero_router.client.http import RouterAway, get
from hero_router.errors import ConfigError
from hero_router.settings.config import RouterConfig

ANSWER_SECONDS = 1.0


@dataclass(frozen=True, slots=True)
class Port:
    """A port of the web workers, and the flag and the variable that set it."""

    number: int
    setting: str


def check_ports(config: RouterConfig) -> None:
    """Raises ConfigError, with a remedy, if the web workers could not listen on their ports."""
    _check(config, Port(config.web.port, "--port or ROUTER_PORT"))
    if config.web.metrics_port:
        _check(config, Port(config.web.metrics_port, "--metrics-port or ROUTER_METRICS_PORT"))


def _check(config: RouterConfig, port: Port) -> None:
    try:
        with socket.socket(config.web.family, socket.SOCK_STREAM) as trial:
            trial.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            trial.bind((config.web.host, port.number))
    except OSError as error:
        where = f"cannot listen on {config.web.host} port {port.number}"
        raise ConfigError(f"{where}: {_reason(config, port, error)}") from None


def _reason(config: RouterConfig, port: Port, error: OSError) -> str:
    if error.errno == errno.EADDRINUSE:
        is_router = port.number == config.web.port and asyncio.run(_is_router(config))
        program = "hero_router" if is_router else "program"
        return f"another {program} listens there; choose another port with {port.setting}"
    if error.errno == errno.EACCES:
        return f"this user may not use the port; choose one above 1023 with {port.setting}"
    if isinstance(error, socket.gaierror) or error.errno == errno.EADDRNOTAVAIL:
        return "that is no address of this machine; choose one with --host or ROUTER_HOST"
    return f"{error.strerror}"


async def _is_router(config: RouterConfig) -> bool:
    """Whether the program that listens on the main port is a web worker of hero_router."""
    try:
        url, path = config.web.address.rstrip("/"), "/.well-known/heroservice.json"
        answer = await get(url, path, within=ANSWER_SECONDS, family=config.web.family)
    except RouterAway:
        return False
    return isinstance(answer.value, dict) and answer.value.get("name") == "hero_router"
