"""Builds the JSON answers of the API (services, nodes, conditions, events) from memory.

The JSON API and JSON-RPC use the same answers.
"""

import hashlib
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from hero_router.errors import Ambiguous, NotFound, NotReady
from hero_router.feed.conditions import REDIS
from hero_router.feed.feed import Feed
from hero_router.feed.filters import Filter, Tags, shows
from hero_router.feed.freshness_stamp import Stamp
from hero_router.feed.last_probe_cache import LastProbeCache
from hero_router.model import CONTROL_EVENTS
from hero_router.sse import Message, Parser
from hero_router.strict_json import decode_trusted, encode

MOST_VIEWS = 32
"""Maximum number of encoded states to keep, one for each filter that limits what callers may
see."""


@dataclass(frozen=True, slots=True)
class EncodedState:
    """The state at one revision, encoded once; each answer adds only its own times.

    `tag` is the ETag: a digest of the content, the same on all workers with the same state.
    """

    revision: int
    text: str
    tag: str

    def at(self, stamp: Stamp) -> str:
        """The whole JSON text: `text`, which has no closing brace, and `end`."""
        return self.text + self.end(stamp)

    def end(self, stamp: Stamp) -> str:
        """The end of the JSON text: the time now and the age of the state, new in each answer."""
        return f",{encode(stamp)[1:]}"


