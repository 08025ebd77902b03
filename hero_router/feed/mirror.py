"""A worker's copy of the registry at a stated position, and the state API's answer made from it."""

from collections import Counter
from collections.abc import Iterator, Mapping
from collections.abc import Set as AbstractSet
from typing import Any

from hero_router.model import Event, NodeState, Status
from hero_router.position import ORIGIN, Position


class Mirror:
    """Services as of `head`, and what is known of the nodes; `revision` grows with every change.

    Records are plain JSON values, so that fields of a newer version pass through unchanged.
    """

    def __init__(self) -> None:
        self.head: Position = ORIGIN
        self.revision = 0
        self.nodes: Mapping[str, NodeState] = {}
        self.lost: frozenset[str] = frozenset()
        self._services: dict[str, Mapping[str, Any]] = {}
        self.transitions = Counter[str]()
        """Changes of a service's status that were applied, by the new status."""

    def reset(
        self,
        services: Mapping[str, Mapping[str, Any]],
        nodes: Mapping[str, NodeState],
        head: Position,
    ) -> None:
        """Forget all and hold this state."""
        self._services, self.nodes, self.head = dict(services), nodes, head
        self.revision += 1

    def differing(self, services: Mapping[str, Mapping[str, Any]]) -> set[str]:
        """The ids of those services that are not here, or not so."""
        return {key for key, record in services.items() if self._services.get(key) != record}

    def lacking(self, ids: AbstractSet[str]) -> set[str]:
        """The ids of the services that are here and not among these."""
        return self._services.keys() - ids

    def apply(self, event: Event) -> None:
        """Take one event, the one after `head`; applying state twice is harmless."""
        self.head = event.position
        self.revision += 1
        if event.type == "service_removed":
            self._services.pop(event.service, None)
            return
        if event.type == "status_change":
            self.transitions[_status(event.payload.get("to"))] += 1
        if isinstance(record := event.payload.get("service"), Mapping):
            self._services[event.service] = record

    def set_nodes(self, lost: frozenset[str], nodes: Mapping[str, NodeState]) -> None:
        """Take the nodes' last reports, and which of them have no scanner."""
        if (lost, nodes) != (self.lost, self.nodes):
            self.lost, self.nodes = lost, nodes
            self.revision += 1

    def node_names(self) -> set[str]:
        """The names of all nodes that have services."""
        return {str(record.get("node")) for record in self._services.values()}

    def service(self, service_id: str) -> Mapping[str, Any] | None:
        """One record as it is to be shown, or None."""
        record = self._services.get(service_id)
        return None if record is None else self._shown(record)

    def services(self) -> Iterator[Mapping[str, Any]]:
        """All records as they are to be shown, in a stable order: context, name, node."""
        order = sorted(self._services.values(), key=_place)
        return map(self._shown, order)

    def by_name(self, name: str) -> list[Mapping[str, Any]]:
        """The records of that name, in the same order."""
        return [record for record in self.services() if record.get("name") == name]

    def statuses(self) -> Counter[tuple[str, Status]]:
        """How many services of each node are shown in each status; those in a status that only a
        newer version knows count as unknown."""
        records = self._services.values()
        found = Counter((record.get("node"), record.get("status")) for record in records)
        counts = Counter[tuple[str, Status]]()
        for (node, status), number in found.items():
            shown = Status.UNKNOWN if node in self.lost else _status(status)
            counts[str(node), shown] += number
        return counts

    def _shown(self, record: Mapping[str, Any]) -> Mapping[str, Any]:
        """A lost node's services are not "healthy": nobody knows how they are.

        How they were stands beside it (`last_status`, `last_reason`): nothing is thrown away.
        """
        if record.get("node") not in self.lost:
            return record
        last = {f"last_{name}": record.get(name, "") for name in ("status", "reason")}
        now = {"status": Status.UNKNOWN, "reason": "node_lost", "healthy": False}
        return {**record, **last, **now}


def _status(name: object) -> Status:
    return next((status for status in Status if status == name), Status.UNKNOWN)


def _place(record: Mapping[str, Any]) -> tuple[str, str, str]:
    return str(record.get("context")), str(record.get("name")), str(record.get("node"))
