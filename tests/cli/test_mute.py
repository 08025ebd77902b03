"""`mute` and `unmute`: what is said, what is shown afterwards, and which times are refused."""

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from click.testing import Result

from tests.cli.reachable import reachable
from tests.support.command import run
from tests.support.hand import Hand
from tests.support.redis import RedisServer
from tests.web.live import Live


@pytest.fixture
async def live(redis7: RedisServer, hand: Hand, tmp_path: Path) -> AsyncIterator[Live]:
    async with reachable(redis7.url, hand, tmp_path) as worker:
        yield worker


async def ran(*arguments: str, **environment: str) -> Result:
    """What a command gives, while the router in this process answers it."""
    return await asyncio.to_thread(run, *arguments, **environment)


async def test_a_muted_service_is_shown_as_such_until_it_is_unmuted(live: Live) -> None:
    environment = {"ROUTER_URL": live.url}
    answer = await ran("mute", "shop", "--for", "2h", "--note", "new disk", **environment)
    assert answer.exit_code == 0, answer.output
    assert answer.stdout.startswith("default/shop is muted until ")
    assert answer.stdout.endswith(", by anonymous: new disk\n")
    shown = await ran("describe", "shop", **environment)
    assert "by anonymous: new disk" in shown.stdout
    table = await ran("list", "shop", **environment)
    assert "healthy (muted)" in table.stdout
    ended = await ran("unmute", "shop", **environment)
    assert ended.stdout == "shop is no longer muted\n"
    assert (await ran("unmute", "shop", **environment)).stdout == "shop was not muted\n"
    assert "muted" not in (await ran("describe", "shop", **environment)).stdout


async def test_programs_get_json_and_a_mute_may_have_no_end(live: Live) -> None:
    answer = await ran("mute", "shop", "--json", ROUTER_URL=live.url)
    assert json.loads(answer.stdout)["until"] is None
    text = await ran("mute", "shop", ROUTER_URL=live.url)
    assert "until it is unmuted, by anonymous" in text.stdout
    missing = await ran("mute", "nosuch", ROUTER_URL=live.url)
    assert missing.exit_code == 1


@pytest.mark.parametrize(
    "options",
    [("--for", "2"), ("--for", "0s"), ("--for", "-1h"), ("--for", "soon"),
     ("--until", "2001-01-01"), ("--until", "soon"), ("--for", "1h", "--until", "2999-01-01")],
)  # fmt: skip
def test_times_that_are_none_or_are_over_are_refused(options: tuple[str, ...]) -> None:
    assert run("mute", "shop", *options).exit_code == 2
