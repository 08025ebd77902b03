"""How news reaches the page, what its state is worth, and how far it may be trusted."""

import pytest
from playwright.async_api import Page

from tests.page.store import NOW, PageStore, condition, service

pytestmark = pytest.mark.asyncio(loop_scope="session")

LOST = {"connected": False, "lostAt": NOW}
LONG = {"connected": False, "lostAt": NOW - 60_000}
POLLED = {"polledAt": NOW}


async def loaded(store: PageStore) -> PageStore:
    """A page that is live."""
    await store.started("1-5", service("a"))
    return store


async def test_a_page_with_no_doubt_is_live_and_trusted(store: PageStore) -> None:
    await loaded(store)
    said = await store.freshness()
    assert (said["link"], said["trust"], said["label"]) == ("live", "all", "live")
    assert (said["detail"], said["bands"]) == ("", [])
    await store.pass_time(5_000)
    assert (await store.freshness())["asOf"] == NOW + 5_000, "what has not changed is still so"


async def test_before_the_first_word_it_is_starting_and_trusts_nothing(store: PageStore) -> None:
    said = await store.freshness(LOST)
    assert (said["link"], said["trust"], said["label"]) == ("starting", "none", "connecting")


async def test_a_stream_that_never_was_is_not_called_lost(store: PageStore) -> None:
    """A firewall may let the page and its state through, and no stream."""
    await store.snapshot("1-5", service("a"), streaming=False)
    assert (await store.freshness(LOST, POLLED))["link"] == "starting"
    said = await store.freshness(LONG, POLLED)
    assert said["link"] == "polling"
    assert said["detail"].startswith("no stream of events since ")
    assert "lost" not in said["detail"]


async def test_a_stream_that_is_not_known_to_be_lost_counts_from_its_last_word(
    store: PageStore,
) -> None:
    await store.snapshot("1-5", service("a"), streaming=False)
    stream = {"connected": False, "heardAt": NOW - 10_000}
    assert (await store.freshness(stream, POLLED))["link"] == "starting"
    await store.pass_time(1)
    assert (await store.freshness(stream, POLLED))["link"] == "polling"


async def test_an_open_stream_that_brings_nothing_is_held_back_by_something(
    store: PageStore,
) -> None:
    """The head of the answer came, and no hello: a proxy waits for more."""
    await store.snapshot("1-5", service("a"), streaming=False)
    said = await store.freshness({**LONG, "openAt": NOW - 10_001}, POLLED)
    assert "turn off its buffering" in said["detail"]
    said = await store.freshness({**LONG, "openAt": NOW - 10_000}, POLLED)
    assert "buffering" not in said["detail"]


async def test_a_router_that_does_not_answer_is_named_before_anything_is_loaded(
    store: PageStore,
) -> None:
    said = await store.freshness(LOST, {"error": "the router answers 503"})
    assert (said["link"], said["label"]) == ("reconnecting", "no connection")
    assert "503" in said["detail"]


async def test_a_lost_connection_says_since_when_and_when_it_is_tried_again(
    store: PageStore,
) -> None:
    said = await (await loaded(store)).freshness({**LOST, "nextTryAt": NOW + 3_400})
    assert (said["link"], said["trust"]) == ("reconnecting", "none")
    for words in ("connection lost at", "may be old"):
        assert words in said["detail"]
    assert said["next"] == "next try in 4 s"
    assert said["mayTry"]


async def test_a_stream_that_fell_silent_is_dead_since_its_last_word(store: PageStore) -> None:
    stream = {**LOST, "lostAt": NOW + 45_000, "silentSince": NOW}
    said = await (await loaded(store)).freshness(stream)
    assert "nothing received from the router since" in said["detail"]


