"""Each kind of refusal by a real Redis has its own error and message, without a password."""

import asyncio
import contextlib
import os
import re
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import pytest
from redis import exceptions
from redis.asyncio import Redis

from hero_router.errors import (
    StoreCorrupt,
    StoreError,
    StoreFull,
    StoreLoading,
    StoreReadOnly,
    StoreRefused,
    StoreUnreachable,
)
from hero_router.settings.config import RouterConfig
from hero_router.store import client as store_client
from hero_router.store.client import connect
from hero_router.store.lease import Lease
from hero_router.store.redis_errors import redis_errors
from hero_router.store.scan_requests import ScanRequest, ScanRequests
from hero_router.store.stream_reader import Stream
from tests.contract.world import KEYS
from tests.support.redis import RedisServer, client, redis7_binary, valkey9_binary
from tests.support.wait import eventually

PASSWORD, WRONG = "hunter2-secret", "wrong-secret"

Start = Callable[..., RedisServer]


@pytest.fixture(params=[redis7_binary, valkey9_binary], ids=["redis7", "valkey9"])
def start(request: pytest.FixtureRequest, launch: Callable[..., RedisServer]) -> Start:
    """Start a server of the test's own with options; one of each kind."""
    binary: Path = request.param()
    return lambda *options, tcp=False: launch(binary, *options, tcp=tcp)


@contextlib.asynccontextmanager
async def connected(url: str) -> AsyncIterator[Redis]:
    found = connect(url, name="test")
    yield found
    await found.aclose()


async def acquire(found: Redis) -> object:
    return await Lease(found, KEYS, "n1", "s1", 10).acquire()


async def load(found: Redis) -> object:
    return await Stream(found, KEYS, 0.05).load()


async def ask(found: Redis) -> object:
    return await ScanRequests(found, KEYS).send(ScanRequest("scan", "r1"))


async def refusal(url: str, step: Callable[[Redis], Awaitable[object]] = acquire) -> StoreError:
    """The error that a step ends with; its whole chain is free of passwords."""
    async with connected(url) as found:
        with pytest.raises(StoreError) as raised:
            await step(found)
    for text in texts(raised.value):
        assert PASSWORD not in text
        assert WRONG not in text
    return raised.value


def texts(error: BaseException | None) -> list[str]:
    """Every text of an error, of what it was raised from, and of what was handled then."""
    if error is None:
        return []
    return [str(error), repr(error), *texts(error.__cause__), *texts(error.__context__)]


@pytest.mark.parametrize("step", [acquire, load, ask])
async def test_a_missing_password(start: Start, step: Callable[[Redis], Awaitable[object]]) -> None:
    error = await refusal(start("--requirepass", PASSWORD).url, step)
    assert type(error) is StoreRefused
    assert re.fullmatch(WANTS, str(error))


WANTS = r"Redis at /\S+/s wants a password: set it in the URL or in ROUTER_REDIS_PASSWORD_FILE"


@pytest.mark.parametrize("user", ["", "default", "nobody"])
async def test_a_wrong_user_or_password(start: Start, user: str) -> None:
    error = await refusal(start("--requirepass", PASSWORD, tcp=True).login(user, WRONG))
    assert type(error) is StoreRefused
    assert re.fullmatch(r"Redis at 127.0.0.1:\d+ refuses the user or password", str(error))


async def test_a_password_that_nobody_wants(start: Start) -> None:
    server = start()
    error = await refusal(server.login("", WRONG))
    assert type(error) is StoreRefused
    told = f"Redis at {server.socket} has no password, but the URL or ROUTER_REDIS_PASSWORD_FILE "
    assert str(error) == f"{told}gives one"


async def test_the_right_password_is_accepted(start: Start) -> None:
    async with connected(start("--requirepass", PASSWORD).login("", PASSWORD)) as found:
        assert await acquire(found)


MAY = "~* &* +@all"


