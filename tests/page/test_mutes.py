"""Which services are muted: from the stream, from the state without one, and for each tab."""

from typing import Any

import pytest
from playwright.async_api import Page

from tests.page.script import Script
from tests.page.store import NOW, PageStore, service

pytestmark = pytest.mark.asyncio(loop_scope="session")

A, B = service("a"), service("b")


def mute(name: str, note: str = "new disk") -> dict[str, Any]:
    """A mute as the router tells it."""
    return {"id": f"id-{name}", "name": name, "by": "ann", "at": NOW, "until": None, "note": note}


async def muted(store: PageStore) -> dict[str, str]:
    """The notes of the muted services, as they are to be shown."""
    found: dict[str, str] = await store.handle.evaluate(
        """({ work }) => Object.fromEntries([...work().index.entries.values()]
             .filter(({ shown }) => shown.muted)
             .map(({ shown }) => [shown.name, shown.muted.note]))"""
    )
    return found


async def test_the_stream_says_who_is_muted_and_all_that_it_says_later_replaces_it(
    store: PageStore,
) -> None:
    await store.started("1-5", A, B)
    await store.frame("mutes", "1-5", mutes=[mute("a")])
    assert await muted(store) == {"a": "new disk"}
    await store.frame("mutes", "1-5", mutes=[mute("a", "still"), mute("b")])
    assert await muted(store) == {"a": "still", "b": "new disk"}
    await store.frame("mutes", "1-5", mutes=[])
    assert await muted(store) == {}


async def test_a_service_that_changes_or_comes_back_is_still_muted(store: PageStore) -> None:
    """Records in events do not say it."""
    await store.started("1-5", A)
    await store.frame("mutes", "1-5", mutes=[mute("a")])
    await store.put("1-6", "a", "unhealthy")
    assert await muted(store) == {"a": "new disk"}
    await store.gone("1-7", "a")
    await store.put("1-8", "a")
    assert await muted(store) == {"a": "new disk"}


async def test_hello_ends_the_mutes_that_nobody_ended(store: PageStore) -> None:
    """The router tells those that hold after it."""
    await store.started("1-5", A)
    await store.frame("mutes", "1-5", mutes=[mute("a")])
    await store.hello("1-5")
    assert await muted(store) == {}


async def test_without_a_stream_the_state_says_it(store: PageStore) -> None:
    polled = {**A, "muted": mute("a")}
    await store.snapshot("1-5", polled, B, streaming=False)
    assert await muted(store) == {"a": "new disk"}
    await store.snapshot("1-6", A, B, streaming=False)
    assert await muted(store) == {}


async def test_an_older_answer_of_the_state_changes_nothing_that_the_stream_said(
    store: PageStore,
) -> None:
    await store.started("1-5", A)
    await store.frame("mutes", "1-5", mutes=[mute("a")])
    assert await store.snapshot("1-5", A)
    assert await muted(store) == {"a": "new disk"}


async def test_a_tab_that_joins_is_told_who_is_muted(quiet: Page) -> None:
    script = Script(quiet).hello("1-1").frame("mutes", "1-1", mutes=[mute("a")])
    script.do("join", None)
    assert await script.told() == ["hello 1-1", "mutes 1-1"]
    script.hello("1-1").do("join", None)
    assert await script.told(1) == ["hello 1-1"]
