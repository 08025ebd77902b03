"""The state as `/api/services` tells it, in prints; answers that are alike become one entry."""

import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any, Self

import aiohttp

from tests.soak.log import SNAPSHOT, Entry, fingerprint

ANSWER = aiohttp.ClientTimeout(total=5)
AT_ONCE = 32
ASKED = 8


class Snapshots:
    """Fetches on behalf of all clients."""

    def __init__(self, session: aiohttp.ClientSession, url: str) -> None:
        self._session, self._url = session, f"{url}/api/services"
        self._known: dict[str, Entry] = {}

    @classmethod
    @asynccontextmanager
    async def of(cls, url: str, *, anew: bool = False) -> AsyncIterator[Self]:
        """Those of one address; each over another connection if they shall be asked `anew`."""
        connector = aiohttp.TCPConnector(limit=AT_ONCE, force_close=anew)
        async with aiohttp.ClientSession(connector=connector, timeout=ANSWER) as session:
            yield cls(session, url)

    async def get(self) -> Entry | None:
        """What is answered now; None where nobody can tell."""
        try:
            async with self._session.get(self._url) as answer:
                text = await answer.text()
                if answer.status != 200:
                    return None
                tag = answer.headers["ETag"]
        except (aiohttp.ClientError, ConnectionError, TimeoutError):
            return None
        found = self._known.get(tag)
        if found is None:
            found = self._known[tag] = _entry(json.loads(text))
        return found


async def unlike(registry: Mapping[str, str], addresses: Mapping[str, str]) -> list[str]:
    """Which instances (by name, with their addresses) do not tell just what the registry holds.

    Each is asked several times, as each of its workers has its own copy.
    """
    found = []
    for name, address in addresses.items():
        async with Snapshots.of(address, anew=True) as answers:
            told = [await answers.get() for _ in range(ASKED)]
        wrong = sum(entry is None or entry.payload["state"] != registry for entry in told)
        if wrong:
            found.append(f"{name} does not tell the registry's state, {wrong} times of {ASKED}")
    return found


def _entry(answer: Any) -> Entry:
    told = {
        "cursor": answer["cursor"],
        "run_id": answer["run_id"],
        "stale": [[doubt["reason"], doubt["node"]] for doubt in answer["stale"]],
        "state": {record["id"]: fingerprint(record) for record in answer["services"]},
    }
    return Entry(SNAPSHOT, None, json.dumps(told))
