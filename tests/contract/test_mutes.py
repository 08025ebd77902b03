"""The mutes of services in Redis: kept, replaced, removed; foreign values are left out."""

from dataclasses import replace

import pytest

from hero_router.store.mutes import Mute, MuteStore
from hero_router.strict_json import encode
from tests.contract.world import KEYS, Store

MUTE = Mute("id-a", "a", "shop", "n1", "ann", 1_000, 5_000, "new disk")


async def test_a_mute_is_kept_replaced_and_removed(store: Store) -> None:
    mutes = MuteStore(store.raw, KEYS)
    assert await mutes.read() == {}
    endless = replace(MUTE, id="id-b", until=None)
    await mutes.put(MUTE)
    await mutes.put(endless)
    assert await mutes.read() == {"id-a": MUTE, "id-b": endless}
    await mutes.put(replace(MUTE, note="newer"))
    assert (await mutes.read())["id-a"].note == "newer"
    assert await mutes.remove("id-a", "id-x") == 1
    assert await mutes.read() == {"id-b": endless}


async def test_mutes_that_are_over_are_forgotten_and_others_stay(store: Store) -> None:
    mutes = MuteStore(store.raw, KEYS)
    stays = replace(MUTE, id="id-b", until=5_001)
    endless = replace(MUTE, id="id-c", until=None)
    for mute in (MUTE, stays, endless, replace(MUTE, id="id-d"), replace(MUTE, id="id-e")):
        await mutes.put(mute)
    await store.raw.hset(KEYS.mutes, "junk", "junk")
    assert await mutes.forget(5_000) == 3
    assert await mutes.forget(5_000) == 0
    assert await mutes.read() == {"id-b": stays, "id-c": endless}


async def test_a_mute_that_is_renewed_while_it_is_forgotten_stays(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    mutes, renewed = MuteStore(store.raw, KEYS), replace(MUTE, until=9_000)
    await mutes.put(MUTE)
    read = store.raw.hgetall

    async def read_and_overtaken(name: str) -> object:
        found = await read(name)
        await mutes.put(renewed)
        return found

    with monkeypatch.context() as patch:
        patch.setattr(store.raw, "hgetall", read_and_overtaken)
        assert await mutes.forget(5_000) == 0
    assert await mutes.read() == {"id-a": renewed}


async def test_what_another_program_wrote_is_left_out(store: Store) -> None:
    mutes = MuteStore(store.raw, KEYS)
    await mutes.put(MUTE)
    for number, junk in enumerate(("junk", "{}", "[]", '{"id":"x"}')):
        await store.raw.hset(KEYS.mutes, f"junk{number}", junk)
    await store.raw.hset(KEYS.mutes, "other", (await store.raw.hget(KEYS.mutes, "id-a")) or b"")
    assert await mutes.read() == {"id-a": MUTE}


async def test_a_mute_with_a_value_of_another_type_is_left_out(store: Store) -> None:
    mutes = MuteStore(store.raw, KEYS)
    texts = ("name", "context", "node", "by", "note")
    junk: list[tuple[str, object]] = [(name, 7) for name in texts]
    junk += [("at", True), ("at", "1"), ("at", None), ("until", True), ("until", "1")]
    for number, (name, value) in enumerate(junk):
        key = f"junk{number}"
        await store.raw.hset(KEYS.mutes, key, encode({**MUTE.to_json(), "id": key, name: value}))
    lacking = {**MUTE.to_json(), "id": "lacking"}
    del lacking["until"]
    await store.raw.hset(KEYS.mutes, "lacking", encode(lacking))
    await mutes.put(MUTE)
    assert await mutes.read() == {"id-a": MUTE}


@pytest.mark.parametrize(("now", "holds"), [(4_999, True), (5_000, False)])
def test_a_mute_is_over_at_its_end(now: int, *, holds: bool) -> None:
    assert MUTE.holds_at(now) is holds
    assert replace(MUTE, until=None).holds_at(now)
