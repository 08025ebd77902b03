"""The warning about a Redis that may evict keys, and the cases without a warning."""

from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner

from hero_router.cli import main
from hero_router.settings.redis import RedisSettings
from hero_router.store import eviction
from hero_router.store.eviction import describe, warning
from tests.support.redis import RedisServer, redis7_binary, valkey9_binary
from tests.support.replication import ask
from tests.support.wait import PATIENCE_SECONDS

LIMITED = ("--maxmemory", "100mb")
Launch = Callable[..., RedisServer]


@pytest.fixture(autouse=True)
def unhurried(monkeypatch: pytest.MonkeyPatch) -> None:
    """A busy machine may need longer for an answer than a start waits for it."""
    monkeypatch.setattr(eviction, "ASK_SECONDS", PATIENCE_SECONDS)


@pytest.mark.parametrize("binary", [redis7_binary, valkey9_binary])
@pytest.mark.parametrize(
    ("policy", "lost"),
    [
        ("allkeys-lru", "services, events and leases"),
        ("allkeys-random", "services, events and leases"),
        ("volatile-ttl", "the leases of scanners"),
        ("noeviction", ""),
    ],
)
async def test_the_warning_says_what_may_be_evicted_and_what_to_do(
    binary: Callable[[], Path], policy: str, lost: str, launch: Launch
) -> None:
    server = launch(binary(), *LIMITED, "--maxmemory-policy", policy)
    told = await warning(RedisSettings(server.url))
    assert bool(told) is bool(lost)
    if lost:
        for word in (f"may evict {lost}", f"is {policy},", "100 MB", "noeviction"):
            assert word in told


def test_without_a_limit_nothing_is_evicted_and_unknown_words_are_no_warning() -> None:
    assert describe("allkeys-lru", 0) == ""
    assert describe("", 100) == ""
    assert describe("something-new", 100) == ""


async def test_a_user_without_the_right_to_configure_is_warned_too(launch: Launch) -> None:
    server = launch(redis7_binary(), *LIMITED, "--maxmemory-policy", "allkeys-lru")
    ask(server, "ACL", "SETUSER", "router", "on", ">pw", "-@all", "+@connection", "+info")
    assert "allkeys-lru" in await warning(RedisSettings(server.login("router", "pw")))
    ask(server, "ACL", "SETUSER", "router", "-info")
    assert await warning(RedisSettings(server.login("router", "pw"))) == ""


async def test_a_redis_that_is_away_or_silent_is_no_warning_and_no_wait(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, launch: Launch
) -> None:
    assert await warning(RedisSettings(f"unix://{tmp_path}/none")) == ""
    monkeypatch.setattr(eviction, "ASK_SECONDS", 0.1)
    server = launch(redis7_binary(), *LIMITED, "--maxmemory-policy", "allkeys-lru")
    ask(server, "CLIENT", "PAUSE", 60_000)
    assert await warning(RedisSettings(server.url)) == ""


def test_config_check_warns_of_it_and_does_not_fail_for_it(launch: Launch) -> None:
    server = launch(redis7_binary(), *LIMITED, "--maxmemory-policy", "allkeys-lru")
    environment = {"ROUTER_REDIS_URL": server.url}
    answer = CliRunner().invoke(main, ["config", "--check"], env=environment)
    assert (answer.exit_code, answer.stderr.count("\n")) == (0, 1)
    assert answer.stderr.startswith("warning: Redis may evict")
    assert CliRunner().invoke(main, ["config"], env=environment).stderr == ""
