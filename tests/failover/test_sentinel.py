"""Sentinels that need TLS and a login of their own, which differs from that of the servers."""

import re
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from urllib.parse import urlencode

import pytest

from hero_router.errors import StoreError, StoreRefused, StoreUnreachable
from hero_router.settings.redis import RedisSettings
from hero_router.store import client
from hero_router.store.client import connect
from hero_router.store.keys import Keys
from hero_router.store.lease import Lease
from tests.failover.witness import begins_again, following
from tests.support.certificates import Certificate, certificate
from tests.support.replication import PRIMARY, Pair, Sentinel, ask
from tests.support.wait import eventually

pytestmark = pytest.mark.usefixtures("patient")

PAGE = Path(__file__).resolve().parent.parent.parent / "docs" / "deployment.md"
DATA, ASKING, WRONG = "hunter2-data", "hunter2-asking", "hunter2-wrong"


@pytest.fixture
def ours(tmp_path: Path) -> Certificate:
    """The certificate of all servers."""
    return certificate(tmp_path, "ours")


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """A file with the password of the data servers."""
    made = tmp_path / "password"
    made.write_text(f"{DATA}\n")
    return made


@pytest.fixture
async def pair(ours: Certificate) -> AsyncIterator[Pair]:
    """A primary with a replica; both know the user `router`."""
    made = Pair(ours)
    try:
        await made.start()
        for server in (made.primary, made.replica):
            ask(server, "ACL", "SETUSER", "router", "on", f">{DATA}", "~*", "&*", "+@all")
        yield made
    finally:
        made.close()


@pytest.fixture
def sentinel(pair: Pair, ours: Certificate) -> Iterator[Sentinel]:
    """A Sentinel with the user `asker` alone, whose rights are those in docs/deployment.md."""
    found = re.search(r"`ACL SETUSER asker on >… (.*?)`", PAGE.read_text("utf-8"))
    assert found is not None
    made = Sentinel(pair, ours, f"asker on >{ASKING} {found[1]}")
    try:
        made.start()
        yield made
    finally:
        made.close()


def address(sentinel: Sentinel, trusted: Path, scheme: str = "rediss", **login: str) -> str:
    """The URL for hero_router; the first Sentinel in it is dead."""
    port = sentinel.tls_port if scheme == "rediss" else sentinel.port
    asking = {f"sentinel_{name}": value for name, value in login.items()}
    options = asking | ({"ssl_ca_certs": str(trusted)} if scheme == "rediss" else {})
    place = f"router@127.0.0.1:1,127.0.0.1:{port}/{PRIMARY}/0"
    return f"{scheme}+sentinel://{place}?{urlencode(options)}"


LOGIN = {"username": "asker", "password": ASKING}


async def leases(to: RedisSettings) -> bool:
    """Whether a lease can be taken there. Raises StoreError."""
    asking = connect(to, name="test")
    try:
        return await Lease(asking, Keys(), "n1", "s1", 10).acquire() is not None
    finally:
        await asking.aclose()


async def test_a_worker_follows_the_primary_over_tls_with_both_logins(
    pair: Pair, sentinel: Sentinel, ours: Certificate, file: Path
) -> None:
    backplane = RedisSettings(address(sentinel, ours.file, **LOGIN), password_file=str(file))
    async with following(backplane) as (hand, live, witness):
        await sentinel.knows()
        await pair.in_step()
        await witness.agrees(hand, await hand.change("s1"))
        await sentinel.fail_over(pair)
        await begins_again(hand)
        await witness.agrees(hand, await hand.change("s2"))
        assert witness.resyncs in ([], [None])
        await eventually(live.is_ready, message="the worker is ready again")

        def tails() -> list[str]:
            clients: list[str] = ask(pair.replica, "CLIENT", "LIST").decode().splitlines()
            return [line for line in clients if " name=tail " in line]

        await eventually(lambda: len(tails()) == 1, message="one connection follows")
        assert " user=router " in tails()[0]


async def test_neither_login_opens_what_the_other_one_is_for(
    pair: Pair, sentinel: Sentinel, ours: Certificate, file: Path
) -> None:
    """An error names the server that refused, and no text holds a password."""
    asked = r"^the Sentinel or Cluster node at 127.0.0.1:\d+ refuses the user or password$"
    data = r"^Redis at 127.0.0.1:\d+ refuses the user or password$"
    for login, password, told in (
        ({"username": "asker", "password": DATA}, DATA, asked),
        ({"username": "router", "password": DATA}, DATA, asked),
        (LOGIN, ASKING, data),
        (LOGIN, WRONG, data),
    ):
        write(file, password)
        with pytest.raises(StoreRefused, match=told) as refused:
            await leases(
                RedisSettings(address(sentinel, ours.file, **login), password_file=str(file))
            )
        assert_hides(refused.value)


def write(file: Path, password: str) -> None:
    file.write_text(password)


def assert_hides(error: BaseException | None) -> None:
    """No text of an error, or of its causes, holds a password."""
    while error is not None:
        assert "hunter2" not in repr(error) + str(error)
        error = error.__cause__ or error.__context__


async def test_a_sentinel_is_asked_only_over_trusted_tls(
    sentinel: Sentinel,
    ours: Certificate,
    tmp_path: Path,
    file: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The answer of a foreign server, or one without TLS, could lead anywhere."""
    monkeypatch.setattr(client, "FINDER_SECONDS", 1.0)  # who expects no TLS is silent
    other = certificate(tmp_path, "other")
    for url in (
        address(sentinel, other.file, **LOGIN),
        address(sentinel, ours.file, **LOGIN).replace(str(sentinel.tls_port), str(sentinel.port)),
    ):
        with pytest.raises(StoreUnreachable, match="no Sentinel or Cluster node names"):
            await leases(RedisSettings(url, password_file=str(file)))
    # The Sentinel answers in the clear too, but what it names speaks nothing but TLS.
    with pytest.raises(StoreError):
        await leases(
            RedisSettings(address(sentinel, ours.file, "redis", **LOGIN), password_file=str(file))
        )
