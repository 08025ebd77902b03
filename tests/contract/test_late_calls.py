"""A write that is delayed arrives after its repetition, and after later writes."""

import asyncio
from dataclasses import replace
from typing import Any

import pytest

from hero_router.errors import Fenced, StoreCorrupt, StoreUnreachable
from hero_router.position import ORIGIN
from hero_router.store.registry import Registry
from tests.contract.world import KEYS, WINDOW, Store
from tests.support.records import gone, put, record, report, scanned


class Network(Registry):
    """A registry whose calls can be delivered once more, as they were sent.

    While it is `losing`, none arrives by itself.
    """

    def __init__(self, store: Store) -> None:
        super().__init__(store.raw, KEYS, WINDOW)
        self.sent: list[tuple[list[str], list[str]]] = []
        self.losing = False

    async def _evaluate(self, names: list[str], args: list[str]) -> list[Any]:
        self.sent.append((names, args))
        if self.losing:
            raise StoreUnreachable("it is held up on its way")
        return await super()._evaluate(names, args)

    async def deliver(self, number: int) -> list[Any]:
        """Deliver the n-th call of all, although nobody waits for its reply."""
        return await super()._evaluate(*self.sent[number])


async def test_a_call_that_arrives_after_a_later_one_does_not_take_the_registry_back(
    store: Store,
) -> None:
    grant, network = await store.grant(), Network(store)
    await network.apply(grant, [put("a", 1), scanned("r")], report(1))
    await network.apply(grant, [put("a", 2)], report(2))
    before = await store.contents()
    assert (await network.deliver(0))[0] == b"LATE"
    assert await store.contents() == before


async def test_a_removal_that_arrives_late_does_not_take_a_service_that_came_back(
    store: Store,
) -> None:
    grant, network = await store.grant(), Network(store)
    for change in (put("a", 1), gone("a"), put("a", 1)):
        await network.apply(grant, [change])
    assert (await network.deliver(1))[0] == b"LATE"
    assert list(await store.records()) == [record("a").id]
    assert len(await store.window()) == 3


async def test_a_call_that_arrives_twice_answers_the_head_and_does_nothing_more(
    store: Store,
) -> None:
    """Also if the last state is not the first: then the content alone does not show it."""
    grant, network = await store.grant(), Network(store)
    head = await network.apply(grant, [put("a", 1), put("a", 2)])
    before = await store.contents()
    assert await network.deliver(0) == [b"OK", str(head).encode()]
    assert await store.contents() == before


async def test_a_call_without_a_change_that_arrives_twice_answers_the_origin(store: Store) -> None:
    """There is no stream yet, so no newest position either."""
    grant, network = await store.grant(), Network(store)
    assert await network.apply(grant, []) == ORIGIN
    assert await network.deliver(0) == [b"OK", b"0-0"]


async def test_a_call_that_failed_half_way_is_done_when_it_arrives_again(store: Store) -> None:
    grant, network = await store.grant(), Network(store)
    await store.raw.xadd(KEYS.events, {"a": "b"}, id="9999999999999999999-1")
    with pytest.raises(StoreCorrupt):
        await network.apply(grant, [put("a", 1)])
    await store.raw.delete(KEYS.events)
    assert (await network.deliver(0))[0] == b"OK"
    assert list(await store.records()) == [record("a").id]


async def test_a_call_that_arrives_after_a_later_one_that_failed_half_way_is_refused(
    store: Store,
) -> None:
    """It is not known how much of the later call was done: the earlier one could undo it."""
    grant, network = await store.grant(), Network(store)
    await network.apply(grant, [put("a", 1)])
    held_up = len(network.sent)
    network.losing = True
    with pytest.raises(StoreUnreachable):
        await network.apply(grant, [gone("a")])
    network.losing = False
    await store.raw.rename(KEYS.services, "kept")
    await store.raw.rpush(KEYS.services, "a list")
    with pytest.raises(StoreCorrupt):
        await network.apply(grant, [put("a", 2)])
    await store.raw.rename("kept", KEYS.services)
    before = await store.contents()
    assert (await network.deliver(held_up))[0] == b"LATE"
    assert await store.contents() == before


async def test_a_call_of_an_older_grant_is_fenced_and_numbers_begin_anew(store: Store) -> None:
    network, lease = Network(store), store.lease("s1")
    first = await store.grant("s1")
    for number in (1, 2, 3):
        await network.apply(first, [put("a", number)])
    await lease.release(first)
    await network.apply(await store.grant("s2"), [put("a", 4)])
    before = await store.contents()
    assert (await network.deliver(2))[0] == b"FENCED"
    assert await store.contents() == before


async def test_two_nodes_number_their_calls_apart(store: Store) -> None:
    first, second = await store.grant(node="n1"), await store.grant("s2", node="n2")
    network = Network(store)
    for number in (1, 2, 3):
        await network.apply(first, [put("a", number, "n1")])
    await network.apply(second, [put("a", 1, "n2")])
    assert len(await store.records()) == 2
    assert (await network.deliver(0))[0] == b"LATE"


async def test_calls_made_at_the_same_time_all_take_effect(real: Store) -> None:
    """On two connections they could overtake each other, and the slower one would be late."""
    grant = await real.grant()
    calls = [real.registry.apply(grant, [put(f"s{number}")]) for number in range(60)]
    await asyncio.gather(*calls)
    assert len(await real.records()) == 60


async def test_a_writer_whose_call_came_late_stops_writing(store: Store) -> None:
    """Only a call whose reply is lost can be late; any other late call is an error of the code."""
    grant, network = await store.grant(), Network(store)
    grant = replace(grant, call_numbers=iter((2, 1)))
    await network.apply(grant, [put("a", 1)])
    with pytest.raises(Fenced, match="a later call"):
        await network.apply(grant, [put("a", 2)])
