"""`forget`: a node that is gone for good leaves, and who follows is told; one that lives stays."""

import asyncio
from pathlib import Path
from typing import Any

from click.testing import CliRunner, Result

from hero_router.cli import main
from hero_router.store.keys import Keys
from tests.support.hand import NODE, Hand
from tests.support.redis import RedisServer
from tests.support.replication import ask
from tests.support.wait import eventually
from tests.web.live import Live, working

KEYS = Keys()


def run(*arguments: str, **environment: str) -> Result:
    return CliRunner().invoke(main, ["forget", *arguments], env=environment, catch_exceptions=False)


async def forget(*arguments: str, **environment: str) -> Result:
    """Beside all that runs here."""
    return await asyncio.to_thread(run, *arguments, **environment)


async def lost(live: Live) -> str:
    """Wait until the worker says that the node has no scanner; what it says."""
    doubts: Any = live.feed.conditions
    await eventually(lambda: doubts.find("scanner", NODE), message="the node is lost")
    return str(doubts.find("scanner", NODE).detail)


async def test_a_lost_node_is_removed_with_its_services_and_is_no_longer_stale(
    redis7: RedisServer, hand: Hand
) -> None:
    async with working(redis7.url) as live:
        await live.reaches(await hand.change("s0"))
        ask(redis7, "DEL", KEYS.lease(NODE))
        assert f"hero_router forget {NODE}" in await lost(live)
        async with live.listening() as listener:
            answer = await forget(NODE, ROUTER_REDIS_URL=redis7.url)
            assert (answer.exit_code, answer.stderr) == (0, "")
            assert answer.stdout == f"node {NODE} is removed, with 3 services\n"
            removed = await listener.hears_of("service_removed", 3)
            assert {item["reason"] for item in removed} == {"forgotten"}
            assert {item["name"] for item in removed} == {"s0", "s1", "s2"}
            await listener.hears_of("fresh")
            assert listener.resyncs == []
        assert live.names == set()
        assert live.feed.conditions.find("scanner", NODE) is None
    assert ask(redis7, "HLEN", KEYS.nodes) == 0
    assert ask(redis7, "HEXISTS", KEYS.meta, f"call:{NODE}") == 0
    assert ask(redis7, "EXISTS", KEYS.lease(NODE)) == 0


def test_a_node_whose_scanner_runs_is_not_forgotten(redis7: RedisServer, hand: Hand) -> None:
    before = ask(redis7, "XLEN", KEYS.events)
    answer = run(NODE, ROUTER_REDIS_URL=redis7.url)
    assert answer.exit_code == 1
    assert answer.stderr.startswith(f"hero_router: a scanner runs for node '{NODE}'")
    assert answer.stderr.count("\n") == 1
    assert ask(redis7, "HLEN", KEYS.services) == 3
    assert ask(redis7, "XLEN", KEYS.events) == before


def test_an_unknown_node_is_an_error_that_lists_the_nodes(redis7: RedisServer, hand: Hand) -> None:
    answer = run("n7", ROUTER_REDIS_URL=redis7.url)
    assert answer.exit_code == 1
    assert answer.stderr == f"hero_router: there is no node 'n7'; the nodes are: {NODE}\n"


def test_an_empty_redis_knows_no_node(redis7: RedisServer) -> None:
    answer = run("n7", ROUTER_REDIS_URL=redis7.url)
    assert answer.stderr == "hero_router: there is no node 'n7'; the nodes are: none\n"


def test_a_window_that_is_larger_than_this_commands_setting_is_kept(
    redis7: RedisServer, hand: Hand
) -> None:
    ask(redis7, "DEL", KEYS.lease(NODE))
    length = ask(redis7, "XLEN", KEYS.events)
    assert length > 1
    assert run(NODE, "--sse-buffer", "1", ROUTER_REDIS_URL=redis7.url).exit_code == 0
    assert ask(redis7, "XLEN", KEYS.events) == length


def test_without_any_redis_one_line_says_what_to_set(tmp_path: Path) -> None:
    answer = run("n1", ROUTER_REDIS_URL="", ROUTER_STATE_DIR=str(tmp_path))
    assert answer.exit_code == 2
    assert answer.stderr.count("\n") == 1
    for name in ("ROUTER_REDIS_URL", "ROUTER_STATE_DIR"):
        assert name in answer.stderr
    assert list(tmp_path.iterdir()) == [], "nothing is made"


def test_the_private_redis_of_serve_is_found(
    redis7: RedisServer, hand: Hand, tmp_path: Path
) -> None:
    (tmp_path / "redis").mkdir()
    (tmp_path / "redis" / "redis.sock").symlink_to(redis7.socket)
    answer = run(NODE, ROUTER_REDIS_URL="", ROUTER_STATE_DIR=str(tmp_path))
    assert (answer.exit_code, "a scanner runs" in answer.stderr) == (1, True)
