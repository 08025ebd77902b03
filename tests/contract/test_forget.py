"""`Registry.forget`: a node is removed in one step, with an event for each of its services."""

import json

import pytest

from hero_router.errors import Fenced
from hero_router.strict_json import encode
from tests.contract.world import KEYS, Store
from tests.support.records import put, record, report


async def known_twice(store: Store) -> None:
    """Two nodes with services, reports and probe results."""
    for node, scanner in (("n1", "s1"), ("n2", "s2")):
        lease = store.lease(scanner, node)
        grant = await lease.acquire()
        assert grant is not None
        await store.registry.apply(grant, [put("a", 1, node), put("b", 1, node)], report(node=node))
        await store.registry.write_probes(node, {"x": {"latency_ms": 1}})
        await lease.release(grant)


async def test_a_forgotten_node_leaves_nothing_and_each_of_its_services_is_removed_with_an_event(
    store: Store,
) -> None:
    await known_twice(store)
    head = await store.stream.head()
    assert await store.registry.forget(await store.grant("forget", "n1")) == 2
    told = [event for event in await store.window() if event.position > head]
    assert [(event.type, event.node) for event in told] == [("service_removed", "n1")] * 2
    assert {event.service for event in told} == {record("a").id, record("b").id}
    assert {json.loads(event.data)["reason"] for event in told} == {"forgotten"}
    contents = await store.contents()
    assert set(contents[KEYS.nodes]) == {b"n2"}
    assert KEYS.probes("n1") not in contents
    assert KEYS.probes("n2") in contents
    assert b"call:n1" not in contents[KEYS.meta]
    assert b"call:n2" in contents[KEYS.meta]
    assert {json.loads(text)["node"] for text in (await store.records()).values()} == {"n2"}


async def test_a_node_of_which_only_its_services_are_left_can_be_forgotten(store: Store) -> None:
    await known_twice(store)
    await store.raw.hdel(KEYS.nodes, "n1")
    assert await store.registry.nodes() == {"n1", "n2"}
    await store.registry.forget(await store.grant("forget", "n1"))
    assert await store.registry.nodes() == {"n2"}


async def test_records_of_a_newer_version_are_forgotten_too(store: Store) -> None:
    """Workers show such records, so their removal needs events too."""
    newer = {**record("a").to_json(), "status": "praised"}
    await store.raw.hset(KEYS.services, record("a").id, encode(newer))
    assert await store.registry.forget(await store.grant("forget", "n1")) == 1
    assert await store.records() == {}


async def test_without_the_lease_nothing_is_forgotten(store: Store) -> None:
    await known_twice(store)
    grant = await store.grant("forget", "n1")
    await store.raw.set(KEYS.lease("n1"), "s9:9", px=60_000)
    before = await store.contents()
    with pytest.raises(Fenced):
        await store.registry.forget(grant)
    assert await store.contents() == before


async def test_to_forget_twice_is_no_second_event(store: Store) -> None:
    await known_twice(store)
    grant = await store.grant("forget", "n1")
    await store.registry.forget(grant)
    head = await store.stream.head()
    assert await store.registry.forget(grant) == 0
    assert await store.stream.head() == head


async def test_a_forgotten_node_that_comes_back_is_published_again(store: Store) -> None:
    await known_twice(store)
    await store.registry.forget(await store.grant("forget", "n1"))
    await store.raw.delete(KEYS.lease("n1"))
    await store.registry.apply(await store.grant(), [put("a")], report())
    assert (await store.window())[-1].type == "service_updated"
    assert await store.registry.nodes() == {"n1", "n2"}
