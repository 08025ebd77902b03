"""Data of other programs in our keys: left out or a clear error, and recovery after that."""

import json
import logging
from typing import Any

import pytest

from hero_router.errors import StoreCorrupt
from hero_router.position import Position
from hero_router.store.keys import SCHEMA
from hero_router.store.registry import LAST_EPOCH
from tests.contract.world import KEYS, Store
from tests.support.records import put, record, report

RECORD = json.dumps(record("a").to_json())
JUNK_RECORDS = (
    b"",
    b"null",
    b"5",
    b"[]",
    b"{}",
    b"\xff\xfe",
    b'{"id": 1}',
    b"{" * 5000,
    RECORD.replace('"healthy"', '"splendid"', 1).encode(),
    json.dumps({**record("a").to_json(), "sockets": "none"}).encode(),
    json.dumps({**record("a").to_json(), "sockets": [1]}).encode(),
    json.dumps({**record("a").to_json(), "methods": 7}).encode(),
    RECORD.replace('"name"', '"id"').encode(),
    json.dumps({**record("a").to_json(), "first_seen": "yesterday"}).encode(),
    json.dumps({**record("a").to_json(), "title": None}).encode(),
    RECORD.encode(),
    b"cos\nsystem\n(S'false'\ntR.",
)


@pytest.mark.parametrize("junk", JUNK_RECORDS)
async def test_junk_among_the_records_is_passed_over(
    store: Store, junk: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    await store.registry.apply(await store.grant(), [put("good")])
    await store.raw.hset(KEYS.services, "junk", junk)  # under this key, no record is right
    assert [item.name for item in (await store.registry.view("n1")).records.values()] == ["good"]
    assert (
        "left out 1 entries of the hash services in Redis: hero_router did not write them"
        in caplog.text
    )


async def test_junk_is_logged_once_and_not_at_each_scan(
    store: Store, caplog: pytest.LogCaptureFixture
) -> None:
    grant = await store.grant()
    await store.raw.hset(KEYS.services, b"\xff\n", b"junk")
    for number in range(1, 4):
        await store.registry.apply(grant, [put("a", number)])
        await store.registry.view("n1")
    warnings = [item for item in caplog.records if item.levelno == logging.WARNING]
    assert len(warnings) == 1


REPORT = report(node="n2").to_json()


@pytest.mark.parametrize(
    "junk",
    [
        *(b"", b"5", b"{}", b"[1]", b"\xff", b'{"node": "n2"}'),
        *(json.dumps({**REPORT, name: "many"}).encode() for name in ("scan", "duration_ms")),
        json.dumps({**REPORT, "counts": [1]}).encode(),
        json.dumps({**REPORT, "node": "n1"}).encode(),
    ],
)
async def test_junk_among_the_nodes_is_passed_over(store: Store, junk: bytes) -> None:
    await store.registry.apply(await store.grant(), [], report())
    await store.raw.hset(KEYS.nodes, "n2", junk)
    assert list(await store.nodes.list()) == ["n1"]
    assert list((await store.stream.load()).nodes) == ["n1"]


GOOD: dict[Any, Any] = {"type": "service_updated", "node": "n1", "service": "x", "data": "{}"}
JUNK_ENTRIES: tuple[dict[Any, Any], ...] = (
    {"hello": "world"},
    {b"\xff": b"\xfe"},
    {**GOOD, "data": "NaN"},
    {**GOOD, "data": "[]"},
    {**GOOD, "data": b"\xff"},
    {**GOOD, "data": "[" * 100_000},
    {**GOOD, "data": '{"service": {}}'},
    {**GOOD, "data": '{"service": 5}'},
    {**GOOD, "data": json.dumps({"service": record("a").to_json()})},
    {**GOOD, "data": '{"service": {"id": "x", "name": 5}}'},
    {**GOOD, "type": ""},
    {**GOOD, "type": "x\ndata: forged"},
    {**GOOD, "type": "größe"},
    {**GOOD, "type": "resync"},
    {**GOOD, "type": "hello"},
    {"type": "service_updated"},
)


@pytest.mark.parametrize("fields", JUNK_ENTRIES)
async def test_junk_in_the_stream_keeps_its_position_without_content(
    store: Store, fields: dict[Any, Any]
) -> None:
    grant = await store.grant()
    first = await store.registry.apply(grant, [put("a", 1)])
    await store.raw.xadd(KEYS.events, fields, id=str(first.next()))
    last = await store.registry.apply(grant, [put("a", 2)])
    assert last == first.next().next()
    loaded, read = await store.window(), await store.stream.read(first.before())
    assert [event.position for event in loaded] == [first, first.next(), last]
    assert list(loaded) == read
    junk = loaded[1]
    assert (junk.type, junk.node, junk.service, junk.payload, junk.data) == (None, "", "", {}, "{}")


@pytest.mark.parametrize("at", ["", "soon", "-5", "1e3", "²", "9" * 400])
async def test_an_event_without_a_valid_time_has_time_0(store: Store, at: str) -> None:
    await store.raw.xadd(KEYS.events, {**GOOD, "at": at}, id="5-1")
    (event,) = await store.window()
    assert (event.type, event.at) == ("service_updated", 0)


async def test_an_event_of_a_newer_version_is_passed_on(store: Store) -> None:
    """A worker that knows neither its type nor its status must pass its state on."""
    data = {"service": {**record("a").to_json(), "status": "praised", "colour": "red"}}
    fields = {**GOOD, "type": "service_praised", "service": record("a").id, "extra": "new"}
    await store.raw.xadd(KEYS.events, {**fields, "data": json.dumps(data)}, id="5-1")
    (event,) = await store.window()
    assert (event.type, event.payload) == ("service_praised", json.loads(json.dumps(data)))


@pytest.mark.parametrize("data", ['{"a":\t1}', '{"a":\n1}', '{"ä": 1}', '{"a":"\u2028"}', '{"":0}'])
async def test_data_in_another_spelling_becomes_one_line_of_ascii(store: Store, data: str) -> None:
    await store.raw.xadd(KEYS.events, {**GOOD, "data": data}, id="5-1")
    (event,) = await store.window()
    assert event.data.isascii()
    assert event.data.isprintable()
    assert json.loads(event.data) == event.payload == json.loads(data)


async def test_an_id_by_the_clock_begins_a_new_epoch_and_not_a_silent_gap(store: Store) -> None:
    """As XADD with `*` makes them."""
    grant = await store.grant()
    first = await store.registry.apply(grant, [put("a", 1)])
    await store.raw.xadd(KEYS.events, {"x": "y"}, id=f"{first.epoch + 5}-0")
    head = await store.registry.apply(grant, [put("a", 2)])
    assert (head.epoch > first.epoch + 5, head.seq) == (True, 1)


NAMES = ("services", "events", "nodes", "meta")


@pytest.mark.parametrize("name", [*NAMES, "lease"])
async def test_a_key_of_the_wrong_type_is_a_clear_error_and_writes_nothing(
    store: Store, name: str
) -> None:
    """After the key is repaired, all works again."""
    grant = await store.grant()
    await store.registry.apply(grant, [put("a", 1)], report(1))
    key = KEYS.lease("n1") if name == "lease" else getattr(KEYS, name)
    await store.raw.rename(key, "kept")
    await store.raw.rpush(key, "a list")
    with pytest.raises(StoreCorrupt, match="another type"):
        await store.registry.apply(grant, [put("a", 2), put("b", 2)], report(2))
    await store.raw.rename("kept", key)
    assert [json.loads(text)["changed_at"] for text in (await store.records()).values()] == [1]
    assert len(await store.window()) == 1
    await store.registry.apply(grant, [put("a", 2)], report(2))
    assert len(await store.window()) == 2


@pytest.mark.parametrize("name", NAMES)
async def test_readers_raise_the_same_error_and_recover(store: Store, name: str) -> None:
    await store.registry.apply(await store.grant(), [put("a", 1)], report(1))
    key = getattr(KEYS, name)
    await store.raw.rename(key, "kept")
    await store.raw.rpush(key, "a list")
    with pytest.raises(StoreCorrupt):
        await store.stream.load()
    with pytest.raises(StoreCorrupt):
        await store.registry.view("n1")
    await store.raw.rename("kept", key)
    assert len((await store.stream.load()).window) == 1
    assert len((await store.registry.view("n1")).records) == 1


async def test_following_a_key_of_the_wrong_type_is_a_clear_error(real: Store) -> None:
    """On real servers only: fakeredis does not look at the type in XREAD."""
    await real.raw.set(KEYS.events, "text")
    with pytest.raises(StoreCorrupt):
        await real.stream.read(Position(1, 1))
    with pytest.raises(StoreCorrupt):
        await real.stream.head()


BEYOND = ["18446744073709551615-1", "9223372036854775807-3", f"{LAST_EPOCH}-1"]


@pytest.mark.parametrize("last", BEYOND)
async def test_an_id_beyond_all_clocks_is_an_error_that_leaves_no_record_without_its_event(
    store: Store, last: str
) -> None:
    """The event is written first: a record without its event would never reach a page."""
    grant = await store.grant()
    await store.registry.apply(grant, [put("a", 1)])
    before = await store.records()
    await store.raw.xadd(KEYS.events, {"x": "y"}, id=last)
    await store.registry.view("n1")
    with pytest.raises(StoreCorrupt, match="hero_router did not write") as told:
        await store.registry.apply(grant, [put("a", 2)])
    assert last in str(told.value)
    assert str(told.value).endswith(f"redis-cli DEL '{KEYS.events}'")
    assert await store.records() == before
    await store.raw.delete(KEYS.events)
    head = await store.registry.apply(grant, [put("a", 2)])
    assert (head.epoch < 10**13, head.seq) == (True, 1)


@pytest.mark.parametrize(
    ("field", "junk"),
    [("epoch", "junk"), ("epoch", "9" * 19), ("epoch", str(LAST_EPOCH)), ("run_id", "junk")],
)
async def test_junk_in_meta_begins_a_new_epoch(store: Store, field: str, junk: str) -> None:
    grant = await store.grant()
    first = await store.registry.apply(grant, [put("a", 1)])
    await store.raw.hset(KEYS.meta, field, junk)
    second = await store.registry.apply(grant, [put("a", 2)])
    assert (10**13 > second.epoch > first.epoch, second.seq) == (True, 1)


@pytest.mark.parametrize("number", [2**53 - 1, 2**64 - 1])
async def test_a_number_of_an_event_beyond_counting_begins_a_new_epoch(
    store: Store, number: int
) -> None:
    grant = await store.grant()
    first = await store.registry.apply(grant, [put("a", 1)])
    await store.raw.xadd(KEYS.events, {"x": "y"}, id=f"{first.epoch}-{number}")
    second = await store.registry.apply(grant, [put("a", 2)])
    assert (second.epoch > first.epoch, second.seq) == (True, 1)


async def test_a_fence_that_is_no_number_is_a_clear_error(store: Store) -> None:
    await store.raw.hset(KEYS.meta, "fence", "junk")
    with pytest.raises(StoreCorrupt, match="fencing token"):
        await store.lease().acquire()
    await store.raw.hdel(KEYS.meta, "fence")
    assert await store.lease().acquire()


async def test_the_first_write_notes_which_layout_the_data_have(store: Store) -> None:
    """Else no other version could know that it must not touch them."""
    await store.registry.apply(await store.grant(), [])
    assert await store.raw.hget(KEYS.meta, "schema") == str(SCHEMA).encode()


async def test_the_layout_of_another_version_is_neither_read_nor_written(store: Store) -> None:
    """The error names both versions."""
    grant = await store.grant()
    await store.registry.apply(grant, [put("a", 1)])
    await store.raw.hset(KEYS.meta, "schema", str(SCHEMA + 1))
    before = await store.contents()
    told = rf"of another version of hero_router \(schema {SCHEMA + 1}, here {SCHEMA}\)"
    with pytest.raises(StoreCorrupt, match=told):
        await store.registry.apply(grant, [put("a", 2)])
    with pytest.raises(StoreCorrupt, match=told):
        await store.stream.load()
    assert await store.contents() == before
    await store.raw.hset(KEYS.meta, "schema", str(SCHEMA))
    assert await store.registry.apply(grant, [put("a", 2)])


@pytest.mark.parametrize("junk", [b"\xff junk", b"", b"s9:7"])
async def test_a_lease_that_never_ends_is_respected_and_the_error_names_the_key_to_delete(
    store: Store, junk: bytes
) -> None:
    """No scanner writes such a lease; as long as it exists, no scanner can take the node."""
    key = KEYS.lease("n1")
    await store.raw.set(key, junk)
    with pytest.raises(StoreCorrupt) as told:
        await store.lease("s1").acquire()
    assert key in str(told.value)
    assert str(told.value).endswith(f"redis-cli DEL '{key}'")
    assert await store.raw.get(key) == junk
    await store.raw.delete(key)
    assert await store.lease("s1").acquire()


async def test_the_error_about_a_junk_lease_is_one_short_line(store: Store) -> None:
    await store.raw.set(KEYS.lease("n1"), "x\n\x1b[31m" + "y" * 10_000)
    with pytest.raises(StoreCorrupt) as told:
        await store.lease("s1").acquire()
    assert str(told.value).isprintable()
    assert len(str(told.value)) < 300


async def test_the_error_about_a_junk_lease_quotes_sixty_characters_of_it(store: Store) -> None:
    await store.raw.set(KEYS.lease("n1"), "y" * 61)
    with pytest.raises(StoreCorrupt, match=f"holds '{'y' * 59}…'; delete it"):
        await store.lease("s1").acquire()


async def test_a_junk_lease_that_ends_by_itself_is_another_scanners(store: Store) -> None:
    await store.raw.set(KEYS.lease("n1"), b"\xff junk", px=60_000)
    assert await store.lease("s1").acquire() is None
