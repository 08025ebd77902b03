"""Reads services, nodes, newest position and kept events from Redis in one atomic step."""

import asyncio
import logging
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from redis.asyncio import Redis

from hero_router.errors import StoreCorrupt
from hero_router.model import CONTROL_EVENTS, Event, NodeState, is_record
from hero_router.position import Position
from hero_router.store.client import script, text
from hero_router.store.keys import READ_BATCH, SCHEMA, Keys
from hero_router.store.redis_errors import redis_errors
from hero_router.strict_json import InvalidJson, decode_trusted, encode

log = logging.getLogger(__name__)

T = TypeVar("T")

PARSE_BATCH = 256
"""Events that are parsed before other tasks run: some milliseconds of work."""


@dataclass(frozen=True, slots=True)
class Version:
    """The version of the registry: newest position, Redis process, and number of services."""

    head: str = ""
    run_id: str = ""
    size: str = ""


@dataclass(frozen=True, slots=True)
class Snapshot:
    """Services, nodes and kept events of one moment; `now_ms` is Redis's time.

    `services` are service records as JSON text, by service id; None if the caller already has this
    version. `window` are the events that the caller asked for.
    """

    version: Version
    now_ms: int
    services: Mapping[str, str] | None
    nodes: Mapping[str, NodeState]
    window: tuple[Event, ...]

    @property
    def head(self) -> Position:
        """The position of the newest event in the stream."""
        return parse_id(self.version.head)


class SnapshotReader:
    """Reads snapshots of the registry over one client of Redis."""

    def __init__(self, client: Redis, keys: Keys) -> None:
        self._script = script(client, "snapshot")
        self._keys = [keys.services, keys.events, keys.nodes, keys.meta]

    async def read(self, held: Version = Version(), *, window: bool | Position = False) -> Snapshot:
        """Read a snapshot, without service records if the version is `held`. Raises StoreError.

        `window` is False for no events, True for all kept events, or a position for the
        `READ_BATCH` events after it.
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
            services=None if records is None else dict(_text_pairs(records)),
            nodes=read_nodes(dict(_text_pairs(nodes))),
            window=await _events(entries or ()),
        )


async def _events(entries: Sequence[Any]) -> tuple[Event, ...]:
    events = list[Event]()
    for start in range(0, len(entries), PARSE_BATCH):
        part = entries[start : start + PARSE_BATCH]
        events += [parse_event(raw_id, dict(_pairs(flat))) for raw_id, flat in part]
        await asyncio.sleep(0)
    return tuple(events)


def foreign_schema(found: Any) -> StoreCorrupt:
    """The error for a layout of another version, which this one neither reads nor writes."""
    return StoreCorrupt(
        f"Redis holds data of another version of hero_router (schema {text(found)}, here "
        f"{SCHEMA}): run that version, or set another ROUTER_REDIS_PREFIX"
    )


def read_nodes(texts: Mapping[str, str]) -> dict[str, NodeState]:
    """Parse node reports, by the node's name; malformed reports are skipped."""
    return parse_values("nodes", texts, _node)


def _node(key: str, value: Mapping[str, Any]) -> NodeState:
    state = NodeState.from_json(value)
    if state.node != key:
        raise ValueError("the report of another node")
    return state


def parse_values(
    name: str, texts: Mapping[str, str], parse: Callable[[str, Any], T]
) -> dict[str, T]:
    """Parse all JSON values of the hash `name` by `parse(key, value)`.

    Values that `parse` refuses were not written by hero_router: they are skipped and logged.
    """
    good: dict[str, T] = {}
    for key, raw in texts.items():
        try:
            good[key] = parse(key, decode_trusted(raw))
        except (InvalidJson, KeyError, ValueError, TypeError, AttributeError):
            log.debug("ignored an entry of the Redis hash %s, not of hero_router: %r", name, key)
    if len(good) < len(texts):
        foreign = len(texts) - len(good)
        log.warning(
            "ignored %d entries of the Redis hash %s, because another program has written them",
            foreign,
            name,
        )
    return good


def raw_record(key: str, value: Mapping[str, Any]) -> Mapping[str, Any]:
    """A service record unchanged, with fields of a newer version. Raises TypeError if malformed."""
    if not is_record(value, key):
        raise TypeError("not a record")
    return value


def parse_event(raw_id: Any, fields: Mapping[bytes, bytes]) -> Event:
    """Parse a stream entry into an event; only the position of another program's entry is kept."""
    position = parse_id(text(raw_id))
    kind, data, service, node, at, after = [text(fields.get(name, b"")) for name in _FIELDS]
    try:
        payload = decode_trusted(data)
        if not (_is_event_type(kind) and _is_payload(payload, service)):
            raise InvalidJson("not an event")
    except InvalidJson:
        return Event(position, None, "", "", {}, "{}")
    line, told_at = _one_line(data, payload), parse_time(at)
    return Event(position, kind, node, service, payload, line, told_at, Position.parse(after))


_FIELDS = (b"type", b"data", b"service", b"node", b"at", b"after")


def _is_event_type(name: str) -> bool:
    """Whether web workers may send events of this type; unknown types of newer versions pass."""
    return name.isascii() and name.isidentifier() and name not in CONTROL_EVENTS


def _is_payload(payload: object, service: str) -> bool:
    """Whether an event's data are valid: an object, whose record, if any, is of this service."""
    if not isinstance(payload, dict):
        return False
    return "service" not in payload or is_record(payload["service"], service)


def parse_time(raw: str) -> int:
    """Parse an event's time of publication in Unix ms; 0 if the text is no such time."""
    return int(raw) if raw.isascii() and raw.isdigit() and len(raw) < 16 else 0


def _one_line(data: str, payload: object) -> str:
    """An event's data as one line of ASCII. JSON may have line ends and tabs between its tokens."""
    is_line = data.isascii() and not ("\n" in data or "\r" in data or "\t" in data)
    return data if is_line else encode(payload)


def parse_id(raw: str) -> Position:
    """Parse a stream id into a position. Raises StoreCorrupt if the text is not a stream id."""
    epoch, dash, seq = raw.partition("-")
    if not (dash and epoch.isdigit() and seq.isdigit()):
        raise StoreCorrupt(
            f"the stream of events in Redis has the id {raw!r}, which hero_router did not write"
        )
    return Position(int(epoch), int(seq))


def _text_pairs(flat: Iterable[bytes]) -> Iterable[tuple[str, str]]:
    return ((text(key), text(value)) for key, value in _pairs(flat))


def _pairs(flat: Iterable[bytes]) -> Iterable[tuple[bytes, bytes]]:
    items = iter(flat)
    return zip(items, items, strict=True)