async def test_a_ping_that_is_three_seconds_overdue_makes_it_late(store: PageStore) -> None:
    await loaded(store)
    await store.pass_time(18_000)
    assert (await store.freshness())["link"] == "live"
    await store.pass_time(1)
    said = await store.freshness()
    assert (said["link"], said["trust"], said["label"]) == ("late", "none", "late")
    assert "nothing received from the router since " in said["detail"]
    lives = (await store.freshness(page={"lives": True}))["detail"]
    assert "the stream is stuck, but the router answers" in lives
    assert "cannot be reached" in (await store.freshness(page={"lives": False}))["detail"]


@pytest.mark.parametrize(("ping_seconds", "silence"), [(15, 45_000), (1, 7_000)])
async def test_a_stream_is_dead_after_three_pings_but_never_before_it_was_late_for_long(
    quiet: Page, ping_seconds: int, silence: int
) -> None:
    found = await quiet.evaluate(
        """async (pingSeconds) =>
             (await import("/static/js/live/freshness.js")).silenceMs({ pingSeconds })""",
        ping_seconds,
    )
    assert found == silence


async def test_news_is_late_only_if_it_took_more_than_three_seconds(store: PageStore) -> None:
    await loaded(store)
    await store.frame("ping", "1-5", now=NOW - 3_000, as_of=NOW - 3_000)
    assert (await store.freshness())["link"] == "live"
    await store.frame("ping", "1-5", now=NOW - 3_001, as_of=NOW - 3_001)
    assert (await store.freshness())["link"] == "late"


async def test_the_state_is_polled_after_more_than_ten_seconds_without_a_stream(
    store: PageStore,
) -> None:
    await loaded(store)
    lost = {"connected": False, "lostAt": NOW - 10_000}
    assert (await store.freshness(lost, POLLED))["link"] == "reconnecting"
    lost = {"connected": False, "lostAt": NOW - 10_001}
    assert (await store.freshness(lost, POLLED))["link"] == "polling"


async def test_the_router_says_how_often_it_pings(store: PageStore) -> None:
    await loaded(store)
    await store.hello("1-5", ping_seconds=1)
    await store.frame("ping", "1-5")
    await store.pass_time(4_001)
    assert (await store.freshness({"heardAt": NOW}))["link"] == "late"


async def test_a_page_that_was_asleep_is_not_live(store: PageStore) -> None:
    said = await (await loaded(store)).freshness(page={"wokeAt": NOW})
    assert (said["link"], said["trust"]) == ("asleep", "none")
    assert "asleep" in said["detail"]


@pytest.mark.parametrize(
    ("dropped", "words"),
    [
        (1, "missed 1 event,"),
        (42, "missed 42 events"),
        (None, "missed an unknown number of events"),
    ],
)
async def test_a_page_that_missed_events_says_how_many_and_trusts_nothing_until_it_is_loaded(
    store: PageStore, dropped: int | None, words: str
) -> None:
    await (await loaded(store)).resync("1-9", dropped)
    said = await store.freshness()
    assert (said["link"], said["trust"], said["label"]) == ("live", "none", "catching up")
    assert words in said["detail"]
    await store.snapshot("1-9")
    assert (await store.freshness())["trust"] == "all"


async def test_a_stream_that_goes_on_is_not_trusted_until_all_that_happened_has_come(
    store: PageStore,
) -> None:
    await loaded(store)
    await store.hello("1-5", now=NOW + 1_000)
    said = await store.freshness()
    assert (said["trust"], said["label"]) == ("none", "catching up")
    await store.put("1-6", "a", "degraded", event_at=NOW - 5_000)
    assert (await store.freshness())["trust"] == "none"
    await store.aim("1-7")
    assert (await store.freshness())["trust"] == "none"
    await store.put("1-7", "a", "healthy", event_at=NOW - 4_000)
    assert (await store.freshness())["trust"] == "all"


@pytest.mark.parametrize("proof", ["ping", "event", "aim"])
async def test_what_proves_that_all_has_come(store: PageStore, proof: str) -> None:
    """A ping goes only to whom all was sent; events come in order; or the router says its place."""
    await loaded(store)
    await store.hello("1-5", now=NOW)
    if proof == "ping":
        await store.frame("ping", "1-5", now=NOW)
    elif proof == "event":
        await store.put("1-6", "a", event_at=NOW)
    else:
        await store.aim("1-5")
    assert (await store.freshness())["trust"] == "all"


