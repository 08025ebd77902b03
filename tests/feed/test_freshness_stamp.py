"""Times on the wire: when a frame was sent, and as of when the worker had proof from Redis."""

import json
from collections.abc import Mapping

import pytest

from hero_router.feed.conditions import Condition
from hero_router.feed.encoded_event import frame
from hero_router.feed.freshness_stamp import SAME_MS, Freshness
from hero_router.model import Event
from hero_router.sse import Parser
from tests.feed.bench import NOW_MS, PING, Bench
from tests.feed.stream import MemoryStream, Scene
from tests.feed.world import event, position


def test_a_stamp_serves_many_clients_for_a_moment_and_no_longer() -> None:
    now = 1_000
    proof = Freshness(lambda: now)
    first = proof.stamp()
    proof.as_of = 900
    now += SAME_MS - 1
    assert proof.stamp() is first
    now += 1
    assert proof.stamp() == {"now": now, "as_of": 900}
    now = 500  # Redis is another one now, whose clock is behind
    assert proof.stamp()["now"] == now


def test_control_frames_carry_the_time_of_sending_and_of_the_last_proof() -> None:
    bench = Bench()
    bench.freshness.as_of = 6_000
    _, sink = bench.join()
    condition = Condition("redis", None, 7, "away")
    bench.hub.send_conditions((condition,))
    bench.pass_time(PING)
    hello, stale, ping = [json.loads(each.data) for each in sink.messages]
    assert hello["now"] == stale["now"] == ping["now"] == NOW_MS
    assert stale["as_of"] == ping["as_of"] == 6_000


def dated(**changes: object) -> Mapping[str, object]:
    """The data of an event as clients get it."""
    (message,) = Parser().feed(frame(replaced(event(1), **changes)))
    data: Mapping[str, object] = json.loads(message.data)
    return data


def replaced(one: Event, **changes: object) -> Event:
    return one._replace(**changes)  # type: ignore[arg-type] # fields of an event


def test_each_event_says_when_it_was_published() -> None:
    assert dated(at=5) == {"at": 5, **event(1).payload}


def test_a_time_is_neither_made_up_nor_sent_twice() -> None:
    """An older version's entries have none; a newer one's may have a field of that name."""
    assert dated(at=0) == event(1).payload
    assert dated(at=5, payload={"at": 4}, data='{"at":4}') == {"at": 4}


@pytest.mark.parametrize("data", ["{}", "{ }", " {}"])
def test_a_foreign_entry_says_when_it_came_too(data: str) -> None:
    assert dated(type=None, at=5, payload={}, data=data) == {"at": 5}


def test_white_space_before_an_object_does_not_break_it() -> None:
    assert dated(at=5, payload={"a": 1}, data=' {"a":1}') == {"at": 5, "a": 1}


@pytest.fixture
def scene() -> Scene:
    return Scene(MemoryStream())


async def test_proof_is_as_of_the_snapshot_then_of_the_last_event_then_of_the_last_question(
    scene: Scene,
) -> None:
    stream, proof = scene.stream, scene.feed.freshness
    assert scene.feed.freshness.as_of is None
    await scene.tail.load()
    assert proof.as_of == 1
    stream.add(replaced(event(1), position=stream.next(), at=77))
    assert not await scene.follow()
    assert proof.as_of == 77
    before = proof.now_ms()
    assert not await scene.follow()
    assert before <= proof.as_of <= proof.now_ms()


async def test_a_stream_that_lies_ahead_unread_is_no_proof(scene: Scene) -> None:
    await scene.tail.load()
    scene.stream.head_ = position(9)
    assert not await scene.tail.poll()
    assert scene.feed.freshness.as_of == 1
