"""Data of other programs in our keys: left out or a clear error, and recovery after that."""

import json
import logging
from typing import Any

import pytest

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
        "ignored 1 entries of the Redis hash services, because another program has written them"
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
