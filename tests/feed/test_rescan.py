"""Answers to "scan now" are found in the stream by the request's id."""

import asyncio
from typing import Any

import pytest

from hero_router.feed.rescan import ScanReplies
from hero_router.model import Event
from hero_router.strict_json import encode
from tests.feed.world import position


def scan(node: str, requests: Any) -> Event:
    payload = {"node": node, "requests": requests}
    return Event(position(1), "scan", node, "", payload, encode(payload))


async def test_the_answers_of_all_nodes_are_collected() -> None:
    scans = ScanReplies()
    scans.expect("r1")
    scans.deliver(scan("a", ["r1", "other"]))
    asyncio.get_running_loop().call_soon(scans.deliver, scan("b", ["r1"]))
    answers = await scans.collect("r1", {"a", "b"}, seconds=5)
    assert {node: each["node"] for node, each in answers.items()} == {"a": "a", "b": "b"}


async def test_answers_that_come_too_late_are_left_out() -> None:
    scans = ScanReplies()
    scans.expect("r1")
    scans.deliver(scan("a", ["r1"]))
    answers = await scans.collect("r1", {"a", "b"}, seconds=0.01)
    assert list(answers) == ["a"]


async def test_an_answer_that_is_read_twice_or_is_of_another_node_does_not_end_the_wait() -> None:
    scans = ScanReplies()
    scans.expect("r1")
    for node in ("a", "a", "c"):
        scans.deliver(scan(node, ["r1"]))
    asyncio.get_running_loop().call_soon(scans.deliver, scan("b", ["r1"]))
    assert list(await scans.collect("r1", {"a", "b"}, seconds=5)) == ["a", "c", "b"]


async def test_without_a_known_node_the_first_answer_is_enough() -> None:
    scans = ScanReplies()
    scans.expect("r1")
    asyncio.get_running_loop().call_soon(scans.deliver, scan("b", ["r1"]))
    assert list(await scans.collect("r1", set(), seconds=5)) == ["b"]


async def test_a_forgotten_request_keeps_no_answers() -> None:
    scans = ScanReplies()
    scans.expect("r1")
    scans.forget("r1")
    scans.forget("r1")
    with pytest.raises(KeyError):
        await scans.collect("r1", set(), seconds=5)


async def test_answers_to_others_and_junk_are_ignored() -> None:
    scans = ScanReplies()
    scans.expect("r1")
    for requests in (["r2"], None, "r1", [["r1"]], 7):
        scans.deliver(scan("a", requests))
    assert await scans.collect("r1", set(), seconds=0.01) == {}
