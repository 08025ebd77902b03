"""Whether the mirror is what Redis holds: no event tells of what a foreign hand does to a record.

The tail compares them now and then at one position, over its own connection. The registry is sent
as it is: a digest made by a script would hold Redis up for more than twice as long.
"""

import asyncio
import random
import time
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from typing import Any

from hero_router.codec import InvalidJson, decode_trusted
from hero_router.feed.mirror import Mirror
from hero_router.store.snapshot import raw_record

AUDIT_SECONDS = 30.0
"""The longest time between two audits; each worker takes a random part of it, half at least, so
that they do not all ask at once."""

AGAIN_SECONDS = AUDIT_SECONDS + 5.0
"""So long after a difference clients are told once more: some may have fetched the state from a
worker that had not noticed yet. By then each worker has."""

BATCH = 256
"""Records that are parsed and compared before others get their turn: five milliseconds."""


class Schedule:
    """When the next audit is due, and when a difference is told again. `clock` is monotonic."""

    def __init__(
        self,
        clock: Callable[[], float] = time.monotonic,
        chance: Callable[[], float] = random.random,
    ) -> None:
        self._clock, self._chance = clock, chance
        self._again_at: float | None = None
        self.done()

    @property
    def due(self) -> bool:
        """Whether it is time to compare."""
        return self._clock() >= self._next_at

    def done(self) -> None:
        """The two are as one now."""
        self._next_at = self._clock() + AUDIT_SECONDS * (0.5 + self._chance() / 2)

    def differed(self) -> None:
        """Clients were just told that they were not."""
        self._again_at = self._clock() + AGAIN_SECONDS

    def take_repetition(self) -> bool:
        """Whether clients are to be told again now; only once."""
        due = self._again_at is not None and self._clock() >= self._again_at
        if due:
            self._again_at = None
        return due


async def compared(
    mirror: Mirror, texts: Mapping[str, str]
) -> tuple[dict[str, Mapping[str, Any]], set[str]]:
    """The records that a worker shows, and the ids of those that are not so in its mirror.

    What is junk was told of when it came. The mirror must not move meanwhile.
    """
    good, unlike, items = dict[str, Mapping[str, Any]](), set[str](), list(texts.items())
    for start in range(0, len(items), BATCH):
        part = _records(items[start : start + BATCH])
        unlike |= mirror.differing(part)
        good |= part
        await asyncio.sleep(0)
    return good, unlike | mirror.lacking(good.keys())


def _records(texts: Iterable[tuple[str, str]]) -> dict[str, Mapping[str, Any]]:
    good = {}
    for key, raw in texts:
        with suppress(InvalidJson, TypeError):
            good[key] = raw_record(key, decode_trusted(raw))
    return good
