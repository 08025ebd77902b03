"""The publisher: what is noted while it waits for something else is published too."""

import asyncio

import pytest

from hero_router.scan import publishing
from hero_router.scan.minute_recorder import MinuteRecorder
from hero_router.scan.publishing import Publisher
from hero_router.scan.service_discovery import Discovery
from hero_router.scan.socket_status import EvalTime
from hero_router.scan.walk import Finder
from hero_router.store.lease import Grant
from tests.scan.fakes import MemoryRegistry
from tests.scan.node import Node
from tests.scan.places import bind
from tests.scan.world import OK, REFUSED


async def test_a_result_that_arrives_while_files_of_stale_sockets_are_deleted_is_published(
    node: Node, monkeypatch: pytest.MonkeyPatch
) -> None:
    bind(node.root / "a/rpc.sock")
    node.settings["stale_unlink"] = True
    config, loop, results = node.config(), asyncio.get_running_loop(), [REFUSED]
    discovery = Discovery(config, node.clock, Finder(node.root, config.scan.ignored).walk)
    registry = MemoryRegistry(node.store)
    publisher = Publisher(
        config, registry, discovery, lambda: EvalTime(1_000, 1.0, 1), MinuteRecorder()
    )
    await discovery.refresh()
    (file,) = discovery.verified()

    def deletes_nothing(*_: object) -> None:
        while results:
            asyncio.run_coroutine_threadsafe(arrive(), loop).result()

    async def arrive() -> None:
        publisher.result_found(file, results.pop())

    monkeypatch.setattr(publishing, "unlink_stale", deletes_nothing)
    publisher.result_found(file, OK)
    node.store.holder = "one:1"
    await publisher.flush(Grant("n", "one", 1))
    assert node.store.statuses() == {"a": "inactive"}
