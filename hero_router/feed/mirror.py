"""A worker's copy of the registry at a stated position. The state API answers from it."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from collections.abc import Set as AbstractSet
from itertools import chain
from typing import Any

from hero_router.model import Event, NodeState, Status
from hero_router.position import ORIGIN, Position

RecordMap = Mapping[str, Any]
"""One record as plain JSON values, so that fields of a newer version pass through unchanged."""


class Mirror:
    """Services as of `head`, and the nodes' last reports; `revision` counts the changes."""

    def __init__(self) -> None:
        self.head: Position = ORIGIN
        self.revision = 0
        self.nodes: Mapping[str, NodeState] = {}
        self.lost: frozenset[str] = frozenset()
        self._services: dict[str, RecordMap] = {}
        self._index = NameIndex()
        self.transitions = Counter[str]()
        """Changes of a service's status that were applied, by the new status."""

    def reset(
        self, services: Mapping[str, RecordMap], nodes: Mapping[str, NodeState], head: Position
    ) -> None:
        """Hold this state and no other."""
        self._services, self.nodes, self.head = dict(services), nodes, head
        self._index = NameIndex()
        for key, record in services.items():
            self._index.update(key, None, record)
        self.revision += 1

    def differing(self, services: Mapping[str, RecordMap]) -> set[str]:
        """The ids of those services that are missing here or have another record."""
        return {key for key, record in services.items() if self._services.get(key) != record}

    def lacking(self, ids: AbstractSet[str]) -> set[str]:
        """The ids of the services that are here and not among these."""
        return self._services.keys() - ids

    def apply(self, event: Event) -> None:
        """Take one event, the one after `head`; applying state twice is harmless."""
        self.head = event.position
        self.revision += 1
        if event.type == "service_removed":
            self._index.update(event.service, self._services.pop(event.service, None), None)
            return
        if event.type == "status_change":
            self.transitions[_status(event.payload.get("to"))] += 1
        if isinstance(record := event.payload.get("service"), Mapping):
            self._index.update(event.service, self._services.get(event.service), record)
            self._services[event.service] = record

    def set_nodes(self, lost: frozenset[str], nodes: Mapping[str, NodeState]) -> None:
        """Take the nodes' last reports, and which of the nodes have no scanner."""
        if (lost, nodes) != (self.lost, self.nodes):
            self.lost, self.nodes = lost, nodes
            self.revision += 1

    def node_names(self) -> set[str]:
        """The names of all nodes that have services."""
        return {str(record.get("node")) for record in self._services.values()}

    def service(self, service_id: str) -> RecordMap | None:
        """One record as pages show it, or None."""
        record = self._services.get(service_id)
        return None if record is None else self._shown(record)

    def services(self) -> Iterator[RecordMap]:
        """All records as pages show them, in a stable order: context, name, node."""
        return self._in_order(self._services.values())

    def by_name(self, name: str, context: str | None = None) -> list[RecordMap]:
        """The records of that name, in one context or in all, in the same order."""
        ids = self._index.find(name, context)
        return list(self._in_order(self._services[each] for each in ids))

    def _in_order(self, records: Iterable[RecordMap]) -> Iterator[RecordMap]:
        return map(self._shown, sorted(records, key=_sort_key))

    def statuses(self) -> Counter[tuple[str, Status]]:
        """How many services of each node are shown in each status.

        A status that only a newer version knows counts as unknown.
        """
        records = self._services.values()
        found = Counter((record.get("node"), record.get("status")) for record in records)
        counts = Counter[tuple[str, Status]]()
        for (node, status), number in found.items():
            shown = Status.UNKNOWN if node in self.lost else _status(status)
            counts[str(node), shown] += number
        return counts

    def _shown(self, record: RecordMap) -> RecordMap:
        """The status of a lost node's service is unknown, never "healthy".

        Its last known status stands beside it: `last_status`, `last_reason`.
        """
        if record.get("node") not in self.lost:
            return record
        last = {f"last_{name}": record.get(name, "") for name in ("status", "reason")}
        now = {"status": Status.UNKNOWN, "reason": "node_lost", "healthy": False}
        return {**record, **last, **now}


class NameIndex:
    """The ids of services by name and context."""

    def __init__(self) -> None:
        self._ids: dict[str, dict[str, set[str]]] = defaultdict(lambda: defaultdict(set))

    def update(self, service_id: str, before: RecordMap | None, after: RecordMap | None) -> None:
        """Take a service's change from one record to another; None: it has no record."""
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
        """The ids of that name, in one context or in all."""
        contexts = self._ids.get(name, {})
        if context is None:
            return chain.from_iterable(contexts.values())
        return contexts.get(context, ())


def _names(record: RecordMap | None) -> tuple[str, str] | None:
    """A record's name and context; a stranger may have written anything there."""
    if record is None:
        return None
    name, context = record.get("name"), record.get("context")
    return name if isinstance(name, str) else "", context if isinstance(context, str) else ""


def _status(name: object) -> Status:
    return next((status for status in Status if status == name), Status.UNKNOWN)


def _sort_key(record: RecordMap) -> tuple[str, str, str]:
    return str(record.get("context")), str(record.get("name")), str(record.get("node"))