class JsonAnswers:
    """One worker's state as JSON: all of it, or the part that a filter shows.

    `shown` is the filter for what the caller may see; None shows everything. Under a filter, a
    node's figures count only the services that are shown, and whatever may hold names of other
    contexts, such as its ignored files, is left out.
    """

    def __init__(self, feed: Feed, probes: LastProbeCache) -> None:
        self._feed, self._probes = feed, probes
        self._views: dict[Filter | None, EncodedState] = {}
        self._texts: dict[int, tuple[Mapping[str, Any], str]] = {}

    def view(self, shown: Filter | None = None) -> EncodedState:
        """All services, nodes and conditions at one position. Raises NotReady."""
        self._check_ready()
        revision = self._feed.mirror.revision
        view = self._views.get(shown)
        if view is None or view.revision != revision:
            text = self._text(shown)
            tag = hashlib.blake2b(text.encode("ascii"), digest_size=12).hexdigest()
            view = EncodedState(revision, text, tag)
            self._views.pop(shown, None)
            self._views[shown] = view
            if len(self._views) > MOST_VIEWS:
                del self._views[next(iter(self._views))]
        return view

    def text(self, shown: Filter | None = None) -> str:
        """The whole state as JSON, with the current times. Raises NotReady."""
        return self.view(shown).at(self.stamp())

    def stamp(self) -> Stamp:
        """The current time, and when Redis last confirmed that this worker has the newest event."""
        return self._feed.freshness.stamp()

    def _text(self, shown: Filter | None) -> str:
        run_id = encode(self._feed.ring.run_id)
        head = f'{{"cursor":{encode(self.cursor)},"run_id":{run_id}'
        services, nodes = self._records(shown), encode(self._nodes(shown))
        stale = encode(self.stale(shown))
        return f'{head},"services":[\n{services}\n],"nodes":{nodes},"stale":{stale}'

    def _records(self, shown: Filter | None) -> str:
        """The JSON texts of all shown records on lines of their own: the page reads them in pieces.

        Only changed records are encoded again: else a burst of events would encode all services
        for each event. A text is kept with its record, so that no other record gets the same id
        meanwhile.
        """
        records, known = list(self._feed.mirror.services()), self._texts
        self._texts = {
            id(record): known.get(id(record)) or (record, encode(record)) for record in records
        }
        return ",\n".join(self._texts[id(record)][1] for record in records if shows(shown, record))

    def nodes(
        self, shown: Filter | None = None, webhook: Mapping[str, object] | None = None
    ) -> str:
        """The nodes, the conditions and the webhook as JSON, with the current times.

        Raises NotReady.
        """
        self._check_ready()
        found = {"nodes": self._nodes(shown), "stale": self.stale(shown), "webhook": webhook}
        return encode({**found, **self.stamp()})

    def _nodes(self, shown: Filter | None) -> list[dict[str, Any]]:
        mirror = self._feed.mirror
        nodes = [
            {
                **node.to_json(),
                "lost": name in mirror.lost,
                "reported": name not in mirror.unreported,
            }
            for name, node in sorted(mirror.nodes.items())
        ]
        if shown is None:
            return nodes
        own: dict[str, list[dict[str, Any]]] = defaultdict(list)
        for record in self.select(shown):
            own[str(record.get("node"))].append(record)
        return [
            {**node, **_private(node), **_counted(own[node["node"]])}
            for node in nodes
            if node["node"] in own
        ]

    def recent(self, number: int, shown: Filter | None = None) -> str:
        """The newest events as JSON, oldest first, at most `number`. Raises NotReady.

        `data` is the event's data in the stream, with its time (`at`). Entries that hero_router did
        not write are left out. `kept` is how many of at most `window` events are kept of all
        contexts; `first` is the oldest of them.
        """
        self._check_ready()
        ring, parser = self._feed.ring, Parser()
        frames = ring.recent(number if shown is None else ring.limit)
        found = [
            message
            for frame in frames
            for message in parser.feed(frame)
            if message.event not in CONTROL_EVENTS and _tells(message, shown)
        ]
        events = ",".join(
            f'{{"event":{encode(each.event)},"id":{encode(each.last_id)},"data":{each.data}}}'
            for each in found[-number:]
        )
        oldest = ring.entries[0] if len(ring) else None
        edge = {
            "cursor": str(ring.head),
            "run_id": ring.run_id,
            "window": ring.limit,
            "kept": len(ring),
            "first": oldest and {"id": str(oldest.position), "at": oldest.at},
        }
        return f'{encode(edge)[:-1]},"events":[{events}],{encode(self._feed.freshness.stamp())[1:]}'

    @property
    def cursor(self) -> str:
        """The position of the state."""
        return str(self._feed.mirror.head)

    def stale(self, shown: Filter | None = None) -> list[dict[str, object]]:
        """The conditions: reasons why the state may be out of date; empty if there is none.

        Under a filter only those of `VisibleConditions`.
        """
        return [item.to_json() for item in self._feed.conditions_for(shown)]

    def select(self, shown: Filter | None = None, **fields: str) -> list[dict[str, Any]]:
        """The records whose fields have these values, in the state's order. Raises NotReady."""
        self._check_ready()
        return [
            dict(record)
            for record in self._matching(shown)
            if all(record.get(name) == value for name, value in fields.items())
        ]

    async def service(self, key: str, shown: Filter | None = None) -> dict[str, Any]:
        """One record by id, or by a name that only one service has, with its last probe.

        Raises:
            NotFound: no service that is shown has that id or name.
            Ambiguous: several services have that name.
            NotReady: the registry is not yet read.
        """
        record = self.find(key, shown)
        probe = await self._probes.latest(str(record.get("node")), str(record["id"]))
        return {**record, "probe": probe, "stale": self.stale(shown)}

    def find(self, key: str, shown: Filter | None) -> dict[str, Any]:
        """One record by id, or by a name that only one service has.

        Raises:
            NotFound, Ambiguous, NotReady: as `service`.
        """
        self._check_ready()
        record = self._feed.mirror.service(key.lower())
        named = [record] if record is not None else self._feed.mirror.by_name(key)
        found = [item for item in named if shows(shown, item)]
        if not found:
            raise NotFound("no service has that id or name")
        if len(found) > 1:
            raise Ambiguous([str(item.get("id")) for item in found])
        return dict(found[0])

    def _matching(self, shown: Filter | None) -> Iterator[Mapping[str, Any]]:
        return (record for record in self._feed.mirror.services() if shows(shown, record))

    def _check_ready(self) -> None:
        """Raises NotReady: before the first load an empty list would be wrong.

        So would be the services of a node before it is known whether its scanner works.
        """
        if not self._feed.loaded:
            lost = self._feed.conditions.find(REDIS)
            raise NotReady(lost.detail if lost else "the registry is not yet read from Redis")


def _tells(message: Message, shown: Filter | None) -> bool:
    """Whether a filter shows an event."""
    if shown is None:
        return True
    data = decode_trusted(message.data)
    service = data.get("service")
    about = service if isinstance(service, dict) else data
    texts = {name: str(about.get(name, "")) for name in ("context", "id", "name")}
    return shown.wants(Tags(message.event, **texts))


def _private(node: Mapping[str, Any]) -> dict[str, Any]:
    """What replaces the fields of a node report that tell of the machine or of other contexts.

    Texts of scanners name folders and sockets; `stale` has the conditions without them. `probe_ms`
    is measured at the sockets of all contexts.
    """
    return {
        "error": None if node["error"] is None else "its scanner reports an error",
        "probe_ms": {},
        "root": "",
        "machine": "",
        "root_device": 0,
        "conditions": {},
        "ignored": {},
        "ignored_count": 0,
        "advertise_url": "",
    }


def _counted(records: list[dict[str, Any]]) -> dict[str, Any]:
    """The figures of a node report, counted for these services only."""
    return {
        "services": len(records),
        "sockets": sum(len(record["sockets"]) for record in records),
        "counts": Counter(str(record["status"]) for record in records),
    }
