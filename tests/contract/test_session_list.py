"""The record of browser sessions: kept until they end or are ended, bounded, nothing foreign."""

import time
from dataclasses import asdict, replace

import pytest

from hero_router.errors import StoreCorrupt
from hero_router.store import session_list
from hero_router.store.revoked_sessions import RevokedSessions
from hero_router.store.session_list import BrowserSession, SessionListStore
from hero_router.strict_json import encode
from tests.contract.world import KEYS, Store

HOUR_MS = 3_600_000
NOW = int(time.time() * 1000)

ONE = BrowserSession(
    id="one", name="ann", way="token", roles=["admin", "viewer"], contexts=None,
    address="192.0.2.7", user_agent="Firefox", at=NOW, until=NOW + HOUR_MS,
)  # fmt: skip
TWO = replace(ONE, id="two", way="oidc", contexts=["shop"], at=NOW + 1, until=NOW + 2 * HOUR_MS)


@pytest.fixture
def record(store: Store) -> SessionListStore:
    return SessionListStore(store.raw, KEYS)


async def put(record: SessionListStore, *sessions: BrowserSession) -> None:
    for each in sessions:
        await record.put(each, NOW)


async def test_sessions_are_read_by_all_the_newest_first(
    store: Store, record: SessionListStore
) -> None:
    assert await record.read(NOW) == []
    await put(record, ONE, TWO, ONE)
    assert await SessionListStore(store.client(), KEYS).read(NOW) == [TWO, ONE]


async def test_a_session_that_is_over_is_not_read_and_leaves_with_the_next(
    store: Store, record: SessionListStore
) -> None:
    await put(record, ONE, TWO)
    assert await record.read(ONE.until) == [TWO]
    assert await store.raw.hexists(KEYS.sessions, "one")
    await record.put(replace(TWO, id="three"), ONE.until)
    assert not await store.raw.hexists(KEYS.sessions, "one")
    assert await store.raw.zrange(KEYS.session_ends, 0, -1) == [b"three", b"two"]


async def test_a_session_that_was_ended_before_it_was_recorded_is_not_told(
    store: Store, record: SessionListStore
) -> None:
    """As where Redis was away when it began."""
    revoked = RevokedSessions(store.raw, KEYS)
    await revoked.revoke("one", ONE.until)
    await put(record, ONE, TWO)
    assert await revoked.recorded() == [TWO]
    await revoked.revoke_all()
    await put(record, ONE, TWO, replace(TWO, id="later", at=NOW + HOUR_MS))
    assert [each.id for each in await revoked.recorded()] == ["later"]


async def test_a_session_whose_worker_has_a_clock_ahead_ends_with_all(
    store: Store, record: SessionListStore
) -> None:
    revoked, mine = RevokedSessions(store.raw, KEYS), replace(ONE, id="mine", at=NOW + HOUR_MS)
    await put(record, mine, replace(mine, id="other"))
    await revoked.revoke_all("mine", mine.at)
    found = await revoked.read()
    assert [found.ended(each, mine.at) for each in ("mine", "other")] == [False, True]


async def test_nothing_stays_in_redis_after_the_last_session(
    store: Store, record: SessionListStore
) -> None:
    await put(record, TWO, ONE)
    for key in (KEYS.sessions, KEYS.session_ends):
        assert HOUR_MS < await store.raw.pttl(key) <= 2 * HOUR_MS


async def test_the_record_is_bounded_and_keeps_those_that_end_last(
    store: Store, record: SessionListStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(session_list, "MOST_SESSIONS", 2)
    await put(record, TWO, ONE, replace(TWO, id="three", at=NOW + 2))
    assert [each.id for each in await record.read(NOW)] == ["three", "two"]
    assert await store.raw.hlen(KEYS.sessions) == await store.raw.zcard(KEYS.session_ends) == 2


async def test_a_session_that_is_ended_leaves_the_record(
    store: Store, record: SessionListStore
) -> None:
    await put(record, ONE, TWO)
    await RevokedSessions(store.raw, KEYS).revoke("one")
    assert await record.read(NOW) == [TWO]
    await put(record, replace(ONE, id="three"))
    await RevokedSessions(store.raw, KEYS).revoke_all("two", TWO.at)
    assert await record.read(NOW) == [TWO]
    assert await store.raw.zrange(KEYS.session_ends, 0, -1) == [b"two"]
    await RevokedSessions(store.raw, KEYS).revoke_all()
    assert await record.read(NOW) == []
    assert not await store.raw.exists(KEYS.sessions, KEYS.session_ends)


@pytest.mark.parametrize(
    "junk", ["junk", "{}", "[]", '{"id":"x"}', '{"id":"one"}', "null", '"x"'], ids=repr
)
async def test_what_another_program_wrote_is_left_out(
    store: Store, record: SessionListStore, junk: str
) -> None:
    await put(record, ONE, TWO)
    await store.raw.hset(KEYS.sessions, "one", junk)
    assert await record.read(NOW) == [TWO]


@pytest.mark.parametrize(
    "change",
    [{"roles": "admin"}, {"contexts": [1]}, {"at": True}, {"until": "soon"}, {"name": 1}],
    ids=repr,
)
async def test_a_session_with_values_of_other_types_is_left_out(
    store: Store, record: SessionListStore, change: dict[str, object]
) -> None:
    await put(record, TWO)
    await store.raw.hset(KEYS.sessions, "one", encode({**asdict(ONE), **change}))
    assert await record.read(NOW) == [TWO]


async def test_a_record_of_another_type_is_an_error_and_hinders_no_end_of_a_session(
    store: Store, record: SessionListStore
) -> None:
    await store.raw.set(KEYS.sessions, "x")
    with pytest.raises(StoreCorrupt):
        await record.read(NOW)
    with pytest.raises(StoreCorrupt):
        await put(record, ONE)
    revoked = RevokedSessions(store.raw, KEYS)
    await revoked.revoke("one", NOW + HOUR_MS)
    await revoked.revoke_all("two", TWO.at)
    found = await revoked.read()
    assert (found.ids, found.spared) == (frozenset({"one"}), "two")
