"""The stream over real HTTP: every position that anybody may send, and what its client is owed."""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Callable, Sequence

import aiohttp
import pytest

from hero_router.feed import stream_timers
from hero_router.position import Position
from tests.support.hand import Hand
from tests.support.redis import RedisServer, client
from tests.support.wait import PATIENCE_SECONDS
from tests.web.live import WINDOW, Live, working

PUBLISHED = WINDOW + 3
"""Events in all: the first three have left the window."""

HOUR_MS = 3_600_000

REST_SECONDS = 0.25
"""The least time between two loads of the state."""

Places = Sequence[Position]


@pytest.fixture
async def places(hand: Hand) -> Places:
    """The positions of all events so far; the window holds the last of them."""
    return [await hand.change("a") for _ in range(PUBLISHED)]


@pytest.fixture
async def live(
    redis7: RedisServer, places: Places, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Live]:
    """A worker that knows them all."""
    monkeypatch.setattr(stream_timers, "AHEAD_SECONDS", 0.3)
    async with working(redis7.url) as worker:
        await worker.reaches(places[-1])
        yield worker


UNKNOWN = (None, "unknown_position")

OWED: dict[str, tuple[Callable[[Places], object], int, list[tuple[int | None, str]]]] = {
    "the last kept": (lambda all_: all_[-1], 0, []),
    "the last but one": (lambda all_: all_[-2], 1, []),
    "the first kept": (lambda all_: all_[-WINDOW], WINDOW - 1, []),
    "one before the first kept": (lambda all_: all_[-WINDOW - 1], WINDOW, []),
    "two before it": (lambda all_: all_[-WINDOW - 2], WINDOW, [(1, "trimmed")]),
    "the first ever": (lambda all_: all_[0], WINDOW, [(2, "trimmed")]),
    "before the first ever": (lambda all_: all_[0].before(), WINDOW, [(3, "trimmed")]),
    "an epoch that never was": (lambda all_: Position(all_[0].epoch - 1, 5), WINDOW, [UNKNOWN]),
    "the future": (lambda all_: Position(all_[-1].epoch, 9999), WINDOW, [UNKNOWN]),
    "a future epoch": (lambda all_: Position(all_[0].epoch + HOUR_MS, 1), WINDOW, [UNKNOWN]),
    "the origin": (lambda _: "0-0", WINDOW, [UNKNOWN]),
    "garbage": (lambda _: "garbage", WINDOW, [UNKNOWN]),
    "a newest of Redis": (lambda _: "$", WINDOW, [UNKNOWN]),
    "negative": (lambda all_: f"-{all_[-1]}", WINDOW, [UNKNOWN]),
    "a negative number": (lambda all_: f"{all_[-1].epoch}--1", WINDOW, [UNKNOWN]),
    "a half": (lambda all_: all_[-1].epoch, WINDOW, [UNKNOWN]),
    "too large for a number": (lambda _: f"1-{2**64}", WINDOW, [UNKNOWN]),
    "7 KB": (lambda _: "7" * 7_000, WINDOW, [UNKNOWN]),
    "a position and much more": (lambda all_: f"{all_[-1]}{' x' * 3_000}", WINDOW, [UNKNOWN]),
    "not ASCII": (lambda all_: f"{all_[-1]}\u0661", WINDOW, [UNKNOWN]),
}
"""What a client says, how many of the last events it then gets, and which gaps it is told."""


@pytest.mark.parametrize("way", ["cursor", "header"])
@pytest.mark.parametrize(("said", "events", "gaps"), OWED.values(), ids=OWED)
async def test_each_position_is_owed_what_the_law_says(
    live: Live,
    hand: Hand,
    places: Places,
    said: Callable[[Places], object],
    events: int,
    gaps: list[tuple[int | None, str]],
    way: str,
) -> None:
    """By `?cursor=` as by `Last-Event-ID`: never a silent gap, a stall or an error."""
    async with live.listening(**{way: said(places)}) as listener:
        await listener.hears_of("resync", len(gaps))
        last = await hand.change("a")
        await listener.hears(last)
    assert listener.resyncs == gaps
    assert listener.places == [*places[PUBLISHED - events :], last]


@pytest.mark.parametrize("end", ["\n", "\r", "\r\n", "\0"])
async def test_a_line_end_in_the_cursor_is_no_position(
    live: Live, places: Places, end: str
) -> None:
    async with live.listening(f"{places[-1]}{end}") as listener:
        await listener.hears_of("resync")
    assert listener.resyncs == [UNKNOWN]


async def test_a_header_of_10_kb_is_an_unknown_position_too(live: Live, places: Places) -> None:
    """A browser's EventSource would give up for ever if it was refused."""
    async with live.listening(header="7" * 10_240) as listener:
        await listener.hears_of("resync")
    assert listener.resyncs == [UNKNOWN]
    assert listener.places == list(places[-WINDOW:])


