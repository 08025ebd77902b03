"""The whole webhook over a real Redis: scanners that come and go, gaps, a real receiver."""

import asyncio
import json
import logging
from collections.abc import Sequence
from functools import partial
from itertools import count
from typing import Any

import pytest

from hero_router.errors import StoreError
from hero_router.feed import node_monitor
from hero_router.model import Status, service_id
from hero_router.notify import follower
from hero_router.store import outage
from hero_router.store.client import Redis
from hero_router.store.keys import Keys
from hero_router.store.mutes import Mute, MuteStore
from hero_router.store.webhook import WebhookStore
from tests.notify.hooks import DOWN, UP, Author, Hooks
from tests.notify.receiver import OK
from tests.support.hand import NODE, Hand
from tests.support.redis import RedisServer
from tests.support.wait import eventually


async def test_changes_are_told_and_those_that_are_there_at_the_first_start(
    hooks: Hooks, author: Author
) -> None:
    await author.write("old", DOWN)
    await author.write("well", UP)
    async with hooks.running():
        await hooks.tell("service.down old")
        await author.write("well", DOWN, UP)
        await hooks.tell("service.down old", "service.down well", "service.up well")
    first = hooks.hook.requests[0]
    assert "webhook-signature" not in first.fields
    assert json.loads(first.body)["text"].startswith("default/old on n2 is down (unhealthy)")


async def test_nothing_is_lost_or_told_twice_while_no_scanner_runs(
    hooks: Hooks, author: Author
) -> None:
    async with hooks.running():
        await author.write("a", UP, DOWN)
        await hooks.tell("service.down a")
    await author.write("a", UP, DOWN, UP)
    async with hooks.running():
        await hooks.tell("service.down a", "service.up a", "service.down a", "service.up a")


async def test_events_that_were_trimmed_meanwhile_are_told_as_missed(
    hooks: Hooks, author: Author
) -> None:
    async with hooks.running():
        await author.write("a", UP)
        await author.write("b", UP, DOWN)
        await hooks.tell("service.down b")
    await author.write("a", DOWN)
    await author.write("b", UP)
    await author.write("c", *[UP, Status.DEGRADED] * 5)
    async with hooks.running():
        await hooks.tell("service.down b", "events.missed 4", "service.down a", "service.up b")


async def test_one_of_several_scanners_sends_and_another_takes_over(
    hooks: Hooks, author: Author
) -> None:
    async with hooks.running():
        await author.write("a", UP, DOWN)
        await hooks.tell("service.down a")
        async with hooks.running():
            await author.write("a", UP)
            await hooks.tell("service.down a", "service.up a")
            await Sequencer(hooks).no_message_twice()


class Sequencer:
    """Checks the raw requests of a receiver."""

    def __init__(self, hooks: Hooks) -> None:
        self._requests: Sequence[Any] = hooks.hook.requests

    async def no_message_twice(self) -> None:
        ids = [each.fields["webhook-id"] for each in self._requests]
        assert len(ids) == len(set(ids))


async def test_a_receiver_that_is_away_for_a_while_gets_all_in_order(
    hooks: Hooks, author: Author
) -> None:
    unwell = b"HTTP/1.1 503 Away\r\nContent-Length: 0\r\n\r\n"
    hooks.hook.answers = [unwell, b"", unwell, OK]
    async with hooks.running():
        await author.write("a", UP, DOWN, UP)
        await eventually(lambda: len(hooks.hook.requests) == 5, message="all attempts")
    ids = [each.fields["webhook-id"] for each in hooks.hook.requests]
    assert len(set(ids[:4])) == 1, "the same id with each attempt"
    assert hooks.told == ["service.down a", "service.up a"]


