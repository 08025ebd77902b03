"""Registry, nodes, head and window read as of one moment: where scanners and workers start."""

import asyncio
import logging
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from redis.asyncio import Redis

from hero_router.codec import InvalidJson, decode_trusted, encode
from hero_router.errors import StoreCorrupt
from hero_router.model import CONTROL_EVENTS, Event, NodeState, is_record
from hero_router.position import Position
from hero_router.store.client import script, text
from hero_router.store.keys import READ_BATCH, SCHEMA, Keys
from hero_router.store.translate import redis_errors

log = logging.getLogger(__name__)

T = TypeVar("T")

PARSE_BATCH = 256
"""Events of a large window that are parsed before others get their turn: some milliseconds."""


@dataclass(frozen=True, slots=True)
class Version:
    """Tells that the registry is as it was: stream's head, Redis process, number of records."""

    head: str = ""
    run_id: str = ""
    size: str = ""


@dataclass(frozen=True, slots=True)
class Snapshot:
    """Registry, nodes and window at one `head`; `now_ms` is Redis's clock.

    `services` are records as JSON text by service id, None when the caller's version still holds.
    """

    version: Version
    now_ms: int
    services: Mapping[str, str] | None
    nodes: Mapping[str, NodeState]
    window: tuple[Event, ...]

    @property
    def head(self) -> Position:
        """The position of the stream's last event."""
        return parse_id(self.version.head)


class SnapshotReader:
    """Reads snapshots over one client."""

    def __init__(self, client: Redis, keys: Keys) -> None:
        self._script = script(client, "snapshot")
        self._keys = [keys.services, keys.events, keys.nodes, keys.meta]

    async def read(self, held: Version = Version(), *, window: bool | Position = False) -> Snapshot:
        """Read all as of one moment. Raises StoreError.

        `window` is none, all of it, or the next `READ_BATCH` events after a position.
        """
        after = ("-" if window else "") if isinstance(window, bool) else str(window)
        args = [str(SCHEMA), after, str(READ_BATCH), held.head, held.run_id, held.size]
        with redis_errors():
            reply: list[Any] = list(await self._script(keys=self._keys, args=args))
        if reply[0] == b"SCHEMA":
            raise foreign_schema(reply[1])
        run, head, now, size, records, nodes, entries = reply
        return Snapshot(
            version=Version(text(head), text(run), text(size)),
            now_ms=int(now),
            services=None if records is None else dict(_pairs(records)),
            nodes=read_nodes(dict(_pairs(nodes))),
            window=await _events(entries or ()),
        )


async def _events(entries: Sequence[Any]) -> tuple[Event, ...]:
    events = list[Event]()
    for start in range(0, len(entries), PARSE_BATCH):
        part = entries[start : start + PARSE_BATCH]
        events += [event(raw_id, dict(_couples(flat))) for raw_id, flat in part]
        await asyncio.sleep(0)
    return tuple(events)


def foreign_schema(found: Any) -> StoreCorrupt:
    """Redis holds another version's layout, which this one neither reads nor writes."""
    return StoreCorrupt(f"Redis holds schema {text(found)}, this version has {SCHEMA}")


def read_nodes(texts: Mapping[str, str]) -> dict[str, NodeState]:
    """The nodes' states; an entry that hero_router did not write is passed over and logged."""
    return parsed_values("nodes", texts, _node)


def _node(key: str, value: Mapping[str, Any]) -> NodeState:
    state = NodeState.from_json(value)
    if state.node != key:
        raise ValueError("the report of another node")
    return state


def parsed_values(
    name: str, texts: Mapping[str, str], parse: Callable[[str, Any], T]
) -> dict[str, T]:
    """Parse each JSON value of the hash `name`, with its key.

    What `parse` refuses is a stranger's junk: it is passed over and counted.
    """
    good: dict[str, T] = {}
    for key, raw in texts.items():
        try:
            good[key] = parse(key, decode_trusted(raw))
        except (InvalidJson, KeyError, ValueError, TypeError, AttributeError):
            log.debug("passed over an entry of the %s hash that is not ours: %r", name, key)
    if len(good) < len(texts):
        log.warning("%d entries of the %s hash are not ours", len(texts) - len(good), name)
    return good


def shown(key: str, value: Mapping[str, Any]) -> Mapping[str, Any]:
    """A record as it is, so that fields of a newer version pass through. Raises TypeError."""
    if not is_record(value, key):
        raise TypeError("not a record")
    return value


def event(raw_id: Any, fields: Mapping[bytes, bytes]) -> Event:
    """One entry of the stream; one that hero_router did not write keeps only its position."""
    position = parse_id(text(raw_id))
    kind, data, service, node, at, after = [text(fields.get(name, b"")) for name in _FIELDS]
    try:
        payload = decode_trusted(data)
        if not (_is_event_type(kind) and _is_payload(payload, service)):
            raise InvalidJson("not an event")
    except InvalidJson:
        return Event(position, None, "", "", {}, "{}")
    line = _one_line(data, payload)
    return Event(position, kind, node, service, payload, line, _time(at), Position.parse(after))


_FIELDS = (b"type", b"data", b"service", b"node", b"at", b"after")


def _is_event_type(name: str) -> bool:
    """Whether a worker may send it on; types of a newer version are."""
    return name.isascii() and name.isidentifier() and name not in CONTROL_EVENTS


def _is_payload(payload: object, service: str) -> bool:
    """Whether it may be sent on: an object whose record, if it has one, is of that service."""
    if not isinstance(payload, dict):
        return False
    return "service" not in payload or is_record(payload["service"], service)


def _time(raw: str) -> int:
    return int(raw) if raw.isascii() and raw.isdigit() and len(raw) < 16 else 0


def _one_line(data: str, payload: object) -> str:
    """JSON holds no controls but line ends and tabs, between its tokens."""
    is_line = data.isascii() and not ("\n" in data or "\r" in data or "\t" in data)
    return data if is_line else encode(payload)


def parse_id(raw: str) -> Position:
    """A stream id as Redis writes it. Raises StoreCorrupt for anything else."""
    epoch, dash, seq = raw.partition("-")
    if not (dash and epoch.isdigit() and seq.isdigit()):
        raise StoreCorrupt(f"not a stream id: {raw!r}")
    return Position(int(epoch), int(seq))


def _pairs(flat: Iterable[bytes]) -> Iterable[tuple[str, str]]:
    return ((text(key), text(value)) for key, value in _couples(flat))


def _couples(flat: Iterable[bytes]) -> Iterable[tuple[bytes, bytes]]:
    items = iter(flat)
    return zip(items, items, strict=True)
