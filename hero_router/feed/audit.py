"""Compares this worker's copy of the registry with Redis, to find changes without an event.

Such a change is made by another program. From time to time the tail reads the registry over its own
connection, and compares the two at the same position. Redis sends all records: a digest made by a
script would keep Redis busy for more than twice as long.
"""

import asyncio
import random
import time
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from typing import Any

from hero_router.feed.mirror import Mirror
from hero_router.store.snapshot import raw_record
from hero_router.strict_json import InvalidJson, decode_trusted

AUDIT_SECONDS = 30.0
"""Longest time between two audits. Each worker waits for a random part of this time, half at least,
so that the workers do not all ask Redis at once."""

AGAIN_SECONDS = AUDIT_SECONDS + 5.0
"""Time after a difference until it is reported once more: some clients may have loaded the state
from a worker that had not noticed the difference yet. By then every worker has noticed it."""

BATCH = 256
"""Records to parse and compare before other tasks get their turn: about five milliseconds."""


class Schedule:
    """Decides when the next audit is due, and when a difference is reported to clients again.

    `clock` gives monotonic seconds, `jitter` a random number in [0, 1).
    """

    def __init__(
        self,
        clock: Callable[[], float] = time.monotonic,
        jitter: Callable[[], float] = random.random,
    ) -> None:
        self._clock, self._jitter = clock, jitter
        self._again_at: float | None = None
        self.done()

    @property
    def due(self) -> bool:
        """Whether the next audit is due."""
        return self._clock() >= self._next_at

    def done(self) -> None:
        """Note that mirror and registry are equal now, and plan the next audit."""
        self._next_at = self._clock() + AUDIT_SECONDS * (0.5 + self._jitter() / 2)

    def differed(self) -> None:
        """Note that a difference was just reported to the clients, and plan to report it again."""
        self._again_at = self._clock() + AGAIN_SECONDS

    def take_repetition(self) -> bool:
        """Whether to report a difference a second time now; true once for each difference."""
        due = self._again_at is not None and self._clock() >= self._again_at
        if due:
            self._again_at = None
        return due


async def compared(
    mirror: Mirror, texts: Mapping[str, str]
) -> tuple[dict[str, Mapping[str, Any]], set[str]]:
    """Compare records from Redis with the mirror: the valid ones, and the ids that differ.

    Invalid records are left out. The mirror must not change during the call.
    """
    valid, differing, items = dict[str, Mapping[str, Any]](), set[str](), list(texts.items())
    for start in range(0, len(items), BATCH):
        part = _records(items[start : start + BATCH])
        differing |= mirror.differing(part)
        valid |= part
        await asyncio.sleep(0)
    return valid, differing | mirror.lacking(valid.keys())


def _records(texts: Iterable[tuple[str, str]]) -> dict[str, Mapping[str, Any]]:
    valid = {}
    for key, raw in texts:
        with suppress(InvalidJson, TypeError):
            valid[key] = raw_record(key, decode_trusted(raw))
    return valid