@pytest.mark.parametrize(
    ("rights", "step"),
    [
        (f"{MAY} -evalsha", acquire),
        (f"{MAY} -info", load),
        (f"{MAY} -hincrby", acquire),
        (f"{MAY} -publish", ask),
        ("~other:* &* +@all", acquire),
        ("~* resetchannels +@all", ask),
    ],
    ids=["script", "inside a script", "write inside a script", "publish", "keys", "channels"],
)
async def test_a_user_without_the_rights_that_are_needed(
    start: Start, rights: str, step: Callable[[Redis], Awaitable[object]]
) -> None:
    server = start("--user", "weak", "on", f">{PASSWORD}", *rights.split())
    error = await refusal(server.login("weak", PASSWORD), step)
    assert type(error) is StoreRefused
    assert str(error).startswith(f"Redis at {server.socket} forbids this user a command, a key or ")


async def test_a_database_that_does_not_exist(start: Start) -> None:
    server = start()
    error = await refusal(f"{server.url}?db=99")
    assert type(error) is StoreRefused
    assert str(error) == f"Redis at {server.socket} has no database with that number"


async def test_a_replica_is_read_but_not_written(start: Start) -> None:
    """A failover leaves the old primary in this state."""
    server = start("--replicaof", "127.0.0.1", "1")
    error = await refusal(server.url)
    assert type(error) is StoreReadOnly
    assert str(error) == f"Redis at {server.socket} is a read-only replica"
    async with connected(server.url) as found:
        await load(found)


async def test_a_replica_that_lost_its_primary_and_will_not_serve_old_data(start: Start) -> None:
    server = start("--replicaof", "127.0.0.1", "1")
    client(server.url).config_set("replica-serve-stale-data", "no")
    assert type(await refusal(server.url, load)) is StoreReadOnly


async def test_no_memory_left(start: Start) -> None:
    server = start("--maxmemory", "1", "--maxmemory-policy", "noeviction")
    error = await refusal(server.url)
    assert type(error) is StoreFull
    assert str(error) == f"Redis at {server.socket} is out of memory"


async def test_a_disk_that_cannot_be_written(start: Start) -> None:
    server = start("--save", "3600", "1", "--dbfilename", "blocked")
    admin = client(server.url)
    admin.set("some", "data")
    (server.folder / "blocked" / "file").mkdir(parents=True)
    admin.bgsave()

    def has_failed() -> bool:
        info = admin.info("persistence")
        return bool(info["rdb_last_bgsave_status"] == "err")

    await eventually(has_failed, message="the save fails")
    error = await refusal(server.url)
    assert type(error) is StoreFull
    assert str(error) == f"Redis at {server.socket} cannot save to disk and refuses writes"


async def test_data_that_are_still_loaded(start: Start) -> None:
    """A server that is loading serves its clients once in 2 MB."""
    server = start()
    admin = client(server.url)
    for number in range(30):
        admin.set(f"k{number}", os.urandom(1_000_000))
    admin.save()
    server.kill()
    server.launch("--key-load-delay", "50000")

    async def is_loading() -> bool:
        async with connected(server.url) as found:
            try:
                await acquire(found)
            except StoreLoading:
                return True
            except StoreUnreachable:
                return False
        raise AssertionError("it was loaded before anybody could ask")

    await eventually(is_loading, message="Redis says that it loads")
    error = await refusal(server.url)
    assert type(error) is StoreLoading
    assert str(error) == f"Redis at {server.socket} is still loading its data"


@pytest.mark.parametrize("tcp", [True, False])
async def test_too_many_clients(start: Start, tcp: bool) -> None:
    """Redis closes before it reads, so its reason is sometimes lost, but nothing else."""
    server = start("--maxclients", "1", tcp=tcp)
    async with connected(server.url) as first:

        async def is_in() -> bool:
            with contextlib.suppress(exceptions.ConnectionError):
                return bool(await first.ping())
            return False

        await eventually(is_in, message="the one client is in")
        assert type(await refusal(server.url)) in (StoreFull, StoreUnreachable)


LOGIN = f"me:{PASSWORD}@"


