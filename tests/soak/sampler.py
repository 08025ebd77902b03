"""Takes the samples that are judged at every moment: what Redis holds, clients and workers show."""

import asyncio
import json
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Any

import aiohttp

from hero_router.errors import StoreError
from hero_router.store.client import connect
from hero_router.store.keys import Keys
from hero_router.store.snapshot import SnapshotReader
from hero_router.strict_json import decode
from tests.soak.client import Client
from tests.soak.log import fingerprint
from tests.soak.moments import Agreement, Answer, Likeness
from tests.soak.world import World

LOOK_SECONDS = 0.4
"""Between two looks at the registry and all clients."""

ASK_SECONDS = 1.0
ASKED = 4
"""So many times in each round an instance is asked, over another connection each time: two workers
have most chances to be at one place when they are asked at once."""

ANSWER = aiohttp.ClientTimeout(total=3)


class Sampler:
    """Looks while the soak runs; what it found is in `likeness` and `agreement`."""

    def __init__(self, world: World, clients: Sequence[Client]) -> None:
        self._world, self._clients = world, clients
        self.likeness = Likeness(world.troubles)
        self.agreement = Agreement(world.troubles)
        self._prints: dict[str, tuple[str, str, str]] = {}

    @property
    def faults(self) -> list[str]:
        """All that was found."""
        return [*self.likeness.faults, *self.agreement.faults]

    @property
    def figures(self) -> dict[str, object]:
        """How much was looked at."""
        like, agreed = self.likeness, self.agreement
        return {
            "live clients looked at": like.looks,
            "longest unlike": f"{like.longest:.1f} s",
            "unlike, and on a worker that cannot know": len(like.unknowing),
            "pairs of workers at one place": agreed.pairs,
            "of these with one tag": agreed.equal_tags,
            "of these unlike after a foreign hand": agreed.differing,
        }

    async def run(self) -> None:
        """Look again and again, until cancelled."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._look())
            tasks.create_task(self._ask())

    async def _look(self) -> None:
        connection = connect(self._world.topology.redis_url, name="moments")
        reader = SnapshotReader(connection, Keys())
        try:
            while True:
                held, homes = None, dict[str, str]()
                with suppress(StoreError):
                    held, homes = self._read((await reader.read()).services or {})
                views = [client.view() for client in self._clients]
                self.likeness.look(time.time(), held, homes, views)
                await asyncio.sleep(LOOK_SECONDS)
        finally:
            await connection.aclose()

    def _read(self, texts: Mapping[str, str]) -> tuple[dict[str, str], dict[str, str]]:
        """Prints and nodes by service; a text that is as before is not parsed again."""
        for key, raw in texts.items():
            if key not in self._prints or self._prints[key][0] != raw:
                record: Any = decode(raw)
                self._prints[key] = raw, fingerprint(record), record["node"]
        held = {key: self._prints[key][1] for key in texts}
        return held, {key: self._prints[key][2] for key in texts}

    async def _ask(self) -> None:
        while True:
            addresses = {
                name: self._world.topology.address(name) for name in self._world.topology.instances
            }
            connector = aiohttp.TCPConnector(force_close=True, limit=0)
            async with aiohttp.ClientSession(connector=connector, timeout=ANSWER) as session:
                asked = [
                    _answer(session, name, url)
                    for name, url in addresses.items()
                    for _ in range(ASKED)
                ]
                found = await asyncio.gather(*asked)
            self.agreement.look(time.time(), [one for one in found if one is not None])
            await asyncio.sleep(ASK_SECONDS)


async def _answer(session: aiohttp.ClientSession, name: str, url: str) -> Answer | None:
    """What one worker of an instance says now; None where nobody can tell."""
    try:
        async with session.get(f"{url}/api/services") as reply:
            text = await reply.text()
            if reply.status != 200:
                return None
            tag = reply.headers["ETag"]
    except (aiohttp.ClientError, ConnectionError, TimeoutError):
        return None
    told: Any = json.loads(text)
    return Answer(
        instance=name,
        place=(told["run_id"], told["cursor"]),
        lost=frozenset(node["node"] for node in told["nodes"] if node["lost"]),
        known=json.dumps([told["nodes"], told["stale"]]),
        services={record["id"]: fingerprint(record) for record in told["services"]},
        tag=tag,
    )