async def test_an_outage_of_redis_is_logged_once_and_nothing_is_lost_over_it(
    hooks: Hooks,
    author: Author,
    redis7: RedisServer,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(outage, "LONGEST_RETRY_SECONDS", 0.02)
    failures = list[StoreError]()
    failed = outage.Outage.failed

    def noted(self: outage.Outage, error: StoreError) -> float:
        failures.append(error)
        return failed(self, error)

    monkeypatch.setattr(outage.Outage, "failed", noted)
    caplog.set_level(logging.INFO, "hero_router.store.outage")
    async with hooks.running():
        await author.write("a", UP, DOWN)
        await hooks.tell("service.down a")
        redis7.kill()
        await eventually(lambda: "cannot send webhooks now" in caplog.text, message="it is logged")
        await eventually(lambda: len(failures) > 5, message="it goes on trying")
        redis7.start()
        await author.write("a", UP)
        await hooks.tell("service.down a", "service.up a")
        await eventually(lambda: "send webhooks again" in caplog.text, message="the end is logged")
    assert len(set(caplog.messages)) == len(caplog.messages), "each cause once, not each try"


async def test_a_muted_service_is_not_told_and_when_the_mute_ends_what_differs_is(
    hooks: Hooks, author: Author, raw: Redis
) -> None:
    mutes, services = (
        MuteStore(raw, Keys()),
        {name: service_id(NODE, "default", name) for name in "abc"},
    )
    async with hooks.running():
        await author.write("a", UP)
        await author.write("b", UP, DOWN)
        await hooks.tell("service.down b")
        for name in "ab":
            await mutes.put(Mute(services[name], name, "default", NODE, "ann", 1, None, ""))
        state = WebhookStore(raw, Keys())
        await mutes_are_seen(author, hooks)
        await author.write("a", DOWN)
        await author.write("b", UP, DOWN, UP, DOWN)
        await author.write("c", DOWN)
        await eventually(lambda: hooks.told[-1] == "service.down c", message="others are told")
        told = len(hooks.told)
        assert "service.down a" not in hooks.told
        await mutes.remove(services["a"], services["b"])
        await eventually(lambda: hooks.told[told:] == ["service.down a"], message="what differs")
        assert (await state.load()).services[services["b"]]


async def mutes_are_seen(author: Author, hooks: Hooks) -> None:
    """Wait until the sender has looked at the mutes: it does so between two reads."""
    for name in ("x", "y", "z"):
        await author.write(name, DOWN)
        told = partial(hooks.has_told, f"service.down {name}")
        await eventually(told, message="the sender goes on")
        await asyncio.sleep(2 * follower.WATCH_SECONDS)


async def test_only_the_chosen_messages_are_sent(hooks: Hooks, author: Author) -> None:
    async with hooks.running(webhook_events="service.up"):
        await author.write("a", UP, DOWN, UP)
        await hooks.tell("service.up a")


async def test_a_node_that_is_lost_and_comes_back_is_told_also_to_a_new_sender(
    hooks: Hooks, hand: Hand, raw: Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(node_monitor, "GRACE_SECONDS", 0.2)
    async with hooks.running():
        await raw.delete(Keys().lease(NODE))
        await eventually(lambda: f"node.lost {NODE}" in hooks.told, message="it is lost")
    async with hooks.running():
        assert hooks.told == [f"node.lost {NODE}"]
        await hand.begin()
        scans = count(2)

        async def is_back() -> bool:
            await hand.report(scan=next(scans))
            return hooks.told[-1] == f"node.back {NODE}"

        await eventually(is_back, message="it is back")
    assert hooks.told == [f"node.lost {NODE}", f"node.back {NODE}"]


async def test_a_registry_that_is_lost_is_noticed(
    hooks: Hooks, raw: Redis, hand: Hand, author: Author
) -> None:
    async with hooks.running():
        await author.write("a", UP, DOWN)
        await hooks.tell("service.down a")
        await raw.delete(Keys().events, Keys().services, Keys().meta)
        await hand.begin()
        await author.write("a", UP)
        await eventually(lambda: "service.up a" in hooks.told, message="what differs is told")
        assert "events.missed None" in hooks.told
