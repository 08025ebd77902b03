"""Gaps of the stream, where the state is already newer or another gap is still open."""

import pytest
from playwright.async_api import Page

from tests.page.stage import hello
from tests.page.store import NOW, PageStore, condition, service

pytestmark = pytest.mark.asyncio(loop_scope="session")

A, B = service("a"), service("b")


async def test_a_gap_before_the_snapshot_does_not_bring_older_events_over_it(
    store: PageStore,
) -> None:
    await store.hello("1-5")
    assert await store.snapshot("1-8", service("a", "unhealthy"))
    await store.resync("1-6", 1)
    await store.put("1-7", "a", "healthy")
    assert await store.shown() == {"a": "unhealthy"}


@pytest.mark.parametrize("after_ms", [0, 300])
async def test_the_state_is_wanted_after_the_routers_delay_and_no_later(
    store: PageStore, after_ms: int
) -> None:
    await store.started("1-5", A)
    await store.resync("1-9", 4, after_ms=after_ms)
    assert await store.get("wanted") == {"afterMs": after_ms}


async def test_a_stream_that_begins_anew_while_the_delay_lasts_does_not_shorten_it(
    store: PageStore,
) -> None:
    await store.started("1-5", A)
    await store.hello("1-7")
    assert await store.get("wanted") == {"afterMs": 0}
    await store.resync("1-9", 2, after_ms=900)
    await store.hello("1-12")
    assert await store.get("wanted") == {"afterMs": 900}


async def test_a_node_that_is_back_while_the_delay_lasts_does_not_shorten_it(
    store: PageStore,
) -> None:
    """How its services are is to be loaded too, as from a router of an older version."""
    blind = service("a", "unknown", reason="node_lost")
    await store.started("1-5", A)
    await store.stale("scanner", "n1")
    assert await store.snapshot("1-5", blind, stale=[condition("scanner", "n1")])
    await store.resync("1-9", 4, after_ms=900)
    await store.fresh("scanner", "n1")
    assert await store.get("wanted") == {"afterMs": 900}


async def test_without_a_stream_an_older_state_is_refused_also_after_another_redis(
    store: PageStore,
) -> None:
    await store.started("1-90", A)
    assert await store.snapshot("1-50", B, run_id="r2", streaming=False)
    assert not await store.snapshot("1-49", A, run_id="r2", streaming=False)
    assert await store.shown() == {"b": "healthy"}


@pytest.mark.parametrize(("node", "behind"), [(None, True), ("n2", False)])
async def test_a_state_completes_a_stream_that_resumed_unless_its_router_doubts_it_all(
    store: PageStore, node: str | None, behind: bool
) -> None:
    await store.started("1-5", A)
    await store.hello("1-5")
    assert await store.snapshot("1-5", A, stale=[condition("scanner", node)])
    assert (await store.get("behind") is not None) is behind


async def test_what_came_before_redis_was_restored_is_not_applied_on_top_of_its_state(
    store: PageStore,
) -> None:
    """Its positions lie above those of the older dump."""
    await store.started("1-90", A)
    await store.resync("1-95", 5)
    await store.put("1-96", "ghost")
    await store.resync("1-50", None, run_id="r2")
    assert await store.snapshot("1-50", B, run_id="r2")
    assert await store.shown() == {"b": "healthy"}


async def test_what_another_redis_told_is_not_applied_to_any_later_state(
    store: PageStore,
) -> None:
    """The stream is lost, and the page polls."""
    await store.started("1-90", A)
    await store.resync("1-95", 5)
    await store.put("1-96", "ghost")
    for place in ("1-50", "1-51"):
        assert await store.snapshot(place, B, run_id="r2", streaming=False)
        assert await store.shown() == {"b": "healthy"}


async def test_in_a_filtered_stream_a_jump_is_no_gap(store: PageStore) -> None:
    await store.snapshot("1-5", A, streaming=False)
    await store.hello("1-5", filtered=True)
    await store.put("1-9", "a", "degraded")
    await store.frame("ping", "1-20", now=NOW, as_of=NOW)
    assert (await store.get("missed"), await store.wants()) == (None, False)
    await store.hello("1-20")
    await store.put("1-22", "a")
    assert await store.get("missed") is not None


async def test_a_gap_is_told_on_the_console_with_its_number(quiet: Page) -> None:
    told = await quiet.evaluate(
        """async (frames) => {
          const { Store } = await import("/static/js/live/store.js");
          const [store, warn, told] = [new Store(), console.warn, []];
          console.warn = (...words) => told.push(words);
          for (const frame of frames) store.apply(frame);
          console.warn = warn;
          return told;
        }""",
        [
            {"event": "hello", "id": "1-5", "data": hello()},
            {"event": "resync", "id": "1-9", "data": {"dropped": 4, "reason": "lagged"}},
        ],
    )
    text = "hero_router: missed 4 events (lagged), loading the state anew"
    assert told == [[text, 4]]


async def test_the_ignored_sockets_of_nodes_are_those_of_the_last_state(store: PageStore) -> None:
    nodes = [{"node": "n1", "ignored": {"x.sock": "not a service"}}]
    await store.snapshot("1-5", A, nodes=nodes)
    assert await store.get("nodes") == nodes
    await store.snapshot("1-6", A, nodes=[])
    assert await store.get("nodes") == []


async def test_to_a_page_that_missed_nothing_nothing_is_told_of_its_absence(
    store: PageStore,
) -> None:
    await store.started("1-5", A)
    missed = await store.handle.evaluate(
        """async ({ store }) => {
          const { absence, moment } = await import("/static/js/fleet/away.js");
          const { place, missed } = store;
          return absence(moment(1, place, []), [], { at: 2, place, missed }).missed;
        }"""
    )
    assert missed == 0
