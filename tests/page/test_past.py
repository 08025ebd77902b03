"""What the page says of the past: the last events, absences, gaps, and as of when its state is."""

import pytest

from tests.page.store import NOW, PageStore, condition, service

pytestmark = pytest.mark.asyncio(loop_scope="session")

A = service("a")


async def test_the_last_events_are_listed_also_before_anything_else_is_known(
    store: PageStore,
) -> None:
    await store.fill("1-1", "1-2")
    assert len(await store.lines()) == 2
    assert await store.changes() == 1


async def test_the_last_events_of_another_redis_are_not_listed(store: PageStore) -> None:
    await store.started("1-5", A)
    await store.fill("1-1", "1-2", run_id="r2")
    assert await store.lines() == []
    await store.fill("1-1", "1-2", run_id="r1")
    assert len(await store.lines()) == 2


async def test_what_happened_while_the_page_was_away_stands_below_a_rule(store: PageStore) -> None:
    """The page was away from the last moment of which it was sure until the stream went on."""
    await store.started("1-5", A)
    await store.hello("1-5", now=NOW + 60_000)
    await store.put("1-6", "a", event_at=NOW + 30_000)
    assert [line.partition(":")[0] for line in await store.lines()] == ["away", "service_updated"]
    rule = await store.handle.evaluate("({ store }) => store.lines.rule.data")
    assert rule == {"from": NOW, "to": NOW + 60_000, "count": 1}


async def test_an_event_is_listed_at_its_own_time_or_when_it_came(store: PageStore) -> None:
    """A router of an older version does not say when it happened."""
    await store.started("1-5", A)
    await store.put("1-6", "a", event_at=NOW - 9_000)
    await store.put("1-7", "a")
    times = await store.handle.evaluate("({ store }) => store.lines.all.map(({ at }) => at)")
    assert times == [NOW, NOW - 9_000]


async def test_a_page_that_was_just_opened_was_not_away(store: PageStore) -> None:
    """Its state may be newer than the stream, which then tells what has led to it."""
    await store.snapshot("1-6", A, streaming=False, as_of=NOW)
    await store.hello("1-5", now=NOW + 1_000)
    await store.put("1-6", "a", event_at=NOW)
    assert [line.partition(":")[0] for line in await store.lines()] == ["service_updated"]


async def test_after_a_gap_whose_size_is_known_no_event_is_listed_twice(store: PageStore) -> None:
    """As when the router's window comes only then."""
    await store.started("1-5", A)
    await store.put("1-6", "a")
    await store.resync("1-9", 3)
    await store.fill("1-5", "1-6")
    names = [line.partition(":")[0] for line in await store.lines()]
    assert names == ["resync", "service_updated", "service_removed"]


async def test_after_an_unknown_gap_events_are_listed_at_whatever_positions(
    store: PageStore,
) -> None:
    await store.started("1-89", A)
    await store.put("1-90", "a")
    await store.resync("1-50", None, run_id="r2")
    await store.put("1-51", "a")
    names = [line.partition(":")[0] for line in await store.lines()]
    assert names == ["service_updated", "resync", "service_updated"]


async def test_the_state_is_as_of_the_last_moment_that_a_frame_vouches_for(
    store: PageStore,
) -> None:
    await store.started("1-5", A)
    await store.put("1-6", "a", event_at=NOW + 1_000)
    assert await store.get("asOf") == NOW + 1_000
    await store.frame("ping", "1-6", now=NOW + 9_000, as_of=NOW + 2_000)
    assert await store.get("asOf") == NOW + 2_000
    await store.frame("ping", "1-6", now=NOW + 3_000)
    assert await store.get("asOf") == NOW + 3_000, "a router that says no more vouches for now"
    await store.frame("ping", "1-6", now=NOW + 9_000, as_of=None)
    await store.frame("ping", "1-6", now=NOW + 9_000, as_of=NOW)
    assert await store.get("asOf") == NOW + 3_000, "it never goes back"


async def test_while_something_is_missing_no_frame_vouches_for_the_state(store: PageStore) -> None:
    await store.started("1-5", A)
    await store.hello("1-5", now=NOW + 60_000)
    await store.put("1-6", "a", event_at=NOW + 10_000)
    assert await store.get("asOf") == NOW
    await store.frame("ping", "1-6", now=NOW + 61_000)
    assert await store.get("asOf") == NOW + 61_000
    await store.resync("1-20", 14)
    await store.put("1-21", "a", event_at=NOW + 70_000)
    assert await store.get("asOf") == NOW + 61_000


async def test_the_first_router_and_the_last_one_are_known_by_their_versions(
    store: PageStore,
) -> None:
    worker = {"node": "n1", "worker": "n1/7"}
    first = {"version": "1", "assets": "aaaa", **worker}
    last = {"version": "2", "assets": "bbbb", **worker}
    await store.hello("1-5", **first)
    await store.hello("1-5", **last)
    assert (await store.get("met"), await store.get("router")) == (first, last)
    await store.frame("hello", "1-5", run_id="r1", ping_seconds=15, now=NOW)
    assert await store.get("router") == dict.fromkeys(first, "")


async def test_a_snapshot_from_ahead_does_not_hide_a_gap_of_the_stream(store: PageStore) -> None:
    await store.hello("1-5")
    assert await store.snapshot("1-8", A)
    await store.put("1-7", "b")
    assert "between 1-5 and 1-7" in (await store.warned())[0]


async def test_a_stream_without_a_position_goes_on_from_the_snapshot(store: PageStore) -> None:
    await store.hello("")
    assert await store.snapshot("1-9", A)
    await store.put("1-12", "b")
    assert "between 1-9 and 1-12" in (await store.warned())[0]


async def test_a_doubt_about_one_node_does_not_make_the_whole_state_older(
    store: PageStore,
) -> None:
    """Also where a router of an older version does not say as of when its state is."""
    lost = condition("scanner", "n1", since=NOW - 30_000)
    assert await store.snapshot("1-5", A, stale=[lost], streaming=False)
    assert await store.get("asOf") == NOW
