"""The follower of access while Redis is away, or holds what hero_router did not write."""

import asyncio
import logging
from collections.abc import Callable, Collection
from dataclasses import replace
from ipaddress import ip_network

import pytest
from fakeredis import FakeServer

from hero_router.access.attempts import FailedAttempts
from hero_router.access.authenticator import Authenticator, LiveAccess
from hero_router.access.ip_allowlist import AllowedNetworks
from hero_router.access.principal import Principal, PrincipalKind
from hero_router.access.rules_from_settings import load_rules
from hero_router.errors import StoreCorrupt
from hero_router.settings.access import AccessSettings
from hero_router.store.client import Redis, connect
from hero_router.store.ip_allowlist import REVISION, AllowList
from hero_router.store.keys import Keys
from hero_router.store.revoked_sessions import Revocations, RevokedSessions
from hero_router.web import access_follower
from hero_router.web.access_follower import AccessFollower, Predicate
from tests.support.fake_redis import fake_redis
from tests.support.ports import free_port
from tests.support.wait import eventually

NOW_MS = 1_000

HOP = Principal(address="192.0.2.9", kind=PrincipalKind.HOP, peer="b")
SESSION = Principal("ann", address="10.1.0.1", session="s", issued_ms=1, expires_ms=2_000)
GUEST = Principal(address="10.2.0.1")

KEYS = Keys()

KNOWN = LiveAccess(AllowedNetworks([ip_network("10.2.0.0/16")]), Revocations())


def following(
    client: Redis,
    now_ms: Callable[[], int],
    end_where: Callable[[Predicate], None],
    peers: Collection[str] = (),
) -> AccessFollower:
    """A follower of this Redis, of a router with a list of addresses."""
    rules = load_rules(AccessSettings(allow_ips="10.1.0.0/16"))
    return AccessFollower(
        Authenticator(rules, FailedAttempts(), peers.__contains__),
        AllowList(client, KEYS),
        RevokedSessions(client, KEYS),
        now_ms,
        [end_where],
    )


def test_a_revocation_is_seen_within_five_seconds() -> None:
    """As the documentation says: two polls, as the first may just have begun, and a second."""
    assert 2 * access_follower.POLL_SECONDS + 1 <= 5


@pytest.mark.parametrize("known", [KNOWN, None], ids=["after an answer", "without any answer"])
async def test_without_redis_a_removed_peer_and_an_expired_session_end_and_others_go_on(
    known: LiveAccess | None, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(access_follower, "POLL_SECONDS", 0.01)
    peers, now_ms = {"b", "c"}, NOW_MS
    held = {HOP, replace(HOP, peer="c"), SESSION, replace(SESSION, expires_ms=9_000)}
    held |= {GUEST} if known else set()
    polls = 0

    def end_where(predicate: Predicate) -> None:
        nonlocal polls
        polls += 1
        held.difference_update([*filter(predicate, held)])

    async with connect(f"redis://127.0.0.1:{free_port()}", name="test") as client:
        follower = following(client, lambda: now_ms, end_where, peers)
        follower.live = known
        with caplog.at_level(logging.WARNING, access_follower.log.name):
            running = asyncio.create_task(follower.run())
            before = set(held)
            await eventually(lambda: polls > 1, message="a second poll")
            assert held == before
            peers.remove("b")
            await eventually(lambda: HOP not in held, message="the hop of the removed peer ends")
            now_ms = 2_000
            await eventually(lambda: SESSION not in held, message="the expired session ends")
            running.cancel()
        assert held == before - {HOP, SESSION}
        assert len(caplog.records) == 1


async def test_a_corrupt_list_of_addresses_hides_no_sign_out_and_the_other_way_round() -> None:
    client, held = fake_redis(FakeServer()), {SESSION, GUEST}
    listed, revoked = AllowList(client, KEYS), RevokedSessions(client, KEYS)

    def end_where(predicate: Predicate) -> None:
        held.difference_update([*filter(predicate, held)])

    follower = following(client, lambda: NOW_MS, end_where)
    await listed.add(ip_network("10.2.0.0/16"))
    await follower.look()
    assert held == {SESSION, GUEST}
    await client.hset(KEYS.allow, REVISION, "junk")
    await revoked.revoke(SESSION.session)
    with pytest.raises(StoreCorrupt, match="list of allowed addresses"):
        await follower.look()
    assert held == {GUEST}
    await client.set(KEYS.revoked_before, "junk")
    await listed.clear()
    with pytest.raises(StoreCorrupt, match="browser sessions"):
        await follower.look()
    assert held == set()
    assert follower.live is not None
    assert follower.live.revocations.ids == {SESSION.session}


async def test_sessions_are_known_from_the_start_although_the_list_of_addresses_is_corrupt() -> (
    None
):
    client = fake_redis(FakeServer())
    await client.hset(KEYS.allow, REVISION, "junk")
    follower = following(client, lambda: NOW_MS, lambda _: None)
    with pytest.raises(StoreCorrupt):
        await follower.look()
    assert follower.live == LiveAccess(AllowedNetworks(), Revocations())
    await client.delete(KEYS.allow)
    await client.set(KEYS.revoked_before, "junk")
    follower = following(client, lambda: NOW_MS, lambda _: None)
    with pytest.raises(StoreCorrupt):
        await follower.look()
    assert follower.live is None, "a session that was ended could be admitted"
