"""TLS, users with few rights, and passwords from files, each with a real server."""

import asyncio
import re
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from ipaddress import ip_network
from pathlib import Path

import pytest
from redis.asyncio import Redis

from hero_router.errors import ConfigError, StoreRefused, StoreUnreachable
from hero_router.settings.redis import RedisSettings
from hero_router.store import client as store_client
from hero_router.store.client import connect
from hero_router.store.ip_allowlist import AllowList
from hero_router.store.keys import Keys
from hero_router.store.lease import Lease
from hero_router.store.one_time import OneTimeCodes
from hero_router.store.redis_errors import redis_errors
from hero_router.store.revoked_sessions import RevokedSessions
from hero_router.store.scan_requests import ScanRequest
from hero_router.store.session_list import BrowserSession, SessionListStore
from tests.contract.world import KEYS, Store
from tests.support.certificates import certificate
from tests.support.hand import Hand
from tests.support.ports import free_port
from tests.support.records import put, report
from tests.support.redis import RedisServer, redis7_binary
from tests.support.replication import ask
from tests.support.wait import eventually
from tests.web.live import WINDOW, working

ROOT = Path(__file__).resolve().parent.parent.parent
SECRET, NEW = "hunter2-secret", "hunter3-secret"
REQUEST = ScanRequest("scan", "r1")

Launch = Callable[..., RedisServer]

pytestmark = pytest.mark.usefixtures("patient")


@asynccontextmanager
async def connected(to: RedisSettings | str) -> AsyncIterator[Redis]:
    made = connect(to, name="test")
    try:
        yield made
    finally:
        await made.aclose()


async def leases(to: RedisSettings | str) -> bool:
    """Whether a lease can be taken there. Raises StoreError."""
    async with connected(to) as made:
        return await Lease(made, Keys(), "n1", "s1", 10).acquire() is not None


class UserBackend:
    """A server that the stores log in to with a password from a file."""

    def __init__(self, server: RedisServer, backplane: RedisSettings) -> None:
        self._server, self._backplane = server, backplane

    def client(self) -> Redis:
        """A new client."""
        return connect(self._backplane, name="test", block_seconds=0.05)

    def restart(self) -> None:
        """Another process."""
        self._server.restart()


def rights() -> list[str]:
    """The rights that a user needs, as docs/deployment.md has them."""
    found = re.search(
        r"`ACL SETUSER router on >… (.*?)`", (ROOT / "docs" / "deployment.md").read_text("utf-8")
    )
    assert found is not None
    return found[1].split()


@pytest.fixture
def server(launch: Launch) -> RedisServer:
    """A server with the user of docs/deployment.md."""
    made = launch(redis7_binary())
    ask(made, "ACL", "SETUSER", "router", "on", f">{SECRET}", *rights())
    return made


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """A file with the password, as an editor leaves it."""
    made = tmp_path / "password"
    made.write_text(f"{SECRET}\n")
    return made


@pytest.fixture
def backplane(server: RedisServer, file: Path) -> RedisSettings:
    """The settings of hero_router."""
    return RedisSettings(server.url.replace("://", "://router@"), password_file=str(file))


async def use_access(client: Redis) -> None:
    """Call all that the access rules keep in Redis."""
    allow, sessions = AllowList(client, KEYS), RevokedSessions(client, KEYS)
    codes = OneTimeCodes(client, KEYS)
    network = ip_network("10.0.0.0/8")
    assert await allow.add(network)
    assert len(await allow.entries()) == 1
    assert await allow.revision() != 0
    assert await allow.remove(network)
    assert await allow.clear() == 0
    await sessions.revoke("one", await sessions.revoke_all())
    assert (await sessions.read()).ids == {"one"}
    record = SessionListStore(client, KEYS)
    session = BrowserSession("one", "ann", "token", ["viewer"], None, "::1", "", 1_000, 2_000)
    await record.put(session, 1_000)
    assert await record.read(3_000) == []
    await record.keep_only("")
    assert await codes.put("digest", {}, 60)
    assert await codes.take("digest") == {}


