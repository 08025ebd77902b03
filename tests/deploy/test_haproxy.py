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
from tests.support.wait import PATIENCE_SECONDS, eventually

BACK = "127.0.1.99"

LOGIN = {
    "HAPROXY_LOGIN": "Remote-User",
    "HAPROXY_LOGIN_ROLES": "Remote-Roles",
    "HAPROXY_LOGIN_CONTEXTS": "Remote-Contexts",
}


PLACES: dict[str, Mapping[str, str]] = {
    "by the machine's name servers": {},
    "by a name server": {"HAPROXY_WEB": "web.example.org:9988", "HAPROXY_DNS": "10.0.0.2:53"},
    "one by address": {"HAPROXY_WEB_1": "10.0.0.11:9988"},
    "four by address": {f"HAPROXY_WEB_{n}": f"10.0.0.1{n}:9988" for n in range(1, 5)},
}
"""The ways to say where the instances are."""


@pytest.mark.parametrize("place", PLACES)
def test_haproxy_accepts_it_without_a_warning(place: str) -> None:
    command = resolved(["haproxy", "-c", "-dW", "-f", str(CONFIG)])
    environment = clean_environment(PLACES[place])
    done = subprocess.run(
        command,
        env=environment,
        capture_output=True,
        text=True,
        timeout=PATIENCE_SECONDS,
        check=False,
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


def test_each_variable_is_explained_at_the_top() -> None:
    head, _, body = CONFIG.read_text("utf-8").partition("\nglobal")
    shown = re.findall(r"^# +(HAPROXY_\w+) .*  ([^\s,]+)$", head, re.MULTILINE)
    assert dict(shown) == variables()
    numbered = {f"HAPROXY_WEB_{number}" for number in (2, 3)}
    explained = set(re.findall(r"\bHAPROXY_\w+", head)) | numbered
    assert set(re.findall(r"\bHAPROXY_\w+", body)) == explained


class Backend:
    """A web instance that records its requests; it hangs up where the path ends with `/hangup`."""

    def __init__(self, address: str = BACK) -> None:
        self.asked: list[web.Request] = []
        self.address, self.port = address, free_port()

    async def answer(self, request: web.Request) -> web.StreamResponse:
        if request.path in ("/ready", "/health"):
            return web.Response()
        self.asked.append(request)
        if request.path.endswith("/hangup"):
            assert request.transport is not None
            request.transport.abort()
        fields = request.headers
        return web.json_response({name: ", ".join(fields.getall(name)) for name in fields})

    @asynccontextmanager
    async def serving(self) -> AsyncIterator[str]:
        """Listen while the block runs; gives the instance's address and port."""
        app = web.Application()
        app.router.add_route("*", "/{path:.*}", self.answer)
        runner = web.AppRunner(app)
        await runner.setup()
        await web.TCPSite(runner, self.address, self.port).start()
        try:
            yield f"{self.address}:{self.port}"
        finally:
            await runner.cleanup()


@asynccontextmanager
async def proxied(folder: Path, places: Mapping[str, str]) -> AsyncIterator[tuple[str, str]]:
    """A real HAProxy before instances at these places; gives its address and that for operators."""
    door, admin = free_port(), free_port()
    environment = {
        "HAPROXY_BIND": f"127.0.0.1:{door}",
        "HAPROXY_ADMIN": f"127.0.0.1:{admin}",
        **places,
    }
    command = ["haproxy", "-f", str(CONFIG)]
    process = Process("haproxy", command, environment, folder / "haproxy.log")
    try:
        yield f"http://127.0.0.1:{door}", f"http://127.0.0.1:{admin}"
    finally:
        process.stop()


@pytest.fixture
async def backend(tmp_path: Path) -> AsyncIterator[tuple[Backend, str]]:
    """An instance that is found by name, and the address of the HAProxy before it."""
    made, names = Backend(), NameServer("web")
    names.addresses = [BACK]
    names.start()
    places = {"HAPROXY_DNS": names.place, "HAPROXY_WEB": f"web:{made.port}", **LOGIN}
    try:
        async with made.serving(), proxied(tmp_path, places) as (url, _):
            await answers(url)
            made.asked.clear()
            yield made, url
    finally:
        names.close()


async def answers(url: str) -> None:
    """Wait until HAProxy has found an instance."""

    async def found() -> bool:
        try:
            return (await ask(url, "GET", "/", {}))[0] == 200
        except aiohttp.ClientConnectionError:
            return False

    await eventually(found, message="HAProxy has found an instance")


async def ask(
    url: str, method: str, path: str, headers: Mapping[str, str]
) -> tuple[int, dict[str, str]]:
    """Status and JSON of an answer."""
    async with (
        aiohttp.ClientSession() as session,
        session.request(method, url + path, headers=headers) as answer,
    ):
        return answer.status, await answer.json()


async def test_headers_of_clients_about_proxies_are_replaced(backend: tuple[Backend, str]) -> None:
    """In each spelling; what HAProxy itself knows is sent instead."""
    _, url = backend
    names = (
        "X-Forwarded-For", "x_forwarded_for", "X-Forwarded-Proto", "X-Forwarded-Host",
        "X-Forwarded-Prefix", "Forwarded", "X-Real-IP", "x_real_ip", "X-Forwarded-User",
        "X-Hero-Claims", "x_hero_claims", "X.Forwarded.User", "X-Hero-Context", "Remote-User",
        "Remote-Roles", "Remote-Contexts",
    )  # fmt: skip
    status, seen = await ask(url, "GET", "/", {**dict.fromkeys(names, "evil"), "X-Other": "kept"})
    sent = {name.lower(): value for name, value in seen.items()}
    assert status == 200
    assert "evil" not in sent.values()
    assert sent["x-other"] == "kept"
    assert sent["x-forwarded-for"] == "127.0.0.1"
    assert sent["x-forwarded-proto"] == "http"
    assert sent["x-forwarded-host"] == url.removeprefix("http://")


async def test_what_the_proxy_in_front_says_is_kept(tmp_path: Path) -> None:
    """It has TLS or a login; HAProxy adds where it comes from."""
    made = Backend("127.0.1.97")
    said = {
        "X-Forwarded-For": "192.0.2.7", "X-Forwarded-Proto": "https", "Remote-User": "ann",
        "X-Forwarded-Host": "router.example", "X-Hero-Claims": "a", "Remote-Roles": "admin",
    }  # fmt: skip
    async with made.serving() as place:
        places = {"HAPROXY_WEB_1": place, "HAPROXY_FRONT": "127.0.0.0/8", **LOGIN}
        async with proxied(tmp_path, places) as (url, _):
            await answers(url)
            _, seen = await ask(url, "GET", "/", said)
    sent = {name.lower(): value for name, value in seen.items()}
    expected = {**said, "X-Forwarded-For": "192.0.2.7, 127.0.0.1"}
    assert {name: sent.get(name.lower()) for name in said} == expected


async def test_only_a_get_of_the_router_itself_is_repeated(backend: tuple[Backend, str]) -> None:
    """An instance that hangs up may have acted: a POST or a service's request reaches it once."""
    made, url = backend
    service = {"Host": "shop.localhost:9988"}
    for method, path, headers in (
        ("POST", "/api/hangup", {}),
        ("GET", "/shop/web/hangup", {}),
        ("GET", "/api/hangup", service),
    ):
        await answers(url)  # on a busy machine it may have taken the instance for dead
        made.asked.clear()
        status, answer = await ask(url, method, path, headers)
        assert (status, len(made.asked)) == (502, 1)
        assert "error" in answer
    await answers(url)
    made.asked.clear()
    await ask(url, "GET", "/api/hangup", {})
    assert len(made.asked) > 2


async def test_instances_given_by_address_are_all_used(tmp_path: Path) -> None:
    """Each is one server, so one machine is not counted as ten."""
    first, second = Backend("127.0.1.97"), Backend("127.0.1.98")
    async with (
        first.serving() as one,
        second.serving() as two,
        proxied(tmp_path, {"HAPROXY_WEB_1": one, "HAPROXY_WEB_2": two}) as (url, admin),
    ):
        await answers(url)

        async def are_used() -> bool:
            await ask(url, "GET", "/", {})
            return bool(first.asked and second.asked)

        async def are_up() -> bool:
            return UP.findall(await metrics_of(admin)) == ["web1", "web2"]

        await eventually(are_used, message="each of the two is asked")
        await eventually(are_up, message="both are up, and there are no others")


UP = re.compile(
    r'^haproxy_server_status\{proxy="ready",server="(\w+)",state="UP"\} 1$', re.MULTILINE
)


async def metrics_of(admin: str) -> str:
    """HAProxy's own metrics, as Prometheus gets them."""
    async with aiohttp.ClientSession() as session, session.get(f"{admin}/metrics") as answer:
        assert answer.status == 200
        return await answer.text()