async def test_how_far_another_redis_is_proves_nothing(store: PageStore) -> None:
    await loaded(store)
    await store.hello("1-5", now=NOW)
    await store.aim("1-5", run_id="r2")
    assert (await store.freshness())["trust"] == "none"


async def test_a_router_that_has_not_said_how_often_it_pings_is_given_fifteen_seconds(
    store: PageStore,
) -> None:
    await store.pass_time(18_000)
    assert (await store.freshness())["silent"] == 0
    await store.pass_time(1)
    assert (await store.freshness())["silent"] == 18_001


async def test_doubts_are_told_with_their_words_and_since_when(store: PageStore) -> None:
    await loaded(store)
    await store.stale("redis", detail="Redis does not answer")
    await store.stale("scanner", "n1", detail="the scanner of n1 is gone")
    said = await store.freshness()
    assert (said["trust"], said["label"]) == ("none", "stale")
    assert said["bands"][0].startswith("Redis does not answer, since ")
    assert said["bands"][1].startswith("the scanner of n1 is gone, since ")
    assert said["bands"][1].endswith("its one service shows its last known status")
    await store.fresh("redis")
    assert len((await store.freshness())["bands"]) == 1


async def test_a_page_that_cannot_load_says_why(store: PageStore) -> None:
    """As when Redis is away before the page was ever loaded."""
    await store.hello("0-0")
    said = await store.freshness(page={"error": "not ready"})
    assert (said["label"], said["trust"]) == ("loading", "none")
    assert "not ready" in said["detail"]
    await store.stale("redis", detail="Redis cannot be reached")
    assert "Redis cannot be reached, since" in (await store.freshness())["bands"][0]


async def test_a_page_that_polls_says_as_of_when_its_state_is_and_not_when_it_was_asked(
    store: PageStore,
) -> None:
    await loaded(store)
    away = condition("redis", since=NOW - 30_000, detail="Redis does not answer")
    for told in ({"as_of": NOW - 32_000}, {}):
        assert await store.snapshot("1-5", service("a"), streaming=False, stale=[away], **told)
        said = await store.freshness(LONG, POLLED)
        assert (said["link"], said["trust"]) == ("polling", "none")
        assert said["asOf"] == NOW - (32_000 if told else 30_000)
        assert "state as of" in said["dated"]
        assert "Redis does not answer" in said["bands"][0]


async def test_a_page_that_has_no_state_does_not_say_as_of_when_it_is(store: PageStore) -> None:
    await store.hello("0-0")
    for stream, page in (({}, {"wokeAt": NOW}), (LONG, {}), ({"heardAt": NOW - 20_000}, {})):
        said = await store.freshness(stream, page)
        assert said["trust"] == "none"
        assert "as of" not in said["detail"]


async def test_a_poll_that_fails_is_not_polling(store: PageStore) -> None:
    page = {"polledAt": NOW, "error": "the router answers 502"}
    said = await (await loaded(store)).freshness(LONG, page)
    assert said["link"] == "reconnecting"
    assert "502" in said["detail"]


async def test_the_table_of_trust(store: PageStore) -> None:
    """All, where news comes and nothing is in doubt; but for some nodes; or nothing."""
    await loaded(store)
    assert (await store.freshness())["trust"] == "all"
    await store.stale("scanner", "n1")
    assert (await store.freshness())["trust"] == "nodes"
    for page in ({"wokeAt": NOW},):
        assert (await store.freshness(page=page))["trust"] == "none"
    for stream in (LOST, LONG, {"heardAt": NOW - 20_000}):
        assert (await store.freshness(stream))["trust"] == "none"
    await store.stale("redis")
    assert (await store.freshness())["trust"] == "none"
