"""What has changed since the page was last drawn: told once, and no more than that."""

from typing import Any

import pytest

from tests.page.store import NOW, PageStore, service

pytestmark = pytest.mark.asyncio(loop_scope="session")

A, B = service("a"), service("b")
NOTHING = {"ids": [], "all": False, "conditions": False, "lines": False}


async def taken(store: PageStore) -> dict[str, Any]:
    """What has changed since this was last asked."""
    found: dict[str, Any] = await store.handle.evaluate(
        "({ store }) => { const found = store.take(); return { ...found, ids: [...found.ids] }; }"
    )
    return found


async def test_a_page_that_has_heard_nothing_has_only_itself_to_draw(store: PageStore) -> None:
    found = await taken(store)
    assert (found["ids"], found["all"], found["conditions"]) == ([], False, False)
    assert await taken(store) == NOTHING


async def test_a_state_that_was_loaded_replaces_all(store: PageStore) -> None:
    await taken(store)
    await store.snapshot("1-5", A, B)
    assert await taken(store) == {**NOTHING, "all": True}
    assert await taken(store) == NOTHING


async def test_an_event_changes_its_service_and_the_list_of_events(store: PageStore) -> None:
    await store.started("1-5", A)
    await taken(store)
    await store.put("1-6", "b")
    assert await taken(store) == {**NOTHING, "ids": ["id-b"], "lines": True}
    await store.gone("1-7", "a")
    assert await taken(store) == {**NOTHING, "ids": ["id-a"], "lines": True}
    await store.frame("scan", "1-8", node="n1", at=NOW, services=1)
    await store.frame("ping", "1-8", now=NOW, as_of=NOW)
    assert await taken(store) == NOTHING


async def test_a_doubt_changes_the_conditions_when_it_begins_and_when_it_ends(
    store: PageStore,
) -> None:
    await store.started("1-5", A)
    await taken(store)
    await store.stale("redis")
    assert await taken(store) == {**NOTHING, "conditions": True}
    await store.fresh("redis")
    assert await taken(store) == {**NOTHING, "conditions": True}


async def test_a_mute_changes_the_services_that_it_begins_or_ends_for(store: PageStore) -> None:
    await store.started("1-5", A, B)
    mutes = [{"id": "id-a", "note": ""}, {"id": "id-unlisted", "note": ""}]
    await taken(store)
    await store.frame("mutes", "1-5", mutes=mutes)
    assert await taken(store) == {**NOTHING, "ids": ["id-a"]}
    await store.frame("mutes", "1-5", mutes=[])
    assert await taken(store) == {**NOTHING, "ids": ["id-a"]}


async def test_a_stream_that_begins_over_a_loaded_state_changes_no_service(
    store: PageStore,
) -> None:
    await store.snapshot("1-5", A, B, streaming=False)
    await taken(store)
    await store.hello("1-5")
    assert await taken(store) == NOTHING
