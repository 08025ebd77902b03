"""Each refusal by a real Redis has its own error and message, without a password."""

import contextlib
import os
import re
from collections.abc import Awaitable, Callable

import pytest
from redis import exceptions
from redis.asyncio import Redis

from hero_router.errors import (
    StoreFull,
    StoreLoading,
    StoreReadOnly,
    StoreRefused,
    StoreUnreachable,
)
from tests.contract.refusal import PASSWORD, WRONG, Start, acquire, ask, connected, load, refusal
from tests.support.redis import client
from tests.support.wait import eventually


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
    """A server that is loading serves its clients once in 2 MB: here each half second, for 10 s."""
    server = start()
    admin = client(server.url)
    for number in range(40):
        admin.set(f"k{number}", os.urandom(1_000_000))
    admin.save()
    server.kill()
    server.launch("--key-load-delay", "250000")

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
