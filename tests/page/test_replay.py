"""Events that come again, as when a reconnect overlaps with what was seen: no second effect."""

import pytest

from tests.page.store import PageStore, service

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def test_events_that_come_twice_lead_to_the_same_state_and_are_listed_once(
    store: PageStore,
) -> None:
    """Each event carries the state, so what was seen may be replayed in its order."""
    await store.started("1-5", service("a"), service("gone"))
    for _ in range(2):
        await store.put("1-6", "a", "degraded")
        await store.put("1-7", "b", "unhealthy")
        await store.gone("1-8", "gone")
        await store.put("1-9", "a", "inactive")
        assert await store.shown() == {"a": "inactive", "b": "unhealthy"}
    assert len(await store.lines()) == 4
    assert await store.warned() == []


async def test_a_single_event_that_comes_again_changes_nothing(store: PageStore) -> None:
    await store.started("1-5", service("a"))
    for _ in range(3):
        await store.gone("1-6", "a")
        assert await store.shown() == {}
    for _ in range(3):
        await store.put("1-7", "a", "degraded")
        assert await store.shown() == {"a": "degraded"}
    assert await store.warned() == []
