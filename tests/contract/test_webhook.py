"""The webhook's store: one writer at a time, states and messages in one step, a bounded queue."""

from typing import Any

import pytest

from hero_router.errors import Fenced
from hero_router.position import Position
from hero_router.store import webhook
from hero_router.store.client import text
from hero_router.store.lease import Grant, Lease
from hero_router.store.webhook import WebhookStatus, WebhookStore
from tests.contract.world import KEYS, Store

HERE = Position(5, 7)


async def granted(store: Store, sender: str = "s1") -> Grant | None:
    lease = Lease(store.raw, KEYS, "n1", sender, 60, KEYS.webhook_lease)
    return await lease.acquire()


async def test_what_was_written_is_read_again(store: Store) -> None:
    hooks = WebhookStore(store.raw, KEYS)
    empty = await hooks.load()
    assert (empty.cursor, empty.services, empty.lost) == (None, {}, frozenset())
    grant = await granted(store)
    assert grant is not None
    await hooks.write(grant, HERE, {"a": "1", "b": "2"}, {"n1": True, "n2": True}, ["m1", "m2"])
    await hooks.write(grant, HERE.next(), {"b": None}, {"n2": False}, ["m3"])
    found = await hooks.load()
    assert found.cursor == HERE.next()
    assert (found.services, found.lost) == ({"a": "1"}, frozenset({"n1"}))
    for message in (b"m1", b"m2", b"m3"):
        assert await hooks.first() == message
        await hooks.remove(message)
    assert await hooks.first() is None


async def test_one_sender_at_a_time_and_a_late_one_writes_nothing(store: Store) -> None:
    hooks, grant = WebhookStore(store.raw, KEYS), await granted(store)
    assert grant is not None
    assert await granted(store, "s2") is None
    await store.raw.delete(KEYS.webhook_lease)
    with pytest.raises(Fenced, match="held by nobody"):
        await hooks.write(grant, HERE, {"a": "1"}, {}, ["m1"])
    later = await granted(store, "s2")
    assert later is not None
    assert later.token > grant.token
    with pytest.raises(Fenced, match="held by s2"):
        await hooks.write(grant, HERE, {"a": "1"}, {}, ["m1"])
    assert (await hooks.load()).cursor is None
    assert await hooks.first() is None


async def test_a_full_queue_drops_the_oldest_and_counts_them(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(webhook, "MOST_WAITING", 3)
    hooks, grant = WebhookStore(store.raw, KEYS), await granted(store)
    assert grant is not None
    await hooks.write(grant, HERE, {}, {}, [f"m{number}" for number in range(5)])
    assert await hooks.first() == b"m2"
    assert await hooks.dropped() == 2
    await hooks.remove(b"m2", dropped=True)
    assert await hooks.dropped() == 3
    status = await hooks.status()
    assert status is not None
    assert status.dropped == 3
    await hooks.told_dropped(3)
    assert await hooks.dropped() == 0


async def test_an_operator_sees_what_waits_and_what_became_of_the_last_messages(
    store: Store,
) -> None:
    hooks = WebhookStore(store.raw, KEYS)
    assert await hooks.status() is None, "nobody has ever sent webhooks"
    grant = await granted(store)
    assert grant is not None
    await hooks.write(grant, HERE, {}, {}, ["m1", "m2", "m3"])
    assert await hooks.status() == WebhookStatus(True, 3, 0, None, None, "", None)
    await hooks.failed("no answer in 10 s", 5_000)
    await hooks.failed("it answers with status 500", 7_000)
    words = "it answers with status 500"
    assert await hooks.status() == WebhookStatus(True, 3, 0, None, 7_000, words, 5_000)
    await hooks.remove(b"m1", dropped=True)
    await hooks.sent(b"m2", 9_000)
    assert await hooks.status() == WebhookStatus(True, 1, 1, 9_000, 7_000, words, None)
    await hooks.told_dropped(1)
    await hooks.failed(words, 9_500)
    await store.raw.delete(KEYS.webhook_lease)
    found = await hooks.status()
    assert found is not None
    assert (found.has_sender, found.dropped, found.is_failing) == (False, 1, False)
    assert found.failing_since == 9_500


@pytest.mark.parametrize(("more", "dropped"), [(1, 0), (2, 0), (3, 1)])
async def test_only_what_a_full_queue_cannot_hold_is_dropped(
    store: Store, monkeypatch: pytest.MonkeyPatch, more: int, dropped: int
) -> None:
    monkeypatch.setattr(webhook, "MOST_WAITING", 3)
    hooks, grant = WebhookStore(store.raw, KEYS), await granted(store)
    assert grant is not None
    await hooks.write(grant, HERE, {}, {}, ["m0"])
    messages = [f"m{number}" for number in range(1, more + 1)]
    await hooks.write(grant, HERE.next(), {}, {}, messages)
    raw: Any = store.raw
    waiting = [text(each) for each in await raw.lrange(KEYS.webhook_queue, 0, -1)]
    assert waiting == ["m0", *messages][dropped:]
    assert (await raw.hget(KEYS.webhook, webhook.DROPPED)) == (b"%d" % dropped if dropped else None)


async def test_many_states_are_written_in_steps_and_the_position_comes_last(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(webhook, "FIELDS_AT_ONCE", 4)
    hooks, grant = WebhookStore(store.raw, KEYS), await granted(store)
    assert grant is not None
    many = {f"s{number}": "x" for number in range(10)}
    await hooks.write(grant, HERE, many, {}, ["m1"])
    found = await hooks.load()
    assert (found.services, found.cursor) == (many, HERE)
    assert await store.raw.llen(KEYS.webhook_queue) == 1
