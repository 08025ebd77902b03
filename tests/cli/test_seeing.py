"""What a scanner cannot see, or ignores, reaches whoever looks: by command, API, log or metric."""

import asyncio
import json
import shutil
import socket
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from click.testing import Result

from tests.support import command
from tests.support.serving import Serving
from tests.support.users import WITHOUT_POWER
from tests.support.wait import eventually


async def run(serving: Serving, *arguments: str) -> Result:
    """What a command says of the router."""
    done = await asyncio.to_thread(command.run, *arguments, "--url", serving.url)
    assert done.exit_code == 0, done.stderr
    return done


@pytest.fixture
async def quiet(tmp_path: Path) -> AsyncIterator[Serving]:
    """`hero_router serve` without services, for which permissions hold."""
    running = Serving(tmp_path, before=WITHOUT_POWER)
    try:
        yield running.start()
    finally:
        running.close()


async def asked(serving: Serving, path: str) -> tuple[int, str]:
    """Status and text of an answer."""
    async with aiohttp.ClientSession() as session, session.get(serving.url + path) as answer:
        return answer.status, await answer.text()


async def doubts(serving: Serving) -> dict[str, str]:
    """What pages are told to doubt of the node: reason → detail."""
    _, text = await asked(serving, "/api/services")
    stale: list[dict[str, Any]] = json.loads(text)["stale"]
    return {item["reason"]: item["detail"] for item in stale if item["node"] == "testnode"}


async def gauge(serving: Serving, reason: str) -> bool:
    _, text = await asked(serving, "/metrics")
    return f'hero_router_stale{{reason="{reason}"}} 1.0' in text


@contextmanager
def listening(place: Path) -> Iterator[None]:
    """Something listens there."""
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(place))
        listener.listen()
        yield


async def test_a_root_that_is_moved_away_is_shown_everywhere(quiet: Serving) -> None:
    await all_is_well(quiet)
    away = quiet.root.rename(quiet.root.with_name("away"))
    told = await eventually(lambda: doubts(quiet), message="pages are told")
    assert told.keys() == {"root"}
    assert f"the root {quiet.root} does not exist: make it or mount it" in told["root"]
    line = f"stale: {told['root']}\n"
    assert (await run(quiet, "list")).stderr == line
    assert (await run(quiet, "scan")).stderr == line
    (found,) = json.loads((await run(quiet, "scan", "--json")).stdout)["conditions"]
    assert found == {"node": "testnode", "reason": "root", "detail": told["root"]}
    await eventually(lambda: gauge(quiet, "root"), message="the metric tells it")
    assert (await asked(quiet, "/ready"))[0] == 200, "web itself can tell the truth"
    assert "WARNING hero_router.scan.node_conditions" in quiet.output()
    assert "WARNING hero_router.feed.conditions" in quiet.output()
    away.rename(quiet.root)

    async def over() -> bool:
        return not await doubts(quiet) and not await gauge(quiet, "root")

    await eventually(over, message="it is told no more")
    await all_is_well(quiet)
    ended = "a problem that kept the scanner from seeing all sockets has ended: node testnode: "
    await eventually(lambda: f"{ended}the root" in quiet.output(), message="the log tells it")


async def all_is_well(serving: Serving) -> None:
    """Wait until `list` has nothing to warn of."""

    async def silent() -> bool:
        return (await run(serving, "list")).stderr == ""

    await eventually(silent, message="nothing is told")


async def test_sockets_that_the_scanner_may_not_connect_to_are_shown_everywhere(
    quiet: Serving,
) -> None:
    """A real scanner process without power over permissions, whoever runs the tests."""
    elsewhere = quiet.root.with_name("ledger.sock")
    with listening(elsewhere):
        elsewhere.chmod(0)
        elsewhere.rename(quiet.root / "ledger.sock")  # never seen with other permissions
        told = await eventually(lambda: doubts(quiet), message="pages are told")
        assert told.keys() == {"permission"}
        assert "1 socket of the root" in told["permission"]
        (service,) = json.loads((await run(quiet, "list", "--json")).stdout)["services"]
        assert service["status"] == "unknown"
        assert service["reason"] == "permission denied: the router may not connect"
        assert (await run(quiet, "list")).stderr == f"stale: {told['permission']}\n"
        await eventually(lambda: gauge(quiet, "permission"), message="the metric tells it")


async def test_ignored_sockets_are_named_with_the_reason(quiet: Serving) -> None:
    with listening(quiet.root / "redis.sock"), listening(quiet.root / "gunicorn.sock"):
        (quiet.root / "file.sock").touch()
        scan = await run(quiet, "scan")
        assert scan.stdout.startswith("1 services:")

        both = {"file.sock": "it is not a socket", "redis.sock": "ROUTER_IGNORE has its name"}

        async def ignored() -> bool:
            """Whether the report of the whole is seen; an earlier scan may have met one alone."""
            node = json.loads((await asked(quiet, "/api/services"))[1])["nodes"][0]
            return bool(node["ignored"] == both)

        await eventually(ignored, message="the node's report is seen")
        assert (await run(quiet, "list")).stderr == (
            "node testnode: 2 ignored files: file.sock (it is not a socket), redis.sock "
            "(ROUTER_IGNORE has its name)\n"
        )
    shutil.rmtree(quiet.root)
