"""Gives the samples of the demo a past of a month, for the pictures of the page.

What is generated is what scanners would have seen; rings, percentages and incidents follow from it
by the code of the product.
"""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from math import pi, sin
from random import Random
from typing import Any

from redis import Redis

from hero_router.history.base62 import latency_code
from hero_router.history.folding import Cells, days_of, hours_of
from hero_router.history.letters import LOST, OF_STATUS, UP
from hero_router.history.rings import DAYS, HOURS, MINUTE_MS, MINUTES, RINGS, Ring, minute_of
from hero_router.history.transitions_and_incidents import MOST_KEPT
from hero_router.model import Status
from hero_router.store.keys import Keys

DAY = DAYS.minutes
PAST_DAYS = 32
ABSENCE = range(9 * DAY - 200, 9 * DAY - 110)
"""Minutes ago in which no scanner ran."""


@dataclass(frozen=True, slots=True)
class Trouble:
    """A time of trouble of one service: how many minutes ago it began, and how long it lasted."""

    ago: float
    lasts: float
    status: Status
    reason: str


NO_ANSWER = "no answer in 2 s"
NO_LISTENER = "nothing listens"
TROUBLES = {
    "flapper": [
        Trouble(11, 3.3, Status.UNHEALTHY, NO_ANSWER),
        Trouble(43, 1.2, Status.INACTIVE, NO_LISTENER),
        Trouble(5.2 * 60, 14.5, Status.UNHEALTHY, NO_ANSWER),
        Trouble(2.3 * DAY, 50, Status.INACTIVE, NO_LISTENER),
        Trouble(16.6 * DAY, 130, Status.UNHEALTHY, "health check answers 500"),
    ],
    "petstore": [Trouble(27, 2.1, Status.DEGRADED, "health check says degraded")],
    "sleeper": [Trouble(52, 0.7, Status.UNHEALTHY, NO_ANSWER)],
    "metrics": [Trouble(8.1 * 60, 41, Status.DEGRADED, "health check says degraded")],
}
"""By the name of the sample; it is healthy otherwise, until the demo began."""


def write_past(redis: Redis, seed: int = 1) -> None:
    """Replace the past of all services in Redis."""
    keys = Keys()
    seconds, _ = redis.time()
    end = minute_of(seconds * 1000)
    first = (end - PAST_DAYS * DAY) // DAY * DAY
    chance = Random(seed)
    for raw in redis.hvals(keys.services):
        record: dict[str, Any] = json.loads(raw)
        troubles = TROUBLES.get(record["name"], [])
        service = _Service(chance.uniform(3, 12), troubles, first, end, chance)
        _write(redis, f"{keys.history}:{record['service_id']}", service)


class _Service:
    """What was seen of one service in the minutes from `first` to before `end`."""

    def __init__(
        self,
        latency_ms: float,
        troubles: Sequence[Trouble],
        first: int,
        end: int,
        chance: Random,
    ) -> None:
        self.first, self.end, self._chance = first, end, chance
        self._latency_ms = latency_ms
        self._troubles = troubles

    def letters(self) -> str:
        """The letter of each minute."""
        letters = [OF_STATUS[Status.HEALTHY]] * (self.end - self.first)
        for trouble in self._troubles:
            began, ended = self._times(trouble)
            for minute in range(minute_of(began), min(minute_of(ended) + 1, self.end)):
                letters[minute - self.first] = OF_STATUS[trouble.status]
        for ago in ABSENCE:
            letters[-ago] = LOST
        return "".join(letters)

    def figures(self, letters: str) -> str:
        """Median and 95th percentile of each minute's probes, slower at noon."""
        found = []
        for number, letter in enumerate(letters, self.first):
            if letter not in UP:
                found.append(MINUTES.blank)
                continue
            middle = self._latency_ms * (1.4 + sin(2 * pi * (number % DAY) / DAY))
            found.append(latency_code(middle) + latency_code(middle * self._chance.uniform(1, 4)))
        return "".join(found)

    def transitions(self) -> Iterator[str]:
        """Its transitions, as the scanner writes them, the newest first."""
        usual = str(Status.HEALTHY)
        for trouble in self._troubles:
            began, ended = self._times(trouble)
            yield _entry(ended, str(trouble.status), usual, "")
            yield _entry(began, usual, str(trouble.status), trouble.reason)

    def _times(self, trouble: Trouble) -> tuple[int, int]:
        began = self.end * MINUTE_MS - int(trouble.ago * MINUTE_MS)
        return began, began + int(trouble.lasts * MINUTE_MS)


def _entry(at: int, before: str, to: str, reason: str) -> str:
    return json.dumps({"at": at, "from": before, "to": to, "reason": reason})


def _write(redis: Redis, key: str, service: _Service) -> None:
    letters = service.letters()
    minutes = Cells(letters, service.figures(letters))
    hours = hours_of(minutes, service.first)
    days = days_of(hours, HOURS.number(service.first))
    with redis.pipeline() as steps:
        for ring, cells in zip(RINGS, (minutes, hours, days), strict=True):
            _put(steps, f"{key}:{ring.name}", ring, cells, service.first)
        steps.hset(key, mapping={"since": service.first, "last": service.end - 1})
        for entry in islice(service.transitions(), MOST_KEPT):
            steps.rpush(f"{key}:transitions", entry)
        steps.execute()


def _put(steps: Any, key: str, ring: Ring, cells: Cells, first: int) -> None:
    """The newest buckets of a ring, each in its place."""
    length = min(len(cells.letters), ring.size)
    newest = cells.cut(len(cells.letters) - length, len(cells.letters))
    number = ring.number(first) + len(cells.letters) - length
    empty = ("-" * ring.size, ring.blank * ring.size)
    for name, text, blank in zip((key, f"{key}:figures"), newest, empty, strict=True):
        width = len(text) // length
        steps.set(name, blank)
        for place, begin, until in ring.pieces(number, length):
            steps.setrange(name, place * width, text[begin * width : until * width])