@pytest.mark.parametrize(
    ("url", "told"),
    [
        (f"redis://{LOGIN}127.0.0.1:1/0", "127.0.0.1:1 cannot be reached: connection refused"),
        (f"redis://{LOGIN}localhost:1", "localhost:1 cannot be reached: connection refused"),
        ("redis://[::1]:1", "[::1]:1 cannot be reached: "),
        ("redis://nobody.invalid", "nobody.invalid:6379 cannot be reached: no such host"),
        ("unix:///no/such/s", "/no/such/s cannot be reached: no such file"),
    ],
)
async def test_if_nothing_listens_the_error_has_address_and_reason(url: str, told: str) -> None:
    error = await refusal(url)
    assert type(error) is StoreUnreachable
    assert str(error).startswith(f"Redis at {told}")
    assert "me:" not in str(error)


async def test_a_socket_without_a_listener_and_a_closed_folder_have_different_reasons(
    tmp_path: Path,
) -> None:
    with socket.socket(socket.AF_UNIX) as made:
        made.bind(str(tmp_path / "s"))
    error = await refusal(f"unix://{tmp_path}/s")
    assert str(error) == f"Redis at {tmp_path}/s cannot be reached: connection refused"


async def test_the_error_about_a_silent_server_has_its_address(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(store_client, "ANSWER_SECONDS", 0.1)
    with socket.socket(socket.AF_UNIX) as silent:
        silent.bind(str(tmp_path / "s"))
        silent.listen()
        error = await refusal(f"unix://{tmp_path}/s")
    assert type(error) is StoreUnreachable
    assert str(error) == f"Redis at {tmp_path}/s did not answer in time"


async def test_the_error_about_a_connection_that_breaks_later_has_its_address(start: Start) -> None:
    server = start(tcp=True)
    async with connected(server.url) as found:
        assert await acquire(found)
        server.kill()
        with pytest.raises(StoreUnreachable, match=rf"Redis at 127.0.0.1:{server.port} cannot"):
            await acquire(found)


async def test_the_message_has_the_reason_of_each_address_that_was_asked(start: Start) -> None:
    nobody = "127.0.0.1:1,nobody.invalid:2,[::1]:3"
    for kind in (f"redis+sentinel://{LOGIN}{nobody}/x", f"redis+cluster://{LOGIN}{nobody}"):
        error = await refusal(kind)
        assert type(error) is StoreUnreachable
        assert "no Sentinel or Cluster node names Redis's primary: " in str(error)
        assert "127.0.0.1:1: connection refused; nobody.invalid:2: no such host" in str(error)
        assert "; [::1]:3: " in str(error)


async def test_a_path_that_spells_an_error_of_redis_is_only_a_path(tmp_path: Path) -> None:
    """The library's text for a failed connection holds the address."""
    for word in ("ROOM", "LOADING", "NOAUTH", "max number of clients reached"):
        assert type(await refusal(f"unix://{tmp_path}/{word}".replace(" ", "%20"))) is (
            StoreUnreachable
        )


@contextlib.asynccontextmanager
async def answering(greeting: bytes, kind: str = "redis") -> AsyncIterator[tuple[str, str]]:
    """A server that says this at the first contact and hangs up: its URL and its address."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(10)
        writer.write(greeting)
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    address = f"127.0.0.1:{server.sockets[0].getsockname()[1]}"
    try:
        yield f"{kind}://{address}/x" if "+" in kind else f"{kind}://{address}", address
    finally:
        server.close()


@pytest.mark.parametrize(
    "greeting", [b"HTTP/1.1 400 Bad Request\r\n\r\n", b"SSH-2.0-OpenSSH_9.2\r\n", b":1\r\n"]
)
async def test_something_else_listens_there(greeting: bytes) -> None:
    async with answering(greeting) as (url, address):
        error = await refusal(url)
    assert (type(error), str(error)) == (
        StoreUnreachable,
        f"the server at {address} is not Redis",
    )


async def test_a_server_that_hangs_up_at_once_may_want_tls() -> None:
    async with answering(b"") as (url, address):
        error = await refusal(url)
    assert str(error) == (
        f"Redis at {address} cannot be reached: it closed the connection (if it wants TLS, write "
        "rediss instead of redis in the URL)"
    )


REDIS7_PROTECTED = (
    b"-DENIED Redis is running in protected mode because protected mode is enabled and no password "
    b"is set for the default user.\r\n"
)
VALKEY9_PROTECTED = REDIS7_PROTECTED.replace(b"Redis is running", b"Running")
IS_PROTECTED = "is in protected mode and refuses other machines: give it a password, or switch "


@pytest.mark.parametrize("kind", ["redis", "redis+sentinel", "redis+cluster"])
@pytest.mark.parametrize("greeting", [REDIS7_PROTECTED, VALKEY9_PROTECTED])
async def test_a_redis_that_takes_no_other_machines_says_so(greeting: bytes, kind: str) -> None:
    """For clients of this machine the mode is without effect, so a stand-in uses its words."""
    async with answering(greeting, kind) as (url, address):
        error = await refusal(url.removesuffix("/x") if kind == "redis+cluster" else url)
    assert type(error) is StoreRefused
    assert str(error).startswith(f"Redis at {address} {IS_PROTECTED}")


async def test_an_error_that_nobody_expects_is_named_by_its_code_alone() -> None:
    async with answering(b"-WHATEVER it is, and args\r\n") as (url, address):
        error = await refusal(url)
    assert type(error) is StoreError
    assert str(error) == f"Redis at {address} answers with an unexpected error: WHATEVER"


async def test_a_server_that_lacks_a_command_may_be_a_sentinel() -> None:
    async with answering(b"-ERR unknown command 'EVALSHA', with args: \r\n") as (
        url,
        address,
    ):
        error = await refusal(url)
    assert type(error) is StoreRefused
    assert str(error).startswith(f"the server at {address} lacks a command that is needed: it is a")


async def test_a_stranger_in_the_place_of_a_sentinel_is_no_redis() -> None:
    async with answering(b"HTTP/1.1 400 Bad Request\r\n\r\n", "redis+sentinel") as (url, address):
        error = await refusal(url)
    assert type(error) is StoreUnreachable
    assert str(error).endswith(f"names Redis's primary: {address}: it is not Redis")


ANSWERS = {
    "NOREPLICAS Not enough good replicas to write.": StoreFull,
    "-OOM command not allowed when used memory > 'maxmemory'.": StoreFull,
    "ERR Error running script: @user_script:9: -READONLY You can't write": StoreReadOnly,
    "WRONGTYPE Operation against a key holding the wrong kind of value": StoreCorrupt,
    "NOAUTH Authentication required.": StoreRefused,
    "UNBLOCKED force unblock from blocking operation, instance state changed": StoreReadOnly,
    "ERR unknown command": StoreRefused,
    "BUSY Redis is busy running a script. You can only call SCRIPT KILL": StoreUnreachable,
    "ERR SELECT is not allowed in cluster mode": StoreRefused,
    f"ERR {PASSWORD} is not what we expect": StoreError,
}


@pytest.mark.parametrize("words", ANSWERS)
async def test_an_answer_in_redis_s_words_becomes_an_error_in_ours(words: str) -> None:
    with pytest.raises(StoreError) as raised, redis_errors():
        raise exceptions.ResponseError(words)
    assert type(raised.value) is ANSWERS[words]
    assert PASSWORD not in str(raised.value)


async def test_one_client_too_many_is_an_error_of_its_own_wherever_the_answer_arrives() -> None:
    with pytest.raises(StoreFull, match="no more connections"), redis_errors():
        raise exceptions.ConnectionError("max number of clients reached")


async def test_other_errors_are_not_ours_to_translate() -> None:
    with pytest.raises(ZeroDivisionError), redis_errors():
        raise ZeroDivisionError


async def test_neither_settings_nor_client_show_the_password() -> None:
    url = f"redis://user:{PASSWORD}@127.0.0.1:1/0"
    async with connected(url) as found:
        assert PASSWORD not in repr(found)
    config = RouterConfig.of(redis_url=url)
    assert PASSWORD not in repr(config)
    assert PASSWORD not in str(list(config.shown()))
