"""The page's state is never old in silence: snapshots, events and resyncs, one rule each."""

import pytest

from tests.page.store import NOW, PageStore, service

pytestmark = pytest.mark.asyncio(loop_scope="session")

A, B = service("a"), service("b")


async def test_a_new_page_wants_a_snapshot_and_shows_it(store: PageStore) -> None:
    assert await store.wants()
    await store.hello("1-5")
    assert await store.wants()
    assert not await store.get("loaded")
    assert await store.snapshot("1-5", A, B)
    assert await store.get("loaded")
    assert not await store.wants()
    assert await store.shown() == {"a": "healthy", "b": "healthy"}


async def test_a_page_that_has_loaded_goes_on_without_another_snapshot(store: PageStore) -> None:
    await store.started("1-5", A)
    assert not await store.wants()
    await store.put("1-6", "b", "degraded")
    await store.gone("1-7", "a")
    assert await store.shown() == {"b": "degraded"}
    assert await store.get("place") == "1-7"
    assert await store.warned() == []


async def test_a_stream_that_begins_behind_the_snapshot_needs_another_one(
    store: PageStore,
) -> None:
    """Both were asked for at once. Nothing was missed: the page was never told of anything."""
    await store.snapshot("1-5", A, streaming=False)
    await store.hello("1-7")
    assert await store.wants()
    assert not await store.snapshot("1-6", B)
    assert await store.snapshot("1-7", B)
    assert await store.shown() == {"b": "healthy"}
    assert await store.warned() == []


async def test_a_worker_that_cannot_say_its_position_yet_is_believed_only_when_it_can(
    store: PageStore,
) -> None:
    await store.hello("", run_id="")
    assert not await store.snapshot("1-9", A)
    await store.hello("1-7")
    assert not await store.snapshot("1-6", A)
    assert await store.snapshot("1-7", A)


async def test_a_resync_warns_with_the_number_and_wants_a_snapshot_after_its_delay(
    store: PageStore,
) -> None:
    await store.started("1-5", A)
    await store.resync("1-47", 42, after_ms=300)
    [warning] = await store.warned()
    assert "missed 42 events (lagged)" in warning
    assert await store.get("wanted") == {"afterMs": 300}
    assert await store.get("missed") == {"dropped": 42, "at": NOW}
    assert (await store.lines())[0].startswith("resync: missed 42 events")
    assert await store.snapshot("1-47", B)
    assert await store.shown() == {"b": "healthy"}
    assert not await store.wants()


async def test_a_number_that_nobody_knows_is_not_made_up(store: PageStore) -> None:
    await store.started("1-5", A)
    await store.resync("1-2", None)
    assert "an unknown number of events" in (await store.warned())[0]
    assert await store.get("missed") == {"dropped": None, "at": NOW}


async def test_a_snapshot_from_before_the_resync_is_refused(store: PageStore) -> None:
    await store.started("1-5", A)
    await store.resync("1-47", 42)
    assert not await store.snapshot("1-46", B)
    assert await store.shown() == {"a": "healthy"}
    assert await store.wants()
    assert await store.snapshot("1-47", B)


async def test_what_has_come_since_the_resync_is_applied_on_top_of_the_snapshot(
    store: PageStore,
) -> None:
    await store.started("1-5", A)
    await store.resync("1-10", 5)
    await store.put("1-11", "a", "degraded")
    await store.put("1-12", "b", "unhealthy")
    await store.gone("1-13", "c")
    assert await store.snapshot("1-11", service("a", "degraded"), service("c"))
    assert await store.shown() == {"a": "degraded", "b": "unhealthy"}


async def test_events_at_or_before_the_snapshots_position_are_ignored(store: PageStore) -> None:
    await store.hello("1-5")
    assert await store.snapshot("1-8", service("a", "unhealthy"))
    await store.put("1-6", "a", "healthy")
    await store.put("1-7", "b", "healthy")
    await store.put("1-8", "a", "degraded")
    assert await store.shown() == {"a": "unhealthy"}
    await store.put("1-9", "a", "inactive")
    assert await store.shown() == {"a": "inactive"}
    assert await store.warned() == []


async def test_a_second_resync_needs_a_later_snapshot_and_the_longer_delay(
    store: PageStore,
) -> None:
    await store.started("1-5", A)
    await store.resync("1-10", 5, after_ms=900)
    await store.put("1-11", "a", "degraded")
    await store.resync("1-20", 9, after_ms=100)
    assert await store.get("wanted") == {"afterMs": 900}
    assert not await store.snapshot("1-19", B)
    assert await store.snapshot("1-20", B)
    assert await store.shown() == {"b": "healthy"}
    assert len(await store.warned()) == 2


async def test_after_an_unknown_gap_older_positions_count_again(store: PageStore) -> None:
    """Redis was restored: its window begins before what the page has seen."""
    await store.started("1-90", A)
    await store.resync("1-50", None, run_id="r2")
    await store.put("1-51", "b", "degraded")
    assert await store.get("place") == "1-51"
    assert await store.shown() == {"a": "healthy", "b": "degraded"}
    assert await store.snapshot("1-51", service("b", "degraded"), run_id="r2")
    assert await store.shown() == {"b": "degraded"}


@pytest.mark.parametrize("place", ["1-7", "2-2"])
async def test_a_jump_that_nobody_covered_is_told_as_a_gap(store: PageStore, place: str) -> None:
    await store.started("1-5", A)
    await store.put(place, "b")
    assert f"between 1-5 and {place}" in (await store.warned())[0]
    assert await store.get("wanted") == {"afterMs": 0}
    assert await store.get("missed") == {"dropped": None, "at": NOW}
    assert not await store.snapshot("1-6", A)
    assert await store.snapshot(place, A, B)
    assert await store.shown() == {"a": "healthy", "b": "healthy"}


