"""What the page makes of a worker's doubts: from the stream, or from the state without one."""

import pytest

from tests.page.store import NOW, PAGE, PageStore, condition, overlaid, service

pytestmark = pytest.mark.asyncio(loop_scope="session")

A, B = service("a"), service("b", node="n2")
BLIND = service("a", "unknown", reason="node_lost")
"""A lost node's service as a router of an older version gives it: how it was is not said."""

POLLED = {**PAGE, "polledAt": NOW}
LOST = {"connected": False, "lostAt": NOW - 60_000}


async def test_a_lost_nodes_services_keep_their_last_known_state_with_a_question_mark(
    store: PageStore,
) -> None:
    await store.started("1-5", A, B)
    await store.stale("scanner", "n2")
    assert await store.shown() == {"a": "healthy", "b": "? healthy"}
    assert (await store.freshness())["trust"] == "nodes"
    await store.fresh("scanner", "n2")
    assert await store.shown() == {"a": "healthy", "b": "healthy"}
    assert not await store.wants()
    assert (await store.freshness())["trust"] == "all"


async def test_a_doubt_about_redis_leaves_the_last_state_as_it_is(store: PageStore) -> None:
    await store.started("1-5", A)
    await store.stale("redis")
    assert await store.shown() == {"a": "healthy"}
    assert (await store.freshness())["trust"] == "none"
    await store.fresh("redis")
    assert not await store.wants()


async def test_hello_clears_the_doubts_that_nobody_ended(store: PageStore) -> None:
    await store.started("1-5", A)
    await store.stale("redis")
    await store.stale("scanner", "n1")
    await store.hello("1-5")
    assert await store.shown() == {"a": "healthy"}
    await store.frame("ping", "1-5")
    assert (await store.freshness())["trust"] == "all"


async def test_the_doubts_of_a_snapshot_count_only_where_no_stream_tells_any(
    store: PageStore,
) -> None:
    await store.started("1-5", A)
    assert await store.snapshot("1-5", A, stale=[condition("redis")])
    assert (await store.freshness())["trust"] == "all"
    [band] = (await store.freshness(LOST, POLLED))["bands"]
    assert "redis away" in band


@pytest.mark.parametrize("streaming", [True, False])
async def test_a_snapshot_says_how_a_lost_nodes_services_were(
    store: PageStore, streaming: bool
) -> None:
    """The router puts "unknown" there; the page keeps what was known, as its stream does."""
    await store.started("1-5")
    lost, both = [condition("scanner", "n1")], [overlaid("a", "degraded"), overlaid("b")]
    assert await store.snapshot("1-5", *both, stale=lost, streaming=streaming)
    assert await store.handle.evaluate("({ store }) => [...store.services.values()]") == [
        service("a", "degraded", reason="as it was", healthy=False),
        service("b", "healthy", reason="as it was", healthy=True),
    ]


async def test_a_service_whose_status_the_scanner_itself_does_not_know_hides_nothing(
    store: PageStore,
) -> None:
    await store.started("1-5")
    assert await store.snapshot("1-5", service("a", "unknown", reason="permission denied"))
    assert await store.shown() == {"a": "unknown"}


async def test_a_snapshot_that_hides_how_a_node_is_is_refused_unless_the_stream_calls_it_lost(
    store: PageStore,
) -> None:
    """As of a router of an older version: the stream would never tell otherwise."""
    await store.started("1-5", A, B)
    await store.stale("scanner", "n1")
    assert await store.snapshot("1-5", BLIND, B, stale=[condition("scanner", "n1")])
    await store.fresh("scanner", "n1")
    assert not await store.snapshot("1-5", BLIND, B, stale=[condition("scanner", "n1")])
    assert await store.wants()
    assert await store.snapshot("1-5", A, B)
    assert await store.shown() == {"a": "healthy", "b": "healthy"}
    assert (await store.freshness())["trust"] == "all"


async def test_doubts_that_are_told_again_after_hello_last_until_they_end(
    store: PageStore,
) -> None:
    """Redis was replaced while a scanner was away: only the doubt about Redis ends."""
    await store.started("1-5", A)
    await store.stale("scanner", "n1")
    await store.stale("redis")
    await store.hello("1-5", run_id="r2")
    await store.stale("scanner", "n1")
    await store.stale("redis")
    await store.fresh("redis")
    assert await store.snapshot("1-5", overlaid("a"), run_id="r2")
    assert await store.shown() == {"a": "? healthy"}
    assert (await store.freshness())["trust"] == "nodes"
    await store.fresh("scanner", "n1")
    assert (await store.freshness())["trust"] == "all"


@pytest.mark.parametrize("reason", ["root", "permission"])
async def test_a_node_may_be_in_doubt_for_other_reasons_too(store: PageStore, reason: str) -> None:
    await store.started("1-5", A)
    await store.stale(reason, "n1", detail="what is wrong and what to do")
    said = await store.freshness()
    assert (said["trust"], said["label"], said["detail"]) == ("nodes", "live", "with 1 warning")
    assert said["bands"][0].startswith("what is wrong and what to do, since ")


async def test_a_stream_that_differs_from_what_the_watch_sees_puts_all_in_doubt(
    store: PageStore,
) -> None:
    await store.started("1-5", A)
    await store.stale("stream", detail="the stream lags behind Redis")
    assert (await store.freshness())["trust"] == "none"


async def test_a_worker_without_a_recent_proof_from_redis_is_not_believed(
    store: PageStore,
) -> None:
    """As one that was stopped for a minute and goes on: its frames are new, its state is not."""
    await store.started("1-5", A)
    await store.frame("ping", "1-5", now=NOW, as_of=NOW - 15_000)
    assert (await store.freshness())["trust"] == "all"
    await store.frame("ping", "1-5", now=NOW, as_of=NOW - 15_001)
    said = await store.freshness()
    assert said["trust"] == "none"
    assert "received nothing from Redis" in said["bands"][0]
    await store.frame("ping", "1-5", now=NOW, as_of=NOW)
    assert (await store.freshness())["trust"] == "all"


async def test_what_one_router_could_not_prove_is_not_held_against_the_next(
    store: PageStore,
) -> None:
    """Also if that is of an older version, which proves nothing."""
    await store.started("1-5", A)
    await store.frame("ping", "1-5", now=NOW, as_of=NOW - 15_001)
    await store.hello("1-5")
    await store.frame("ping", "1-5", now=NOW)
    assert (await store.freshness())["trust"] == "all"