async def test_the_rights_that_the_readme_names_are_enough(
    server: RedisServer, backplane: RedisSettings
) -> None:
    store = Store(UserBackend(server, backplane))
    try:
        grant = await store.grant()
        await store.registry.apply(grant, [put("a"), put("b")], report())
        await store.registry.write_probes("n1", {"x": {"latency_ms": 1}})
        head = (await store.stream.load()).head
        assert len((await store.stream.audit(head.before())).window) == 1
        assert (await store.nodes.stream_status(head, 1)).head == head
        await store.nodes.reconnect()
        assert (await store.nodes.list())["n1"].leased
        assert await store.requests.send(REQUEST) == 0
        assert await store.registry.nodes() == {"n1"}
        assert await store.registry.forget(grant) == 2
        await use_access(store.raw)
        with pytest.raises(StoreRefused, match="forbids"), redis_errors():
            await store.raw.flushall()
    finally:
        await store.close()
    hand = Hand(server.url, WINDOW)
    await hand.begin(services=1)
    async with working(backplane.url, redis_password_file=backplane.password_file) as live:
        await live.reaches(await hand.change("s0"))
        assert (await live.get("/api/clients"))[0] == 200
        assert await live.is_ready()
    await hand.close()


async def test_a_password_may_change_while_the_router_runs(
    server: RedisServer, backplane: RedisSettings, file: Path
) -> None:
    hand = Hand(server.url, WINDOW)
    await hand.begin(services=1)
    async with (
        working(backplane.url, redis_password_file=str(file)) as live,
        live.listening() as listener,
    ):
        ask(server, "ACL", "SETUSER", "router", f">{NEW}", f"<{SECRET}")
        ask(server, "CLIENT", "KILL", "USER", "router")
        (told,) = await listener.hears_of("stale")
        assert SECRET not in told["detail"]
        write(file, NEW.encode())
        await listener.hears_of("fresh")
        await listener.hears(await hand.change("s0"))
        assert listener.resyncs == []
    await hand.close()


async def test_a_password_file_that_cannot_be_read_is_reported_and_a_wrong_password_never_shown(
    backplane: RedisSettings, file: Path
) -> None:
    for wrong in (NEW.encode(), b"\xff" + SECRET.encode(), b""):
        write(file, wrong)
        with pytest.raises(StoreRefused, match="refuses the user or password") as refused:
            await leases(backplane)
        assert_hides(refused.value)
    gone = replace(backplane, password_file=f"{file}.not")
    with pytest.raises(StoreRefused, match="file with Redis's password"):
        await leases(gone)


def write(file: Path, password: bytes) -> None:
    file.write_bytes(password)


def assert_hides(error: BaseException | None) -> None:
    """No text of an error, or of its causes, holds a password."""
    while error is not None:
        assert SECRET not in repr(error) + str(error)
        assert NEW not in repr(error) + str(error)
        error = error.__cause__ or error.__context__


def test_a_password_file_that_cannot_be_used_stops_the_start(file: Path) -> None:
    RedisSettings("redis://me@host", password_file=str(file)).check_password_file()
    for url in ("redis://me:pw@host", "redis://host?password=pw"):
        with pytest.raises(ConfigError, match="no password"):
            RedisSettings(url, password_file=str(file)).check_password_file()
    with pytest.raises(ConfigError, match="cannot be read"):
        RedisSettings("redis://host", password_file=f"{file}.not").check_password_file()


