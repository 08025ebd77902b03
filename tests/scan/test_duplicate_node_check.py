"""Two scanners with one node that look at different folders: the second one does not wait its turn.

Real processes, as somebody starts them who copied a configuration, or a machine.
"""

import asyncio
import contextlib
import os
import sys
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest

from hero_router.scan.duplicate_node_check import scan_location
from hero_router.settings.config import RouterConfig
from hero_router.store.client import connect
from hero_router.store.keys import Keys
from hero_router.store.lease import Grant, Lease
from hero_router.store.registry import Registry
from tests.scan.services import Services, good
from tests.support.records import report
from tests.support.redis import RedisServer
from tests.support.redis import client as admin
from tests.support.wait import PATIENCE_SECONDS, eventually

NODE = "twice"


class Scanner:
    """One `hero_router scanner` process."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self.process = process

    @property
    def runs(self) -> bool:
        return self.process.returncode is None

    async def stands_by(self) -> None:
        """Wait until it says that another one holds the node."""
        assert self.process.stderr is not None
        async with asyncio.timeout(PATIENCE_SECONDS):
            while b"stands by" not in (line := await self.process.stderr.readline()):
                assert line, "it ended"

    async def ended(self) -> tuple[int, str]:
        """Exit code and last line of what it said."""
        async with asyncio.timeout(PATIENCE_SECONDS):
            _, said = await self.process.communicate()
        assert self.process.returncode is not None
        return self.process.returncode, said.decode().strip().splitlines()[-1]


@contextlib.asynccontextmanager
async def scanning(url: str, root: Path, lease: str = "3") -> AsyncIterator[Scanner]:
    """A scanner of this root, meanwhile; then it is killed."""
    clean = {name: value for name, value in os.environ.items() if "ROUTER" not in name}
    ours = {"ROUTER_REDIS_URL": url, "ROUTER_SOCKET_DIR": str(root), "ROUTER_NODE": NODE}
    quick = {"ROUTER_SCAN_SECONDS": "0.2", "ROUTER_LEASE_SECONDS": lease}
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "hero_router", "scanner"),
        env={**clean, **ours, **quick},
        stderr=asyncio.subprocess.PIPE,
    )
    try:
        yield Scanner(process)
    finally:
        with contextlib.suppress(ProcessLookupError):
            process.kill()
        await process.wait()


@pytest.fixture
async def registry(redis7: RedisServer) -> AsyncIterator[Registry]:
    """What all can read."""
    client = connect(redis7.url, name="test")
    yield Registry(client, Keys(), 16)
    await client.aclose()


@pytest.fixture
async def root(tmp_path: Path) -> AsyncIterator[Path]:
    """A folder with one service."""
    services = Services(tmp_path / "root")
    await services.start("a.sock", good())
    yield tmp_path / "root"
    await services.stop()


async def names(registry: Registry) -> set[str]:
    return {item.name for item in (await registry.view(NODE)).records.values()}


async def scans(registry: Registry, number: int) -> bool:
    """Whether so many scans were reported."""
    found = (await registry.view(NODE)).report
    return found is not None and found.scan >= number


async def test_a_scanner_of_another_folder_ends_with_an_error_and_the_first_one_goes_on(
    redis7: RedisServer, registry: Registry, root: Path, tmp_path: Path
) -> None:
    async with scanning(redis7.url, root, lease="60") as first:
        await eventually(lambda: names(registry), message="the first one scans")
        async with scanning(redis7.url, tmp_path / "other") as second:
            code, said = await second.ended()
        assert code == 2
        assert f"scans {root} on this machine as node 'twice'" in said
        assert "ROUTER_NODE" in said
        assert "ROUTER_REDIS_PREFIX" in said
        assert first.runs
        assert await names(registry) == {"a"}


async def test_a_scanner_of_the_same_folder_stands_by(
    redis7: RedisServer, registry: Registry, root: Path, tmp_path: Path
) -> None:
    """By whatever way it gets there."""
    (tmp_path / "link").symlink_to(root)
    async with scanning(redis7.url, root) as first:
        await eventually(lambda: names(registry), message="the first one scans")
        async with scanning(redis7.url, tmp_path / "link") as second:
            await second.stands_by()
            before = (await registry.view(NODE)).report
            assert before is not None
            await eventually(
                lambda: scans(registry, before.scan + 3), message="the first one goes on"
            )
            assert second.runs
            first.process.kill()

            async def taken_over() -> bool:
                now = (await registry.view(NODE)).report
                return now is not None and now.scanner != before.scanner

            await eventually(taken_over, message="the second one scans")
            assert second.runs
            assert await names(registry) == {"a"}


async def test_a_root_may_be_changed_though_the_last_scanner_was_killed(
    redis7: RedisServer, registry: Registry, root: Path, tmp_path: Path
) -> None:
    """Its lease and its report are still there for a while, but nobody renews them."""
    async with scanning(redis7.url, tmp_path / "before", lease="600"):  # longer than a start takes
        await eventually(lambda: scans(registry, 1), message="it scans")
    async with scanning(redis7.url, root) as second:
        await second.stands_by()
        with contextlib.closing(admin(redis7.url)) as redis:
            assert redis.expire(Keys().lease(NODE), 3)
        await eventually(lambda: names(registry), message="the new root is scanned")
        assert second.runs


async def test_a_scanner_of_the_same_path_on_another_machine_ends_with_an_error(
    redis7: RedisServer, registry: Registry, root: Path
) -> None:
    """As a machine that was copied with its name; here the other one is played by hand."""
    client = connect(redis7.url, name="elsewhere")
    grant = await Lease(client, Keys(), NODE, "elsewhere", 60).acquire()
    assert grant is not None
    reporting = asyncio.create_task(keep_reporting(Registry(client, Keys(), 16), grant, root))
    async with scanning(redis7.url, root) as second:
        code, said = await second.ended()
    assert code == 2
    assert "on another machine" in said
    reporting.cancel()
    await asyncio.gather(reporting, return_exceptions=True)
    await client.aclose()


async def keep_reporting(registry: Registry, grant: Grant, root: Path) -> None:
    number = 0
    while True:
        number += 1
        there = {"root": str(root), "machine": "0123456789ab"}
        await registry.apply(grant, [], report(number, NODE, **there))
        await asyncio.sleep(0.05)


def test_a_machine_is_known_by_its_boot_id(tmp_path: Path) -> None:
    here = scan_location(RouterConfig.of(socket_dir=str(tmp_path)))
    assert here == scan_location(RouterConfig.of(socket_dir=f"{tmp_path}/../{tmp_path.name}"))
    assert here.root == str(tmp_path.resolve())
    assert len(here.machine) == 12
    assert not here.differs(replace(here, machine=""))
    assert here.differs(replace(here, machine="0123456789ab"))


def test_a_root_that_leads_to_a_name_that_is_not_utf8_can_be_reported(tmp_path: Path) -> None:
    odd = tmp_path / os.fsdecode(b"\xff")
    odd.mkdir()
    (tmp_path / "root").symlink_to(odd)
    here = scan_location(RouterConfig.of(socket_dir=str(tmp_path / "root")))
    assert here.root == f"{tmp_path}/\\xff"
