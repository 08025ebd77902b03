"""Reads and writes services' histories in Redis; only the scanner with a node's lease writes.

`history` has the rules: what a minute changes, and what the letters mean.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Any

from redis.asyncio import Redis

from hero_router.errors import Fenced
from hero_router.history.folding import Cells
from hero_router.history.minute_writes import Kept, Row, Span, Written, anchor, needs_log, write
from hero_router.history.rings import DAYS, HOURS, MINUTES, RINGS, Ring
from hero_router.history.transitions_and_incidents import GONE_STATUS, Log, Transition, chained
from hero_router.model import Change
from hero_router.store.client import script, text
from hero_router.store.keys import HISTORY_BATCH, Keys
from hero_router.store.lease import Grant
from hero_router.store.redis_errors import redis_errors
from hero_router.strict_json import InvalidJson, decode_trusted, encode

HOURS_READ, MINUTES_READ = 24, 61
"""A day's hours, and an hour's minutes and the next one."""


@dataclass(frozen=True, slots=True)
class Part:
    """The buckets of a ring to read: `count` from number `first` on, with or without figures."""

    ring: Ring
    first: int
    count: int
    figures: bool = True


@dataclass(frozen=True, slots=True)
class Stored:
    """A service's history as read: the asked parts, and the log of transitions if asked."""

    span: Span | None
    parts: Sequence[Cells]
    log: Log


@dataclass(frozen=True, slots=True)
class Minute:
    """What a scanner saw in one minute, by service id; `begun` is its first minute of the node."""

    minute: int
    begun: int
    rows: Mapping[str, Row]


class HistoryStore:
    """The histories of one deployment's services."""

    def __init__(self, client: Redis, keys: Keys) -> None:
        self._keys = keys
        self._read, self._write = script(client, "history_read"), script(client, "history_write")

    async def read(
        self, services: Sequence[str], parts: Sequence[Part], *, log: bool = False
    ) -> dict[str, Stored]:
        """Read parts of the histories of services, by id. Raises StoreError."""
        strings = [fields for part in parts for fields in _strings(part)]
        head = ["log" if log else "", str(len(strings)), *chain(*strings)]
        found = dict[str, Stored]()
        for some in _batches(services):
            with redis_errors():
                rows = await self._read(keys=[self._keys.history], args=[*head, *some])
            found |= zip(some, (_stored(row, parts, log=log) for row in rows), strict=True)
        return found

    async def write(self, grant: Grant, seen: Minute) -> None:
        """Write one more minute of services, in steps of bounded size.

        A service whose history another call has changed meanwhile, or that has left the registry,
        is left out.

        Raises:
            Fenced: the grant's lease is no longer held.
            StoreError: Redis cannot be reached or refuses the call. The call may be repeated.
        """
        for some in _batches(list(seen.rows)):
            kept = await self._kept(seen, some)
            args = [str(grant), str(len(RINGS))]
            for ring in RINGS:
                args += [ring.name, str(ring.size), ring.blank]
            for service in some:
                row = seen.rows[service]
                written = write(kept[service], seen.minute, row, seen.begun)
                args += _arguments(service, kept[service].span, written)
            names = [self._keys.lease(grant.node), self._keys.services, self._keys.history]
            with redis_errors():
                holder = await self._write(keys=names, args=args)
            if holder is not None:
                raise Fenced(
                    f"the lease on node {grant.node} is held by {text(holder) or 'nobody'}"
                )

    async def _kept(self, seen: Minute, services: Sequence[str]) -> dict[str, Kept]:
        """What must be known of these services' histories; most are read with the first call."""
        found = await self._read_kept(services, seen.minute - 1, log=False)
        others: dict[int, list[str]] = {}
        for service, kept in found.items():
            if needs_log(kept.span, seen.minute, seen.begun):
                others.setdefault(anchor(kept.span, seen.minute), []).append(service)
        for at, some in others.items():
            found |= await self._read_kept(some, at, log=True)
        return found

    async def _read_kept(self, services: Sequence[str], at: int, *, log: bool) -> dict[str, Kept]:
        hour, day = HOURS.number(at), DAYS.number(at)
        parts = [
            Part(MINUTES, hour * HOURS.minutes, MINUTES_READ),
            Part(HOURS, day * HOURS_READ, HOURS_READ),
        ]
        found = await self.read(services, parts, log=log)
        return {key: _kept(item) for key, item in found.items()}


def _batches(services: Sequence[str]) -> Iterator[Sequence[str]]:
    for begin in range(0, len(services), HISTORY_BATCH):
        yield services[begin : begin + HISTORY_BATCH]


def _kept(stored: Stored) -> Kept:
    minutes, hours = stored.parts
    return Kept(stored.span, minutes, hours, stored.log)


def transition_arguments(change: Change) -> list[str]:
    """The arguments of `apply.lua` for the transition that a change is: its time, and its text."""
    record = change.record
    if change.type == "service_removed":
        fields = {"to": GONE_STATUS, "reason": str(change.data.get("reason", ""))}
        return ["", encode({"from": None, **fields})[1:]]
    if record is None or change.type == "service_updated":
        return ["", ""]
    fields = {"to": str(record.status), "reason": record.reason}
    return [str(record.changed_at), encode({"from": change.data.get("from"), **fields})[1:]]


def _arguments(service: str, known: Span | None, written: Written) -> Iterator[str]:
    """The arguments of `history_write.lua` for one service."""
    patches = [
        (ring.name, str(place), *cells.cut(begin, end))
        for ring, first, cells in written.patches
        for place, begin, end in ring.pieces(first, len(cells.letters))
    ]
    yield from (service, *(("", "") if known is None else map(str, known)))
    yield from (*map(str, written.span), str(len(patches)))
    for patch in patches:
        yield from patch


def _strings(part: Part) -> Iterator[Sequence[str]]:
    """The strings that hold a part, as arguments of `history_read.lua`."""
    ring, place = part.ring, (str(part.first), str(part.count))
    yield ring.name, str(ring.size), "1", *place
    if part.figures:
        yield f"{ring.name}:figures", str(ring.size), str(ring.width), *place


def _stored(row: Sequence[Any], parts: Sequence[Part], *, log: bool) -> Stored:
    since, last, *rest = row
    texts = (str(item, "ascii", "replace") for item in rest)
    cells = [Cells(next(texts), next(texts) if part.figures else "") for part in parts]
    entries = row[-1] if log else ()
    found = (each for raw in entries if (each := _transition(raw)) is not None)
    return Stored(_span(since, last), cells, chained(found))


def _span(since: bytes | None, last: bytes | None) -> Span | None:
    """The span as it was written; None if there is none, or what another program wrote."""
    if since is None or last is None or not (_is_minute(since) and _is_minute(last)):
        return None
    return Span(int(since), int(last))


def _is_minute(raw: bytes) -> bool:
    return raw.isdigit() and len(raw) < 10


def _transition(raw: bytes) -> Transition | None:
    """One transition as it was written; None for what another program wrote."""
    try:
        return Transition.from_json(decode_trusted(text(raw)))
    except InvalidJson:
        return None