async def test_other_header_fields_may_not_be_that_long(live: Live) -> None:
    headers = {"X-Long": "7" * 9_000}
    async with aiohttp.ClientSession() as session:
        for path in ("/api/events", "/api/services", "/health"):
            async with session.get(f"{live.url}{path}", headers=headers) as answer:
                told = (await answer.json())["error"]
                assert (answer.status, told["code"]) == (431, "too_large")


@pytest.mark.parametrize("end", [b"\n", b"\r", b"\r\n folded", b"\0"])
async def test_a_header_that_breaks_its_line_is_refused_at_once(
    live: Live, places: Places, end: bytes
) -> None:
    """It cannot even be read as a request: 400, and the connection is closed."""
    head = (
        b"GET /api/events HTTP/1.1\r\nHost: localhost\r\nLast-Event-ID: " + str(places[-1]).encode()
    )
    reader, writer = await asyncio.open_connection("127.0.0.1", live.port)
    writer.write(head + end + b"X: y\r\n\r\n")
    async with asyncio.timeout(PATIENCE_SECONDS):
        answer = await reader.read()
    writer.close()
    assert answer.startswith((b"HTTP/1.1 400 ", b"HTTP/1.0 400 "))
    assert b"hello" not in answer


@pytest.mark.parametrize(
    ("accept", "status"),
    [
        ("text/event-stream", 200),
        ("*/*", 200),
        ("text/*;q=0.1", 200),
        ("a/b, TEXT/Event-Stream ; x=1", 200),
        ("", 200),
        ("application/json", 406),
        ("text/html, image/*;q=0.5", 406),
        ("text/event-stream;q=0.0", 406),
    ],
)
async def test_a_client_that_takes_no_streams_learns_where_the_state_is(
    live: Live, accept: str, status: int
) -> None:
    """Instead of waiting for the end of an answer that has none."""
    async with (
        aiohttp.ClientSession(headers={"Accept": accept}) as session,
        session.get(f"{live.url}/api/events") as answer,
    ):
        assert answer.status == status
        if status == 406:
            assert "/api/services" in (await answer.json())["error"]["message"]


async def test_the_header_counts_for_more_than_the_address(live: Live, places: Places) -> None:
    """A browser reconnects to the address that the page opened, with the place it has by now."""
    async with live.listening(cursor=places[-5], header=places[-2]) as listener:
        await listener.hears(places[-1])
    assert listener.places == [places[-1]]


async def test_a_trim_between_snapshot_and_stream_is_told_once_and_is_over(
    live: Live, hand: Hand
) -> None:
    """As for a page that loads the state, and whose stream then opens too late."""
    cursor = (await live.state())["cursor"]
    late = [await hand.change("a") for _ in range(WINDOW + 4)]
    await live.reaches(late[-1])
    async with live.listening(cursor) as listener:
        await listener.hears(late[-1])
    assert listener.resyncs == [(4, "trimmed")]
    assert listener.places == late[-WINDOW:]
    state = await live.state()
    async with live.listening(state["cursor"]) as again:
        await again.hears(await hand.change("a"))
    assert again.resyncs == []


async def test_a_worker_that_is_overtaken_again_and_again_does_not_load_again_and_again(
    redis7: RedisServer, live: Live, hand: Hand, places: Places
) -> None:
    """Its clients are told each gap, and in the end they have all that there is."""
    async with live.listening() as listener:
        with contextlib.closing(client(redis7.url)) as admin:
            admin.config_resetstat()
            began = time.monotonic()
            last = await hand.changes("a", 2 * WINDOW)
            while time.monotonic() < began + 1:
                last = await hand.changes("a", 2 * WINDOW)
            await listener.hears(last)
            loads = admin.info("commandstats")["cmdstat_xrange"]["calls"]
            took = time.monotonic() - began
        assert 0 < len(listener.resyncs) <= loads <= 1 + took / REST_SECONDS
        missed = sum(dropped or 0 for dropped, _ in listener.resyncs)
        assert len(listener.places) + missed == last.seq - places[-1].seq


async def test_a_quiet_stream_is_pinged_with_the_position_it_is_at(
    redis7: RedisServer, places: Places
) -> None:
    """So that no proxy cuts it, and its client knows that it has everything."""
    async with working(redis7.url, ping_seconds=0.3) as live, live.listening() as listener:
        await listener.hears_of("ping", 3)
        told = listener.data("hello")[0]
        assert told["ping_seconds"] == 0.3
        assert {message.last_id for message in listener.named("ping")} == {str(places[-1])}