async def test_a_gap_while_a_snapshot_is_due_needs_a_snapshot_from_behind_it(
    store: PageStore,
) -> None:
    await store.started("1-5", A)
    await store.resync("1-10", 5, after_ms=900)
    await store.put("1-11", "a", "degraded")
    await store.put("1-15", "a", "unhealthy")
    assert await store.get("wanted") == {"afterMs": 900}, "the router's delay still counts"
    assert not await store.snapshot("1-11", service("a", "degraded"))
    assert await store.snapshot("1-15", service("a", "unhealthy"), B)
    assert await store.shown() == {"a": "unhealthy", "b": "healthy"}


async def test_a_ping_further_on_than_the_events_is_a_gap_too(store: PageStore) -> None:
    await store.started("1-5", A)
    await store.frame("ping", "1-5")
    assert not await store.wants()
    await store.frame("ping", "1-9")
    assert "between 1-5 and 1-9" in (await store.warned())[0]
    assert await store.wants()


async def test_a_ping_in_a_foreign_events_place_is_no_gap(store: PageStore) -> None:
    await store.started("1-5", A)
    await store.frame("ping", "1-6")
    await store.put("1-7", "b")
    assert await store.warned() == []
    assert not await store.wants()


async def test_the_next_epoch_begins_without_a_gap(store: PageStore) -> None:
    await store.started("1-5", A)
    await store.put("2-1", "b")
    assert await store.warned() == []
    assert await store.shown() == {"a": "healthy", "b": "healthy"}


async def test_positions_beyond_2_to_the_53_are_told_apart(store: PageStore) -> None:
    epoch, last = 2**62, 2**53
    await store.started(f"{epoch}-{last}", A)
    await store.put(f"{epoch}-{last + 1}", "b")
    assert await store.warned() == []
    assert await store.shown() == {"a": "healthy", "b": "healthy"}
    await store.put(f"{epoch}-{last + 3}", "b")
    assert len(await store.warned()) == 1


async def test_another_redis_processs_snapshot_is_refused_while_streaming(
    store: PageStore,
) -> None:
    await store.started("1-5", A)
    await store.resync("1-9", None, run_id="r2")
    assert not await store.snapshot("1-99", B, run_id="r1")
    assert not await store.snapshot("1-99", B, run_id="r3")
    assert await store.snapshot("1-9", B, run_id="r2")


async def test_without_a_stream_any_routers_state_is_better_than_none(store: PageStore) -> None:
    await store.started("1-90", A)
    taken = await store.snapshot("1-50", B, run_id="r2", streaming=False)
    assert taken
    assert await store.shown() == {"b": "healthy"}
    assert await store.get("place") == "1-50"


async def test_what_another_redis_told_is_not_applied_on_top_of_this_ones_state(
    store: PageStore,
) -> None:
    await store.started("1-90", A)
    await store.resync("1-95", 5)
    await store.put("1-96", "ghost")
    assert await store.snapshot("1-50", B, run_id="r2", streaming=False)
    assert await store.shown() == {"b": "healthy"}


async def test_without_a_stream_an_older_state_of_the_same_redis_is_refused(
    store: PageStore,
) -> None:
    await store.started("1-5", A)
    assert not await store.snapshot("1-4", B, streaming=False)
    assert await store.shown() == {"a": "healthy"}


async def test_what_is_kept_for_a_snapshot_that_never_comes_is_bounded(store: PageStore) -> None:
    await store.started("1-5", A)
    await store.resync("1-10", 5)
    await store.handle.evaluate(
        """({ store }, record) => {
          for (let seq = 11; seq <= 6010; seq++) {
            const data = { service: { ...record, reason: String(seq) } };
            store.apply({ event: "service_updated", id: `1-${seq}`, data });
          }
        }""",
        A,
    )
    assert await store.handle.evaluate("({ store }) => store.since.length") == 5_000
    assert await store.get("base") == "1-1010"
    assert not await store.snapshot("1-1009", B)
    assert await store.snapshot("1-1010", B)
    assert await store.shown() == {"a": "healthy", "b": "healthy"}


async def test_recent_events_are_told_once_each_and_bounded(store: PageStore) -> None:
    await store.started("1-5", A)
    await store.put("1-6", "a", "degraded")
    await store.put("1-6", "a", "degraded")
    assert len(await store.lines()) == 1
    await store.handle.evaluate(
        """({ store }, service) => {
          for (let seq = 7; seq <= 600; seq++) {
            store.apply({ event: "service_updated", id: `1-${seq}`, data: { service } });
          }
        }""",
        A,
    )
    assert len(await store.lines()) == 500


async def test_whoever_listens_is_told_of_every_change(store: PageStore) -> None:
    await store.hello("1-5")
    await store.snapshot("1-5", A)
    await store.put("1-6", "b")
    assert await store.changes() == 3
    await store.aim("1-6")
    assert await store.changes() == 4
    assert not await store.snapshot("1-1", B)
    assert await store.changes() == 4


async def test_what_was_missed_adds_up_until_the_state_is_loaded(store: PageStore) -> None:
    """The second resync does not make anybody forget the first one."""
    await store.started("1-5", A)
    await store.resync("1-20", 15)
    await store.put("1-21", "a", "degraded")
    await store.resync("1-25", 4)
    assert await store.get("missed") == {"dropped": 19, "at": NOW}
    assert "missed 19 events" in (await store.freshness())["detail"]
    assert await store.snapshot("1-25", A)
    await store.resync("1-30", 5)
    assert await store.get("missed") == {"dropped": 5, "at": NOW}
    await store.resync("1-2", None)
    await store.resync("1-9", 7)
    assert await store.get("missed") == {"dropped": None, "at": NOW}