async def test_tls_accepts_only_certificates_of_the_authority(
    launch: Launch, tmp_path: Path
) -> None:
    ours, other = certificate(tmp_path, "ours"), certificate(tmp_path, "other")
    port = free_port()
    launch(redis7_binary(), "--tls-port", str(port), *ours.options)
    address = f"127.0.0.1:{port}"
    assert await leases(f"rediss://{address}/0?ssl_ca_certs={ours.file}")
    assert await leases(f"rediss://{address}/0?ssl_cert_reqs=none&ssl_check_hostname=false")
    for url, told in (
        (f"rediss://{address}/0?ssl_ca_certs={other.file}", "its certificate is not trusted: "),
        (f"rediss://{address}/0", "its certificate is not trusted: "),
        (f"rediss://{address}/0?ssl_ca_certs={ours.file}.not", r"no such file \(one of the URL's "),
        (f"redis://{address}/0", r"it closed the connection \(if it wants TLS, write rediss "),
    ):
        with pytest.raises(StoreUnreachable, match=f"Redis at {address} cannot be reached: {told}"):
            await leases(url)


async def test_a_server_without_tls_is_reported() -> None:
    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(10)
        writer.write(b"HTTP/1.1 400 Bad Request\r\n\r\n")
        writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    place = f"127.0.0.1:{server.sockets[0].getsockname()[1]}"
    told = rf"Redis at {place} cannot be reached: it does not speak TLS \(write redis instead of "
    with pytest.raises(StoreUnreachable, match=told):
        await leases(f"rediss://{place}/0")
    server.close()


async def test_a_redis_without_tls_is_silent_and_the_url_may_be_wrong(
    launch: Launch, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It takes the greeting of TLS for the begin of a long command, and waits for the rest."""
    monkeypatch.setattr(store_client, "CONNECT_SECONDS", 0.5)
    address = f"127.0.0.1:{launch(redis7_binary(), tcp=True).port}"
    told = rf"Redis at {address} did not answer in time \(if it has no TLS, write redis instead of "
    with pytest.raises(StoreUnreachable, match=told):
        await leases(f"rediss://{address}/0")


async def test_a_worker_follows_over_tls(launch: Launch, tmp_path: Path) -> None:
    ours, port = certificate(tmp_path, "ours"), free_port()
    server = launch(redis7_binary(), "--tls-port", str(port), *ours.options)
    hand = Hand(server.url, WINDOW)
    await hand.begin(services=1)
    url = f"rediss://127.0.0.1:{port}/0?ssl_ca_certs={ours.file}"
    async with working(url) as live, live.listening() as listener:
        await listener.hears(await hand.change("s0"))
        server.restart()
        await hand.begin()
        await listener.hears(await hand.change("s0"))
        assert listener.resyncs == [(None, "store_changed")], "nothing was on disk"
    await hand.close()


async def test_a_cluster_is_asked_over_tls_and_with_the_login(
    launch: Launch, tmp_path: Path, file: Path
) -> None:
    ours, port = certificate(tmp_path, "ours"), free_port()
    server = launch(
        redis7_binary(),
        *("--tls-port", str(port), *ours.options, "--tls-cluster", "yes"),
        *("--cluster-enabled", "yes", "--cluster-port", str(free_port())),
    )
    ask(server, "ACL", "SETUSER", "router", "on", f">{SECRET}", *rights(), "+cluster|slots")
    ask(server, "CLUSTER", "ADDSLOTSRANGE", 0, 16383)
    await eventually(
        lambda: b"cluster_state:ok" in ask(server, "CLUSTER", "INFO"), message="served"
    )
    place = f"router@127.0.0.1:{port}"
    url = f"rediss+cluster://{place}?ssl_ca_certs={ours.file}"
    assert await leases(RedisSettings(url, password_file=str(file)))
    with pytest.raises(StoreRefused, match="refuses the user or password") as refused:
        await leases(url.replace("router@", f"router:{NEW}@"))
    assert_hides(refused.value)
    await all_left(server)


async def all_left(server: RedisServer) -> None:
    """Both sides of a TLS connection say goodbye: wait for it, as the loop ends here."""
    await eventually(lambda: ask(server, "CLIENT", "LIST").count(b"id=") == 1, message="all left")
    loop = asyncio.get_running_loop()
    for _ in range(10):  # what the server said last is read by the next turns of the loop
        await loop.run_in_executor(None, time.sleep, 0.01)
