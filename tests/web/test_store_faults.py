"""A whole worker while Redis is harmed under it: its clients are told, and it recovers."""

import contextlib
import shutil
from collections.abc import AsyncIterator, Callable, Iterator

import pytest
from redis import Redis

from hero_router.position import Position
from hero_router.store.keys import SCHEMA, Keys
from tests.support.hand import Hand
from tests.support.redis import RedisServer, client, redis7_binary
from tests.support.wait import eventually
from tests.web.live import WINDOW, Listener, Live, working

KEYS = Keys()
CHANGED = [(None, "store_changed")]


@pytest.fixture
def admin(redis7: RedisServer) -> Iterator[Redis]:
    """Who does the harm."""
    with contextlib.closing(client(redis7.url)) as harming:
        yield harming


@pytest.fixture
async def live(redis7: RedisServer, hand: Hand) -> AsyncIterator[Live]:
    """A worker that knows it."""
    async with working(redis7.url) as worker:
        await worker.reaches(await hand.change("s0"))
        yield worker


@pytest.fixture
async def listener(live: Live) -> AsyncIterator[Listener]:
    """A client that is up to date."""
    async with live.listening() as following:
        yield following


async def shows_the_registry(live: Live, hand: Hand, head: Position) -> None:
    """The worker's answer is what Redis holds: nothing missing, no phantom."""
    await live.reaches(head)
    state = await live.state()
    assert {item["id"]: item["status"] for item in state["services"]} == await hand.statuses()
    assert (state["cursor"], state["stale"]) == (str(head), [])


async def goes_on(live: Live, hand: Hand, listener: Listener) -> Position:
    """The next event arrives and all is well; returns its position."""
    place = await hand.change("s1")
    await listener.hears(place)
    await eventually(live.is_ready, message="the worker is ready again")
    await shows_the_registry(live, hand, place)
    return place


def flush(admin: Redis) -> None:
    """As by a careless hand."""
    admin.flushall()


def rename(admin: Redis) -> None:
    """The stream is moved away."""
    admin.rename(KEYS.events, "elsewhere")


def recreate(admin: Redis) -> None:
    """The stream is deleted, and another program begins one by that name."""
    admin.delete(KEYS.events)
    admin.xadd(KEYS.events, {"hello": "world"})


@pytest.mark.parametrize("harm", [flush, rename, recreate])
async def test_a_stream_that_is_lost_is_one_resync_and_a_new_epoch(
    live: Live,
    hand: Hand,
    listener: Listener,
    admin: Redis,
    harm: Callable[[Redis], None],
) -> None:
    before = live.feed.ring.head
    harm(admin)
    if harm is not recreate:
        told = await listener.hears_of("stale")
        assert told[0]["detail"] == "the stream of events is gone from Redis"
        assert not await live.is_ready()
    await hand.begin(services=3 if harm is flush else 0)
    place = await goes_on(live, hand, listener)
    assert place.epoch > before.epoch
    assert listener.resyncs == CHANGED
    assert listener.places == sorted(set(listener.places))


async def test_a_client_that_was_away_meanwhile_is_told_too(
    live: Live, hand: Hand, admin: Redis
) -> None:
    before = live.feed.ring.head
    flush(admin)
    await hand.begin(services=3)
    await live.reaches(await hand.change("s0"))
    async with live.listening(before) as returned:
        await returned.hears_of("resync")
        await goes_on(live, hand, returned)
    assert returned.resyncs == [(None, "unknown_position")]


async def test_a_stream_of_the_wrong_type_is_told_and_costs_nothing_once_put_right(
    live: Live, hand: Hand, listener: Listener, admin: Redis
) -> None:
    admin.rename(KEYS.events, "kept")
    admin.set(KEYS.events, "x")
    (told,) = await listener.hears_of("stale")
    assert "holds another type of value" in told["detail"]
    status, ready = await live.get("/ready")
    assert (status, ready["reason"]) == (503, told["detail"])
    assert len((await live.state())["services"]) == 3
    admin.rename("kept", KEYS.events)
    await listener.hears_of("fresh")
    await goes_on(live, hand, listener)
    assert listener.resyncs == []


