"""Histories in which another program wrote: read as empty, and replaced."""

from typing import Any

import pytest

from hero_router.history.folding import Cells
from hero_router.history.minute_writes import Span
from hero_router.history.rings import MINUTES, RINGS
from hero_router.model import Status
from hero_router.store.history import HistoryStore, Part
from tests.contract.minutes import EVERY_RING, ID, LAST_OF_ALL, changed, minute
from tests.contract.world import KEYS, Store
from tests.support.records import put, record


async def test_what_another_program_put_in_place_of_a_history_is_read_as_empty(
    store: Store, histories: HistoryStore
) -> None:
    names = ["", *(f":{ring.name}{what}" for ring in RINGS for what in ("", ":figures"))]
    for name in (*names, ":transitions"):
        await store.raw.sadd(f"{KEYS.history}:{ID}{name}", "junk")
    found = (await histories.read([ID], [Part(MINUTES, LAST_OF_ALL, 2), *EVERY_RING], log=True))[ID]
    assert (found.span, found.log) == (None, ())
    assert set(found.parts) == {Cells("", "")}


@pytest.mark.parametrize("part", ["", ":minutes", ":minutes:figures", ":transitions"])
async def test_what_another_program_put_in_place_of_a_history_is_replaced(
    store: Store, histories: HistoryStore, part: str
) -> None:
    grant, raw = await store.grant(), store.raw
    await store.registry.apply(grant, [put("a")])
    await histories.write(grant, minute(7))
    await raw.delete(f"{KEYS.history}:{ID}{part}")
    await raw.sadd(f"{KEYS.history}:{ID}{part}", "junk")
    await histories.read([ID], EVERY_RING, log=True)
    await store.registry.apply(grant, [changed(record("a"), Status.UNHEALTHY, 9)])
    await histories.write(grant, minute(8, "u"))
    found = (await histories.read([ID], [Part(MINUTES, 8, 1)], log=True))[ID]
    assert found.parts[0] == ("u", "78")
    assert found.log[-1].to == "unhealthy"
    assert found.span is not None
    assert found.span.last == 8


@pytest.mark.parametrize(("since", "last"), [("x", "7"), ("7", "x"), ("7", "1" * 10)])
async def test_a_history_whose_minutes_are_junk_begins_anew(
    store: Store, histories: HistoryStore, since: str, last: str
) -> None:
    grant, raw = await store.grant(), store.raw
    await store.registry.apply(grant, [put("a")])
    await histories.write(grant, minute(7))
    await raw.hset(f"{KEYS.history}:{ID}", mapping={"since": since, "last": last})
    await histories.write(grant, minute(8, "u"))
    found = (await histories.read([ID], [Part(MINUTES, 7, 2)]))[ID]
    assert (found.parts[0].letters, found.span) == ("-u", Span(8, 8))


async def test_a_minute_of_nine_digits_is_no_junk(store: Store, histories: HistoryStore) -> None:
    """As after a clock that is far off: the year 3871."""
    grant = await store.grant()
    await store.registry.apply(grant, [put("a")])
    for at in (999_999_998, 999_999_999):
        await histories.write(grant, minute(at))
    assert (await histories.read([ID], []))[ID].span == Span(999_999_998, 999_999_999)


async def test_junk_in_the_log_is_left_out(store: Store, histories: HistoryStore) -> None:
    raw: Any = store.raw
    await store.registry.apply(await store.grant(), [changed(record("a"), Status.UNHEALTHY, 9)])
    await raw.lpush(f"{KEYS.history}:{ID}:transitions", b"{", b"\xff", b"[]", b'{"at":"1","to":1}')
    assert len((await histories.read([ID], [], log=True))[ID].log) == 1
