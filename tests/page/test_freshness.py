"""What the strip says: each doubt in words, and `live` only where there is none."""

import pytest

from tests.page.store import NOW, PageStore, service

pytestmark = pytest.mark.asyncio(loop_scope="session")

LOST = {"connected": False, "lostAt": NOW}


async def loaded(store: PageStore) -> PageStore:
    """A page that is live."""
    await store.started("1-5", service("a"))
    return store


async def test_live_is_said_only_of_a_page_with_no_doubt(store: PageStore) -> None:
    said = await (await loaded(store)).freshness()
    assert said["kind"] == said["label"] == "live"


async def test_before_the_first_word_it_is_connecting(store: PageStore) -> None:
    assert (await store.freshness(LOST))["kind"] == "connecting"


async def test_a_stream_that_never_was_is_not_called_lost(store: PageStore) -> None:
    """A firewall may let the page and its state through, and no stream."""
    await store.snapshot("1-5", service("a"), streaming=False)
    polled = {"polledAt": NOW}
    assert (await store.freshness(LOST, polled))["kind"] == "connecting"
    await store.pass_time(10_001)
    said = await store.freshness(LOST, polled)
    assert said["kind"] == "polling"
    assert said["detail"].startswith("no stream of events since ")
    assert "lost" not in said["detail"]


async def test_a_router_that_does_not_answer_is_named_before_anything_is_loaded(
    store: PageStore,
) -> None:
    said = await store.freshness(LOST, {"pollError": "the router answers 503"})
    assert said["kind"] == "reconnecting"
    assert "503" in said["detail"]


async def test_a_lost_connection_says_since_when_and_that_what_is_seen_may_be_old(
    store: PageStore,
) -> None:
    said = await (await loaded(store)).freshness(LOST)
    assert said["kind"] == "reconnecting"
    assert "connection lost at" in said["detail"]
    assert "may be old" in said["detail"]


async def test_a_stream_that_fell_silent_is_dead_since_its_last_word(store: PageStore) -> None:
    stream = {**LOST, "lostAt": NOW + 45_000, "silentSince": NOW}
    said = await (await loaded(store)).freshness(stream)
    assert "no word from the router since" in said["detail"]


async def test_silence_is_stale_after_three_pings_and_no_sooner(store: PageStore) -> None:
    await loaded(store)
    await store.pass_time(45_000)
    assert (await store.freshness())["kind"] == "live"
    await store.pass_time(1)
    said = await store.freshness()
    assert said["kind"] == "stale"
    assert "no word from the router" in said["detail"]


async def test_the_router_says_how_often_it_pings(store: PageStore) -> None:
    await store.hello("1-5", ping_seconds=1)
    await store.snapshot("1-5")
    await store.pass_time(3_001)
    assert (await store.freshness())["kind"] == "stale"


async def test_a_page_that_was_asleep_is_not_live(store: PageStore) -> None:
    said = await (await loaded(store)).freshness(page={"distrusted": True})
    assert said["kind"] == "stale"
    assert "asleep" in said["detail"]


@pytest.mark.parametrize(
    ("dropped", "words"),
    [
        (1, "missed 1 event,"),
        (42, "missed 42 events"),
        (None, "missed an unknown number of events"),
    ],
)
async def test_a_page_that_missed_events_says_how_many(
    store: PageStore, dropped: int | None, words: str
) -> None:
    await (await loaded(store)).resync("1-9", dropped)
    said = await store.freshness()
    assert said["kind"] == "resync"
    assert words in said["detail"]
    await store.snapshot("1-9")
    assert (await store.freshness())["kind"] == "live"


async def test_doubts_are_told_with_their_words_and_since_when(store: PageStore) -> None:
    await loaded(store)
    await store.stale("redis", detail="Redis does not answer")
    await store.stale("scanner", "n1", detail="the scanner of n1 is gone")
    said = await store.freshness()
    assert said["kind"] == "stale"
    assert "Redis does not answer, since" in said["detail"]
    assert "the scanner of n1 is gone, since" in said["detail"]
    await store.fresh("redis")
    said = await store.freshness()
    assert "Redis" not in said["detail"]


async def test_a_page_that_cannot_load_says_why(store: PageStore) -> None:
    """As when Redis is away before the page was ever loaded."""
    await store.hello("0-0")
    said = await store.freshness(page={"pollError": "not ready"})
    assert said["kind"] == "resync"
    assert "not ready" in said["detail"]
    await store.stale("redis", detail="Redis cannot be reached")
    said = await store.freshness(page={"pollError": "not ready"})
    assert said["kind"] == "stale"
    assert "Redis cannot be reached, since" in said["detail"]
    assert said["detail"].endswith("fetching the state")


async def test_a_page_that_polls_says_so_and_of_when_its_state_is(store: PageStore) -> None:
    await (await loaded(store)).stale("redis", detail="Redis does not answer")
    said = await store.freshness(LOST, {"polledAt": NOW})
    assert said["kind"] == "polling"
    assert "state as of" in said["detail"]
    assert "Redis does not answer" in said["detail"]


async def test_a_poll_that_fails_is_not_polling(store: PageStore) -> None:
    page = {"polledAt": NOW, "pollError": "the router answers 502"}
    said = await (await loaded(store)).freshness(LOST, page)
    assert said["kind"] == "reconnecting"
    assert "502" in said["detail"]


async def test_a_lost_node_puts_only_some_services_in_doubt(store: PageStore) -> None:
    await loaded(store)
    assert (await store.freshness())["doubt"] == "none"
    await store.stale("scanner", "n1")
    assert (await store.freshness())["doubt"] == "some"
    await store.stale("redis")
    assert (await store.freshness())["doubt"] == "all"
    assert (await store.freshness(LOST))["doubt"] == "all"
