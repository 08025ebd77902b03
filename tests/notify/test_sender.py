"""The sender: order, retries, what is given up, and that nothing is dropped in silence."""

import json
import logging
from collections.abc import AsyncIterator

import pytest

from hero_router.backoff import Backoff
from hero_router.notify.messages import Message, Queued, about_node
from hero_router.notify.sender import LONGEST_WAIT_MS, LOOK_SECONDS, REFUSALS, Failed, Sender
from hero_router.position import Position
from hero_router.store import webhook
from hero_router.store.keys import Keys
from hero_router.store.lease import Lease
from hero_router.store.webhook import WebhookStore
from tests.support.fake_redis import fake_redis

KEYS = Keys()


REFUSED = Failed("it answers with status 400", is_refusal=True)


class FakeTarget:
    """Takes messages, or fails as long as `failure` is set; may refuse notices of missing ones."""

    def __init__(self) -> None:
        self.failure: Failed | None = None
        self.wants_notices = True
        self.tried = list[str]()
        self.taken = list[str]()

    async def send(self, message: Queued) -> None:
        """Take a message."""
        told = json.loads(message.body)
        name = told["data"].get("node") or f"{told['data']['dropped']} dropped"
        self.tried.append(name)
        if self.failure:
            raise self.failure
        if not self.wants_notices and "dropped" in told["data"]:
            raise REFUSED
        self.taken.append(name)


class Desk:
    """A sender over a fake Redis, whose clock the test sets."""

    def __init__(self) -> None:
        self.client = fake_redis()
        self.store, self.target, self.now_ms = WebhookStore(self.client, KEYS), FakeTarget(), 10_000
        backoff = Backoff(2.0, 300.0, jitter=lambda: 1.0)
        self.sender = Sender(self.store, self.target, lambda: self.now_ms, backoff)

    async def queue(self, *messages: Message) -> None:
        """Put messages into the queue."""
        lease = Lease(self.client, KEYS, "n1", "s1", 60, KEYS.webhook_lease)
        grant = await lease.acquire()
        assert grant is not None
        queued = [message.queued() for message in messages]
        await self.store.write(grant, Position(1, 1), {}, {}, queued)


@pytest.fixture
async def desk() -> AsyncIterator[Desk]:
    made = Desk()
    yield made
    await made.client.aclose()


def message(name: str, at: int = 10_000) -> Message:
    return about_node("node.lost", name, "", at)


async def test_messages_are_sent_in_order_and_then_the_queue_is_looked_at_again(desk: Desk) -> None:
    await desk.queue(message("a"), message("b"))
    assert [await desk.sender.step() for _ in range(3)] == [0, 0, LOOK_SECONDS]
    assert desk.target.taken == ["a", "b"]


async def test_a_target_that_is_away_is_tried_again_later_and_later_and_gets_all(
    desk: Desk, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    await desk.queue(message("a"), message("b"))
    desk.target.failure = Failed("no answer")
    waits = [await desk.sender.step() for _ in range(9)]
    failing = await desk.store.status()
    assert failing is not None
    assert (failing.failure, failing.waiting, failing.is_failing) == ("no answer", 2, True)
    assert waits == [2, 4, 8, 16, 32, 64, 128, 256, 300]
    assert desk.target.tried == ["a"] * 9
    desk.target.failure = None
    await desk.sender.step()
    await desk.sender.step()
    assert desk.target.taken == ["a", "b"]
    well = await desk.store.status()
    assert well is not None
    assert (well.sent_at, well.waiting, well.is_failing) == (desk.now_ms, 0, False)
    assert caplog.text.count("does not accept webhook messages") == 1
    assert "accepts webhook messages again" in caplog.text


async def test_another_sender_goes_on_with_what_waits(desk: Desk) -> None:
    await desk.queue(message("a"))
    desk.target.failure = Failed("no answer")
    await desk.sender.step()
    desk.target.failure = None
    assert await Sender(desk.store, desk.target, lambda: desk.now_ms).step() == 0
    assert desk.target.taken == ["a"]


async def test_a_message_that_is_refused_again_and_again_does_not_hold_up_the_others(
    desk: Desk, caplog: pytest.LogCaptureFixture
) -> None:
    """And the next one says that one is missing."""
    await desk.queue(message("a"), message("b"))
    desk.target.failure = REFUSED
    for _ in range(REFUSALS):
        assert await desk.sender.step() > 0
    assert "given up and will never be sent: it answers with status 400" in caplog.text
    desk.target.failure = None
    await desk.sender.step()
    assert desk.target.taken == ["1 dropped", "b"]
    await desk.queue(message("c"))
    await desk.sender.step()
    assert desk.target.taken[2:] == ["c"]


async def test_a_target_that_refuses_to_be_told_what_is_missing_gets_all_other_messages(
    desk: Desk, caplog: pytest.LogCaptureFixture
) -> None:
    await desk.queue(*(message(name) for name in "abc"))
    desk.target.failure = REFUSED
    for _ in range(REFUSALS):
        await desk.sender.step()
    desk.target.failure, desk.target.wants_notices = None, False
    for _ in range(REFUSALS + 1):
        await desk.sender.step()
    assert desk.target.tried[REFUSALS:] == ["1 dropped"] * REFUSALS + ["b", "c"]
    assert desk.target.taken == ["b", "c"]
    assert "will not be told that 1 are missing: it answers with status 400" in caplog.text


async def test_refusals_to_be_told_what_is_missing_are_none_of_the_message_behind(
    desk: Desk,
) -> None:
    """Nor does a target that is away count as one that refuses."""
    await desk.queue(message("a"), message("b"))
    desk.target.failure = REFUSED
    for _ in range(2 * REFUSALS - 1):
        await desk.sender.step()
    desk.target.failure = Failed("no answer")
    for _ in range(REFUSALS):
        await desk.sender.step()
    desk.target.failure = REFUSED
    for _ in range(REFUSALS - 1):
        await desk.sender.step()
    assert desk.target.tried[REFUSALS:] == ["1 dropped"] * 2 * REFUSALS + ["b"] * (REFUSALS - 1)
    desk.target.failure = None
    await desk.sender.step()
    assert desk.target.taken == ["b"]


async def test_a_message_that_is_too_old_is_given_up_and_told_as_missing(desk: Desk) -> None:
    await desk.queue(message("a"), message("b", at=desk.now_ms + 5))
    desk.now_ms += LONGEST_WAIT_MS + 1
    await desk.sender.step()
    await desk.sender.step()
    assert desk.target.taken == ["1 dropped", "b"]


async def test_what_a_full_queue_dropped_is_told_before_the_next_message(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(webhook, "MOST_WAITING", 2)
    await desk.queue(*(message(name) for name in "abcd"))
    desk.target.failure = Failed("no answer")
    await desk.sender.step()
    assert desk.target.tried == ["2 dropped"]
    desk.target.failure = None
    for _ in range(2):
        await desk.sender.step()
    assert desk.target.taken == ["2 dropped", "c", "d"]


async def test_an_entry_of_another_program_is_left_out(desk: Desk) -> None:
    await desk.client.rpush(KEYS.webhook_queue, "junk")
    await desk.queue(message("a"))
    assert [await desk.sender.step() for _ in range(2)] == [0, 0]
    assert desk.target.taken == ["a"]