async def test_a_layout_of_another_version_is_not_read_and_is_told(
    redis7: RedisServer, hand: Hand, admin: Redis
) -> None:
    admin.hset(KEYS.meta, "schema", str(SCHEMA + 1))
    async with working(redis7.url) as live, live.listening() as listener:
        (told,) = await listener.hears_of("stale")
        assert f"of another version of hero_router (schema {SCHEMA + 1}, here " in told["detail"]
        assert (await live.get("/ready"))[0] == 503
        admin.hset(KEYS.meta, "schema", str(SCHEMA))
        await listener.hears_of("fresh")
        await goes_on(live, hand, listener)


async def test_a_restart_that_lost_nothing_is_no_resync_though_it_begins_an_epoch(
    redis7: RedisServer, live: Live, hand: Hand, listener: Listener
) -> None:
    """kill -9; the data come back from the append-only file."""
    before = live.feed.ring.head
    redis7.kill()
    told, *_ = await listener.hears_of("stale")  # the next try may fail in another way
    assert told["detail"].startswith(f"Redis at {redis7.socket} cannot be reached: ")
    assert len((await live.state())["services"]) == 3
    redis7.start()
    await listener.hears_of("fresh")
    place = await goes_on(live, hand, listener)
    assert place.epoch > before.epoch
    assert listener.resyncs == []


@contextlib.asynccontextmanager
async def following(server: RedisServer, hand: Hand) -> AsyncIterator[tuple[Live, Listener]]:
    """A worker on a server of its own, and a client that is up to date."""
    async with working(server.url) as live:
        await live.reaches(await hand.change("s0"))
        async with live.listening() as listener:
            yield live, listener
    await hand.close()


async def test_clients_that_saw_the_writes_lost_in_a_restart_get_a_resync(
    launch: Callable[..., RedisServer],
) -> None:
    """As after a failover: clients saw events that never happened in the new history."""
    server = launch(redis7_binary())
    hand = Hand(server.url, WINDOW)
    await hand.begin(services=2)
    with contextlib.closing(client(server.url)) as admin:
        admin.save()
    shutil.copy(server.folder / "dump.rdb", server.folder / "old.rdb")
    async with following(server, hand) as (live, listener):
        await listener.hears(await hand.change("lost"))
        server.kill()
        shutil.move(server.folder / "old.rdb", server.folder / "dump.rdb")
        server.start()
        await hand.begin()
        await goes_on(live, hand, listener)
        assert listener.resyncs == CHANGED
        names = {item["name"] for item in (await live.state())["services"]}
        assert names == {"s0", "s1"}


async def test_a_restart_that_lost_everything_is_told_and_filled_again(
    launch: Callable[..., RedisServer],
) -> None:
    server = launch(redis7_binary())
    hand = Hand(server.url, WINDOW)
    await hand.begin(services=3)
    async with following(server, hand) as (live, listener):
        before = live.feed.ring.head
        server.restart()
        await hand.begin(services=2)
        place = await goes_on(live, hand, listener)
        assert place.epoch > before.epoch
        assert listener.resyncs == CHANGED


async def test_a_strangers_entry_in_the_stream_costs_nobody_an_event(
    live: Live, hand: Hand, listener: Listener, admin: Redis
) -> None:
    """It keeps its place, is counted, and says nothing."""
    before = live.feed.ring.head
    admin.xadd(KEYS.events, {"hello": "world"}, id=str(before.next()))
    place = await goes_on(live, hand, listener)
    assert (listener.resyncs, listener.places) == ([], [place])
    assert place == before.next().next()
    assert live.feed.tail.invalid_entries == 1


async def test_strangers_entries_in_the_hashes_are_not_shown(
    redis7: RedisServer, hand: Hand, admin: Redis
) -> None:
    truth = await hand.statuses()
    for number, junk in enumerate((b"", b"5", b"{}", b"[1]", b'{"id": "junk4"}', b"\xff")):
        admin.hset(KEYS.services, f"junk{number}", junk)
        admin.hset(KEYS.nodes, f"junk{number}", junk)
    async with working(redis7.url) as live:
        await live.reaches(await hand.change("s0"))
        state = await live.state()
        assert {item["id"] for item in state["services"]} == truth.keys()
        assert [node["node"] for node in state["nodes"]] == ["n2"]
        assert (await live.get("/api/services/junk4"))[0] == 404
