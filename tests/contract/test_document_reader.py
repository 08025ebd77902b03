"""Documents of services in Redis: written with the record that names them, read by digest."""

import itertools
from typing import Any

import pytest

from hero_router.errors import Fenced, StoreCorrupt
from hero_router.store import write_batches
from hero_router.store.document_reader import SpecReader
from hero_router.strict_json import encode
from tests.contract.world import KEYS, Store
from tests.support.records import put, report

DOCUMENT: dict[str, Any] = {"openrpc": "1.3.2", "methods": [{"name": "add"}]}
TEXT = encode(DOCUMENT)


def reader(store: Store) -> SpecReader:
    return SpecReader(store.raw, KEYS)


async def test_a_document_is_written_with_its_record_and_read_by_its_digest(store: Store) -> None:
    grant = await store.grant()
    await store.registry.apply(grant, [put(document="d1")], documents={"d1": TEXT})
    assert await reader(store).read("n1", "d1") == DOCUMENT
    assert await store.registry.documents("n1") == {"d1": len(TEXT)}
    (record,) = (await store.registry.view("n1")).records.values()
    assert record.document == "d1"


async def test_a_document_that_is_not_kept_is_none(store: Store) -> None:
    assert await reader(store).read("n1", "d1") is None
    await store.registry.apply(await store.grant(), [], documents={"d1": TEXT})
    assert await reader(store).read("n2", "d1") is None
    assert await store.registry.documents("n2") == {}


async def test_documents_come_and_go_without_an_event(store: Store) -> None:
    grant = await store.grant()
    await store.registry.apply(grant, [put()])
    head = await store.stream.head()
    await store.registry.apply(grant, [], documents={"d1": TEXT, "d2": TEXT})
    await store.registry.apply(grant, [], report(), documents={"d1": ""})
    assert await store.registry.documents("n1") == {"d2": len(TEXT)}
    assert await store.stream.head() == head


async def test_a_scanner_without_the_lease_writes_and_removes_no_document(store: Store) -> None:
    old = await store.grant("s1")
    await store.registry.apply(old, [], documents={"d1": TEXT})
    await store.lease("s1").release(old)
    await store.grant("s2")
    with pytest.raises(Fenced):
        await store.registry.apply(old, [], documents={"d1": "", "d2": TEXT})
    assert await store.registry.documents("n1") == {"d1": len(TEXT)}


async def test_where_a_document_cannot_be_written_no_record_names_it(store: Store) -> None:
    grant, changes = await store.grant(), [put(document="d1")]
    await store.raw.rpush(KEYS.specs("n1"), "a list")
    with pytest.raises(StoreCorrupt):
        await store.registry.apply(grant, changes, documents={"d1": TEXT})
    assert await store.records() == {}


async def test_documents_go_with_a_forgotten_node(store: Store) -> None:
    await store.registry.apply(await store.grant(), [put()], documents={"d1": TEXT})
    await store.lease("s1").release(await store.grant())
    await store.registry.forget(await store.grant("forget"))
    assert await store.registry.documents("n1") == {}
    assert KEYS.specs("n1") not in await store.contents()


@pytest.mark.parametrize("junk", [b"", b"\xff", b"[]", b"{", b"7"])
async def test_what_a_foreign_hand_wrote_is_no_document(store: Store, junk: bytes) -> None:
    await store.raw.hset(KEYS.specs("n1"), "d1", junk)
    assert await reader(store).read("n1", "d1") is None


async def test_many_large_documents_are_written_in_several_steps_each_with_its_record(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One step with all of them would hold Redis for long."""
    monkeypatch.setattr(write_batches, "DOCUMENT_BATCH", 100)
    calls: list[tuple[list[str], list[str]]] = []
    step = store.registry._step

    async def watched(grant: Any, changes: Any, state: str, documents: Any) -> Any:
        calls.append(([change.record.document for change in changes], list(documents)))
        return await step(grant, changes, state, documents)

    monkeypatch.setattr(store.registry, "_step", watched)
    texts = {f"d{number}": encode({"x": "y" * 40}) for number in range(6)}
    changes = [put(f"s{number}", document=f"d{number % 5}") for number in range(7)]
    await store.registry.apply(await store.grant(), changes, report(), documents=texts)
    assert (await store.registry.documents("n1")).keys() == texts.keys()
    assert list(itertools.chain(*(documents for _, documents in calls))) == sorted(texts)
    assert all(len(documents) <= 2 for _, documents in calls)
    seen = set[str]()
    for named, documents in calls:
        seen |= set(documents)
        assert set(named) <= seen
    assert len((await store.registry.view("n1")).records) == 7
    assert (await store.registry.view("n1")).report == report()
