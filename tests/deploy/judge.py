"""Checks of the clients of a topology: they go on, and they missed nothing."""

import json
from collections.abc import Callable, Sequence
from itertools import pairwise

from tests.deploy.follower import Follower, all_of
from tests.deploy.publisher import Publisher, Window
from tests.support.wait import eventually

SOME = 20
"""Events after which a client is known to follow."""


def worker_process(hello: str) -> int:
    """The process id in a worker's name."""
    return int(hello.rpartition("/")[2])


async def go_on(followers: Sequence[Follower]) -> None:
    """Wait until every client has got some more events."""
    counts = [len(item.seen) + SOME for item in followers]
    await eventually(
        lambda: all(len(item.seen) >= n for item, n in zip(followers, counts, strict=True)),
        message="every client's stream goes on",
    )


async def settle(publisher: Publisher, followers: Sequence[Follower]) -> Window:
    """The stream as of now, once every client has got all of it."""
    window = await publisher.window()
    head = window[-1][0]
    await eventually(
        all_of(followers, lambda item: bool(item.seen) and item.seen[-1][0] >= head),
        message="every client gets the last event",
    )
    return window


def says(event: str) -> Callable[[Follower], bool]:
    """Whether a client got a `stale` or `fresh` frame about Redis."""
    return lambda item: any(json.loads(one.data)["reason"] == "redis" for one in item.told(event))


def assert_faithful(follower: Follower, window: Window) -> None:
    """It saw just what the stream holds from its start on: each event, once and in order."""
    start, head = follower.start, window[-1][0]
    assert start is not None
    assert window[0][0] <= start.next(), "what it was told first is not known any more"
    assert follower.told("resync") == []
    positions = [start, *(position for position, _ in follower.seen)]
    assert all(after == before.next() for before, after in pairwise(positions))
    due = [event for event in window if event[0] > start]
    assert [event for event in follower.seen if event[0] <= head] == due
    assert follower.refusals == []


def assert_ended(end: str, lost: Sequence[Follower]) -> None:
    """A worker that is stopped, or lost its master, ends its streams cleanly, with `retry:`."""
    for follower in lost:
        how, last = follower.endings[0]
        if end == "SIGKILL":
            assert how == "broken", "a cut stream must not look like one that ended"
        else:
            assert how == "clean"
            assert last.rpartition(b"\n\nretry: ")[2].strip().isdigit()
