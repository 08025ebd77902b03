"""`Mirror`: a worker's copy of the registry at a known position; the API answers from it."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from collections.abc import Set as AbstractSet
from itertools import chain
from typing import Any

from hero_router.feed.filters import Filter, shows
from hero_router.model import Event, NodeState, Status
from hero_router.position import ORIGIN, Position
from hero_router.severity import known_status

RecordMap = Mapping[str, Any]
"""A service record as plain JSON values, so that fields of a newer version are kept unchanged."""


class Mirror:
    """The services as of position `head`, and the last node reports; `revision` counts changes."""

    def __init__(self) -> None:
        self.head: Position = ORIGIN
        self.revision = 0
        self.nodes: Mapping[str, NodeState] = {}
        self.lost: frozenset[str] = frozenset()
        self.unreported: frozenset[str] = frozenset()
        self.mutes: Mapping[str, RecordMap] = {}
        self._services: dict[str, RecordMap] = {}
        self._index = NameIndex()
        self.transitions = Counter[str]()
        """Changes of a service's status that were applied, by the new status."""

    def reset(
        self, services: Mapping[str, RecordMap], nodes: Mapping[str, NodeState], head: Position
    ) -> None:
        """Replace the whole copy by this state."""
        self._services, self.nodes, self.head = dict(services), nodes, head
        self._index = NameIndex()
        for key, record in services.items():
            self._index.update(key, None, record)
        self.revision += 1

    def differing(self, services: Mapping[str, RecordMap]) -> set[str]:
        """The ids of the given services whose record is missing or different in this copy."""
        return {key for key, record in services.items() if self._services.get(key) != record}

    def lacking(self, ids: AbstractSet[str]) -> set[str]:
        """The ids of the services in this copy that `ids` lacks."""
        return self._services.keys() - ids

    def apply(self, event: Event) -> None:
        """Apply the event after `head`; applying an event twice is harmless."""
        self.head = event.position
        self.revision += 1
        if event.type == "service_removed":
            self._index.update(event.service, self._services.pop(event.service, None), None)
            return
        if event.type == "status_change":
            self.transitions[known_status(event.payload.get("to"))] += 1
        if isinstance(record := event.payload.get("service"), Mapping):
            self._index.update(event.service, self._services.get(event.service), record)
            self._services[event.service] = record

    def set_nodes(
        self,
        lost: frozenset[str],
        nodes: Mapping[str, NodeState],
        unreported: frozenset[str] = frozenset(),
    ) -> None:
        """Replace the node reports, and the names of some nodes.

        `lost` nodes have no working scanner. The current scanner of `unreported` nodes has not
        finished a scan yet.
        """
        if (lost, nodes, unreported) != (self.lost, self.nodes, self.unreported):
            self.lost, self.nodes, self.unreported = lost, nodes, unreported
            self.revision += 1

    def set_mutes(self, mutes: Mapping[str, RecordMap]) -> None:
        """Replace the muted services, by service id."""
        self.mutes = mutes
        self.revision += 1

    def node_names(self, shown: Filter | None = None) -> set[str]:
        """The names of all nodes that have services, or have services that a filter shows."""
        records = self._services.values()
        return {str(record.get("node")) for record in records if shows(shown, record)}

    def service(self, service_id: str) -> RecordMap | None:
        """One record as pages show it; None if there is none."""
        record = self._services.get(service_id)
        return None if record is None else self._shown(record)

    def services(self) -> Iterator[RecordMap]:
        """All records as pages show them, in a stable order: context, name, node."""
        return self._in_order(self._services.values())

    def by_name(self, name: str, context: str | None = None) -> list[RecordMap]:
        """The records with this name, in one context or in all, in the order of `services`."""
        ids = self._index.find(name, context)
        return list(self._in_order(self._services[each] for each in ids))

    def _in_order(self, records: Iterable[RecordMap]) -> Iterator[RecordMap]:
        return map(self._shown, sorted(records, key=_sort_key))

    def statuses(self) -> Counter[tuple[str, Status]]:
        """How many services of each node are shown in each status.

        A status of a newer version counts as unknown.
        """
        records = self._services.values()
        found = Counter((record.get("node"), record.get("status")) for record in records)
        counts = Counter[tuple[str, Status]]()
        for (node, status), number in found.items():
            shown = Status.UNKNOWN if node in self.lost else known_status(status)
            counts[str(node), shown] += number
        return counts

    def _shown(self, record: RecordMap) -> RecordMap:
        """The record as pages show it: the status of a lost node's service is `unknown`.

        `last_status` and `last_reason` then have the last known values. `muted` says by whom and
        until when a muted service is muted.
        """
        if (mute := self.mutes.get(str(record.get("id")))) is not None:
            record = {**record, "muted": mute}
        if record.get("node") not in self.lost:
            return record
        last = {f"last_{name}": record.get(name, "") for name in ("status", "reason")}
        now = {"status": Status.UNKNOWN, "reason": "node_lost", "healthy": False}
        return {**record, **last, **now}


class NameIndex:
    """Finds the ids of services by name and context."""

    def __init__(self) -> None:
        self._ids: dict[str, dict[str, set[str]]] = defaultdict(lambda: defaultdict(set))

    def update(self, service_id: str, before: RecordMap | None, after: RecordMap | None) -> None:
        """Note that a service's record changed from `before` to `after` (None: no record)."""
        if (old := _names(before)) is not None:
            self._discard(service_id, *old)
        if (new := _names(after)) is not None:
            name, context = new
            self._ids[name][context].add(service_id)

    def _discard(self, service_id: str, name: str, context: str) -> None:
        contexts = self._ids[name]
        contexts[context].discard(service_id)
        if not contexts[context]:
            del contexts[context]
        if not contexts:
            del self._ids[name]

    def find(self, name: str, context: str | None = None) -> Iterable[str]:
        """The ids of the services with this name, in one context or in all."""
        contexts = self._ids.get(name, {})
        if context is None:
            return chain.from_iterable(contexts.values())
        return contexts.get(context, ())


def _names(record: RecordMap | None) -> tuple[str, str] | None:
    """A record's name and context; another program may have written values of another type."""
    if record is None:
        return None
    name, context = record.get("name"), record.get("context")
    return name if isinstance(name, str) else "", context if isinstance(context, str) else ""


def _sort_key(record: RecordMap) -> tuple[str, str, str]:
    return str(record.get("context")), str(record.get("name")), str(record.get("node"))
