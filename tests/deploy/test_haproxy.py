"""deploy/haproxy.cfg: Debian's HAProxy takes it, it suits long streams, it is the first proxy."""

import re
import subprocess
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path

import aiohttp
import pytest
from aiohttp import web

from hero_router.settings.config import RouterConfig
from tests.deploy.haproxy import CONFIG, LINES, directive, variables
from tests.deploy.names import NameServer
from tests.deploy.processes import Process, clean_environment, resolved
from tests.support.ports import free_port
from tests.support.wait import eventually

BACK = "127.0.1.99"


def test_haproxy_takes_it_without_a_warning() -> None:
    command = resolved(["haproxy", "-c", "-dW", "-f", str(CONFIG)])
    done = subprocess.run(
        command, env=clean_environment({}), capture_output=True, text=True, timeout=20, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_a_quiet_stream_is_not_cut() -> None:
    """It is silent for as long as one keepalive takes to come; three may get lost."""
    least = 4 * RouterConfig().stream.ping_seconds
    for side in ("timeout client", "timeout server"):
        for value in directive(side):
            assert value.endswith("s")
            assert float(value.removesuffix("s")) > least


def test_nothing_holds_events_back() -> None:
    """Neither compression nor waiting for more."""
    words = {line.split()[0] for line in LINES if line and not line.startswith("#")}
    assert not words & {"compression", "filter"}
    assert "option http-no-delay" in LINES
    assert "option http-buffer-request" not in LINES


def test_its_variables_are_told_of_at_the_top() -> None:
    head = CONFIG.read_text("utf-8").partition("\nglobal")[0]
    told = re.findall(r"^# +(HAPROXY_\w+) .*  ([^\s,]+)(?:,.*)?$", head, re.MULTILINE)
    assert dict(told) == variables()


class Backend:
    """A web instance that notes what it is asked and answers, or hangs up, as it is told."""

    def __init__(self) -> None:
        self.asked: list[web.Request] = []
        self.port = free_port()

    async def answer(self, request: web.Request) -> web.StreamResponse:
        if request.path in ("/ready", "/health"):
            return web.Response()
        self.asked.append(request)
        if request.path == "/hangup":
            assert request.transport is not None
            request.transport.abort()
        return web.json_response(dict(request.headers))

    @asynccontextmanager
    async def behind(self, folder: Path) -> AsyncIterator[str]:
        """This instance behind a real HAProxy; gives HAProxy's address."""
        app = web.Application()
        app.router.add_route("*", "/{path:.*}", self.answer)
        runner = web.AppRunner(app)
        await runner.setup()
        await web.TCPSite(runner, BACK, self.port).start()
        names, door = NameServer("web"), free_port()
        names.addresses = [BACK]
        names.start()
        environment = {
            "HAPROXY_BIND": f"127.0.0.1:{door}",
            "HAPROXY_ADMIN": f"127.0.0.1:{free_port()}",
            "HAPROXY_DNS": names.place,
            "HAPROXY_WEB": f"web:{self.port}",
        }
        command = ["haproxy", "-f", str(CONFIG)]
        process = Process("haproxy", command, environment, folder / "haproxy.log")
        try:
            yield f"http://127.0.0.1:{door}"
        finally:
            process.stop()
            names.close()
            await runner.cleanup()


@pytest.fixture
async def backend(tmp_path: Path) -> AsyncIterator[tuple[Backend, str]]:
    """An instance and the address of the HAProxy before it."""
    made = Backend()
    async with made.behind(tmp_path) as url:

        async def answers() -> bool:
            try:
                return (await ask(url, "GET", "/", {}))[0] == 200
            except aiohttp.ClientConnectionError:
                return False

        await eventually(answers, 10, "HAProxy has found the instance")
        made.asked.clear()
        yield made, url


async def ask(
    url: str, method: str, path: str, headers: Mapping[str, str]
) -> tuple[int, dict[str, str]]:
    """Status and JSON of an answer."""
    async with (
        aiohttp.ClientSession() as session,
        session.request(method, url + path, headers=headers) as answer,
    ):
        return answer.status, await answer.json()


async def test_what_clients_say_of_proxies_is_not_believed(backend: tuple[Backend, str]) -> None:
    """In no spelling; what HAProxy itself knows is told instead."""
    _, url = backend
    names = (
        "X-Forwarded-For", "x_forwarded_for", "X-Forwarded-Proto", "X-Forwarded-Host",
        "X-Forwarded-Prefix", "Forwarded", "X-Real-IP", "x_real_ip",
    )  # fmt: skip
    status, seen = await ask(url, "GET", "/", {**dict.fromkeys(names, "evil"), "X-Other": "kept"})
    told = {name.lower(): value for name, value in seen.items()}
    assert status == 200
    assert "evil" not in told.values()
    assert told["x-other"] == "kept"
    assert told["x-forwarded-for"] == "127.0.0.1"
    assert told["x-forwarded-proto"] == "http"
    assert told["x-forwarded-host"] == url.removeprefix("http://")


async def test_only_what_changes_nothing_is_asked_again(backend: tuple[Backend, str]) -> None:
    """An instance that hangs up may have acted: a call reaches it once, a question more often."""
    made, url = backend
    status, answer = await ask(url, "POST", "/hangup", {})
    assert (status, len(made.asked)) == (502, 1)
    assert "error" in answer
    await ask(url, "GET", "/hangup", {})
    assert len(made.asked) > 2
