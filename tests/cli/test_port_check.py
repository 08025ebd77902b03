"""Whether web can listen: if not, the error says why, and what to change."""

import asyncio
import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from hero_router.cli import port_check
from hero_router.cli.port_check import check_ports
from hero_router.errors import ConfigError
from hero_router.settings.config import RouterConfig
from tests.support.names import give_localhost_both_families
from tests.support.ports import free_port
from tests.support.wait import PATIENCE_SECONDS


def refusal(**settings: object) -> str:
    with pytest.raises(ConfigError) as refused:
        check_ports(RouterConfig.of(**settings))
    return str(refused.value)


@pytest.fixture
def silent(monkeypatch: pytest.MonkeyPatch) -> Iterator[int]:
    """The port of a program that takes connections and never answers."""
    monkeypatch.setattr(port_check, "ANSWER_SECONDS", 0.2)
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]


def test_a_free_port_is_fine_again_and_again() -> None:
    free = free_port()
    for _ in range(3):
        check_ports(RouterConfig.of(port=free))


def test_another_program_on_the_port_is_not_called_hero_router(silent: int) -> None:
    assert refusal(port=silent) == (
        f"cannot listen on 127.0.0.1 port {silent}: another program listens there; "
        "choose another port with --port or ROUTER_PORT"
    )


def test_a_port_for_metrics_that_is_in_use_is_refused_under_its_own_setting(silent: int) -> None:
    assert refusal(port=free_port(), metrics_port=silent) == (
        f"cannot listen on 127.0.0.1 port {silent}: another program listens there; "
        "choose another port with --metrics-port or ROUTER_METRICS_PORT"
    )


@pytest.mark.parametrize("command", ["web", "serve"])
def test_a_port_for_metrics_that_is_in_use_ends_the_start_in_one_line(
    command: str, silent: int, tmp_path: Path
) -> None:
    settings = {
        "ROUTER_METRICS_PORT": str(silent),
        "ROUTER_PORT": str(free_port()),
        "ROUTER_REDIS_URL": "redis://127.0.0.1:1/0",
        "ROUTER_SOCKET_DIR": str(tmp_path),
        "ROUTER_STATE_DIR": str(tmp_path),
    }
    clean = {name: value for name, value in os.environ.items() if "ROUTER" not in name}
    ended = subprocess.run(
        [sys.executable, "-m", "hero_router", command],
        env={**clean, **settings},
        capture_output=True,
        text=True,
        timeout=PATIENCE_SECONDS,
        check=False,
    )
    assert ended.returncode == 2
    (line,) = ended.stderr.splitlines()
    assert f"cannot listen on 127.0.0.1 port {silent}: another program listens there" in line


async def test_another_hero_router_on_the_port_is_recognised(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(port_check, "ANSWER_SECONDS", PATIENCE_SECONDS)

    async def manifest(_: web.Request) -> web.Response:
        return web.json_response({"name": "hero_router"})

    app = web.Application()
    app.add_routes([web.get("/.well-known/heroservice.json", manifest)])
    async with TestServer(app) as server:
        assert "another hero_router listens there" in await asyncio.to_thread(
            refusal, port=server.port
        )


def test_the_port_of_a_name_is_looked_at_where_gunicorn_listens(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """At the IPv4 address of the name; another program may listen at that of IPv6."""
    give_localhost_both_families(monkeypatch)
    with socket.create_server(("::1", 0), family=socket.AF_INET6) as server:
        port = server.getsockname()[1]
        check_ports(RouterConfig.of(host="localhost", port=port))
        assert "another program listens there" in refusal(host="::1", port=port)


def test_an_address_of_another_machine_is_no_question_of_the_port() -> None:
    told = refusal(host="192.0.2.1", port=9988)
    assert told.endswith(
        "that is no address of this machine; choose one with --host or ROUTER_HOST"
    )
    assert "listens there" not in told
