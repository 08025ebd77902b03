"""What the page makes of a worker's doubts: from the stream, or from the state without one."""

import pytest

from tests.page.store import PageStore, condition, service

pytestmark = pytest.mark.asyncio(loop_scope="session")

A = service("a")


async def test_a_lost_nodes_services_are_shown_unknown_until_it_is_back(store: PageStore) -> None:
    there = service("there", node="n2")
    await store.started("1-5", A, there)
    await store.stale("scanner", "n2")
    assert await store.shown() == {"a": "healthy", "there": "unknown"}
    await store.fresh("scanner", "n2")
    assert await store.wants()
    assert await store.snapshot("1-5", A, there)
    assert await store.shown() == {"a": "healthy", "there": "healthy"}


async def test_a_doubt_about_redis_leaves_the_last_state_as_it_is(store: PageStore) -> None:
    await store.started("1-5", A)
    await store.stale("redis")
    assert await store.shown() == {"a": "healthy"}
    await store.fresh("redis")
    assert not await store.wants()


async def test_hello_clears_the_doubts_that_nobody_ended(store: PageStore) -> None:
    await store.started("1-5", A)
    await store.stale("redis")
    await store.stale("scanner", "n1")
    await store.hello("1-5")
    assert await store.shown() == {"a": "healthy"}
    assert (await store.freshness())["kind"] == "resync"
    assert await store.snapshot("1-5", A)
    assert (await store.freshness())["kind"] == "live"


async def test_a_snapshot_tells_of_doubts_only_where_no_stream_does(store: PageStore) -> None:
    await store.started("1-5", A)
    away, lost = condition("redis"), condition("scanner", "n1")
    assert await store.snapshot("1-5", A, stale=[away])
    assert (await store.freshness())["kind"] == "live"
    assert await store.snapshot("1-5", A, stale=[lost], streaming=False)
    assert await store.shown() == {"a": "unknown"}
    assert await store.snapshot("1-5", A, streaming=False)
    assert await store.shown() == {"a": "healthy"}


async def test_a_snapshot_that_still_counts_a_node_as_lost_is_refused_while_streaming(
    store: PageStore,
) -> None:
    """Its services say "unknown" there, and the stream would never tell otherwise."""
    overlaid, lost = service("a", "unknown"), condition("scanner", "n1")
    await store.started("1-5", A)
    await store.stale("scanner", "n1")
    assert await store.snapshot("1-5", overlaid, stale=[lost])
    await store.fresh("scanner", "n1")
    assert not await store.snapshot("1-5", overlaid, stale=[lost])
    assert await store.wants()
    assert not await store.snapshot("1-5", overlaid, stale=[condition("scanner", "n2"), lost])
    assert await store.snapshot("1-5", A)
    assert await store.shown() == {"a": "healthy"}
    assert (await store.freshness())["kind"] == "live"


async def test_doubts_that_are_told_again_after_hello_last_until_they_end(
    store: PageStore,
) -> None:
    """Redis was replaced while a scanner was away: only the doubt about Redis ends."""
    await store.started("1-5", A)
    await store.stale("scanner", "n1")
    await store.stale("redis")
    await store.hello("1-5", store="r2")
    await store.stale("scanner", "n1")
    await store.stale("redis")
    await store.fresh("redis")
    assert await store.snapshot("1-5", A, store="r2", stale=[condition("scanner", "n1")])
    assert await store.shown() == {"a": "unknown"}
    assert (await store.freshness())["kind"] == "stale"
    await store.fresh("scanner", "n1")
    assert await store.snapshot("1-5", A, store="r2")
    assert (await store.freshness())["kind"] == "live"
