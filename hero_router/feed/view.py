"""What the worker knows, as the JSON API and JSON-RPC tell it; both tell the same."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from hero_router.codec import encode
from hero_router.errors import Ambiguous, NotFound, NotReady
from hero_router.feed.conditions import REDIS
from hero_router.feed.feed import Feed
from hero_router.feed.freshness import Stamp
from hero_router.feed.probes import ProbeCache
from hero_router.model import CONTROL_EVENTS
from hero_router.sse import Parser


@dataclass(frozen=True, slots=True)
class EncodedState:
    """The whole state at one revision, encoded once; only the times are put in when it is sent.

    `tag` names the content: equal on all workers that know the same.
    """

    revision: int
    text: str
    tag: str

    def at(self, stamp: Stamp) -> str:
        """The JSON text with these times; the text kept has no closing brace."""
        return self.text + self.end(stamp)

    def end(self, stamp: Stamp) -> str:
        """What differs from answer to answer: it stands at the end."""
        return f",{encode(stamp)[1:]}"


class StateView:
    """One worker's state."""

    def __init__(self, feed: Feed, probes: ProbeCache) -> None:
        self._feed, self._probes = feed, probes
        self._view = EncodedState(-1, "", "")
        self._texts: dict[int, tuple[Mapping[str, Any], str]] = {}

    def view(self) -> EncodedState:
        """All services, nodes and doubts at one position. Raises NotReady."""
        self._check_ready()
        revision = self._feed.mirror.revision
        if self._view.revision != revision:
            text = self._text()
            tag = hashlib.blake2b(text.encode("ascii"), digest_size=12).hexdigest()
            self._view = EncodedState(revision, text, tag)
        return self._view

    def text(self) -> str:
        """All of it as JSON, with the times of this moment. Raises NotReady."""
        return self.view().at(self.stamp())

    def stamp(self) -> Stamp:
        """The time, and as of when this worker is known to know the newest event."""
        return self._feed.freshness.stamp()

    def _text(self) -> str:
        mirror = self._feed.mirror
        nodes = [
            {**node.to_json(), "lost": name in mirror.lost}
            for name, node in sorted(mirror.nodes.items())
        ]
        store = encode(self._feed.ring.run_id)
        head = f'{{"cursor":{encode(self.cursor)},"store":{store},"services":[{self._records()}]'
        return f'{head},"nodes":{encode(nodes)},"stale":{encode(self.stale)}'

    def _records(self) -> str:
        """Encode what changed; a burst of events would else encode all services for each of them.

        A text belongs to one record object: as that is kept with it, its id stays its own.
        """
        known = self._texts
        self._texts = {
            id(record): known.get(id(record)) or (record, encode(record))
            for record in self._feed.mirror.services()
        }
        return ",".join(text for _, text in self._texts.values())

    def recent(self, number: int) -> str:
        """The last events of the window as JSON, oldest first, at most so many. Raises NotReady.

        `data` is that of the event in the stream, with its time (`at`). Entries that are not ours
        have a position there and are no events.
        """
        self._check_ready()
        ring, parser = self._feed.ring, Parser()
        frames = (message for frame in ring.recent(number) for message in parser.feed(frame))
        events = ",".join(
            f'{{"event":{encode(each.event)},"id":{encode(each.last_id)},"data":{each.data}}}'
            for each in frames
            if each.event not in CONTROL_EVENTS
        )
        head = f'{{"cursor":{encode(str(ring.head))},"store":{encode(ring.run_id)}'
        return f'{head},"events":[{events}],{encode(self._feed.freshness.stamp())[1:]}'

    @property
    def cursor(self) -> str:
        """The position that the state is of."""
        return str(self._feed.mirror.head)

    @property
    def stale(self) -> list[dict[str, object]]:
        """Why the state may be out of date; empty when it is not."""
        return [item.to_json() for item in self._feed.conditions.current]

    def select(self, **wanted: str) -> list[dict[str, Any]]:
        """The records whose fields have these values, in the state's order. Raises NotReady."""
        self._check_ready()
        return [
            dict(record)
            for record in self._feed.mirror.services()
            if all(record.get(name) == value for name, value in wanted.items())
        ]

    async def service(self, key: str) -> dict[str, Any]:
        """One record by id, or by a name that only one service has, with its live figures.

        Raises:
            NotFound, Ambiguous, NotReady: see there.
        """
        record = self._find(key)
        probe = await self._probes.latest(str(record.get("node")), str(record["id"]))
        return {**record, "probe": probe, "stale": self.stale}

    def _find(self, key: str) -> dict[str, Any]:
        self._check_ready()
        record = self._feed.mirror.service(key.lower())
        found = [record] if record is not None else self._feed.mirror.by_name(key)
        if not found:
            raise NotFound("no service has that id or name")
        if len(found) > 1:
            raise Ambiguous([str(item.get("id")) for item in found])
        return dict(found[0])

    def _check_ready(self) -> None:
        """An empty list before the first load would be a lie."""
        if not self._feed.tail.synced:
            lost = self._feed.conditions.find(REDIS)
            raise NotReady(lost.detail if lost else "the registry is not yet read from Redis")
