"""Decides which webhook messages follow from a change of a service or node. Pure: no I/O, no clock.

A service is up while it answers (`healthy`, `degraded`), and down while it is `unhealthy`,
`inactive` or `non_rpc`, or has left the registry. `unknown` says nothing: the last state holds. A
service that was never up is told as down only if it is `unhealthy`: a leftover socket, or a service
that never spoke HTTP, is no change.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import asdict, dataclass, replace
from typing import Any, Self

from hero_router.model import Event, Status
from hero_router.notify.messages import (
    DOWN,
    FLAPPING,
    NODE_BACK,
    NODE_LOST,
    REMOVED,
    UP,
    Message,
    about_node,
    about_service,
)
from hero_router.severity import known_status

_UP = {Status.HEALTHY, Status.DEGRADED}
_DOWN = {Status.UNHEALTHY, Status.INACTIVE, Status.NON_RPC}

MOST_REMOVED = 1024
"""Most removed services to remember, so that their return is told."""

_REASONS: Mapping[str, str] = {
    "gone": "its sockets are gone",
    "stale": "nothing has listened on its sockets for too long",
}
_FORGOTTEN = "forgotten"


@dataclass(frozen=True, slots=True)
class ServiceState:
    """What is known of a service: `told` is "up", "down", or "" before the first of these.

    `status` is the last status. `removed_at` is when it left the registry (Unix ms), else 0.
    """

    id: str
    name: str
    context: str
    node: str
    status: str
    told: str
    flapping: bool
    removed_at: int = 0

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Self:
        """Read a state that `to_json` wrote. Raises KeyError or TypeError if it is malformed."""
        made = cls(**{name: value[name] for name in cls.__slots__})
        texts = (made.id, made.name, made.context, made.node, made.status, made.told)
        numbers = type(made.flapping) is bool and type(made.removed_at) is int
        if not (numbers and all(isinstance(text, str) for text in texts)):
            raise TypeError("not a state")
        return made

    def to_json(self) -> Mapping[str, Any]:
        """The state as it is kept in Redis."""
        return asdict(self)


class Transitions:
    """The states of all services and the lost nodes, and the messages that their changes make.

    `changed` has what has to be written to Redis: services by id, None for one to forget.
    `lost_changed` has the nodes that are newly lost (True) or back (False).

    Nothing is noted of the services in `muted` (ids): when the mute ends, `reconcile` tells what
    has changed.
    """

    def __init__(self, services: Mapping[str, ServiceState], lost: Iterable[str]) -> None:
        self.services, self.lost = dict(services), set(lost)
        self.changed = dict[str, ServiceState | None]()
        self.lost_changed = dict[str, bool]()
        self.muted: AbstractSet[str] = frozenset()

    def apply(self, event: Event) -> Iterator[Message]:
        """The messages of the next event."""
        payload, place = event.payload, event.position
        if event.type == "service_removed":
            yield from self._remove(event.service, str(payload.get("reason")), event.at, place)
        elif isinstance(record := payload.get("service"), Mapping):
            yield from self._see(record, event.at, place)

    def reconcile(
        self, records: Mapping[str, Mapping[str, Any]], present: AbstractSet[str], at: int
    ) -> Iterator[Message]:
        """The messages of all that differs from the registry, as after missed events.

        They come in the order in which the services last changed. `present` are the ids of all
        services in the registry, also of those whose record cannot be read: that says nothing.
        """
        for record in sorted(records.values(), key=_changed_at):
            yield from self._see(record, at, record.get("changed_at"))
        for service in [each for each in self.services if each not in present]:
            yield from self._remove(service, "gone", at, at)

    def nodes(
        self, lost: Mapping[str, str], alive: AbstractSet[str], known: AbstractSet[str], at: int
    ) -> Sequence[Message]:
        """The messages of nodes that are lost, with the reason by name, or are back.

        `alive` are the nodes whose scanner has reported since this process watches: before that, a
        node that is lost may only look as if it were back. A lost node that is not `known` any more
        was forgotten by an operator.
        """
        new, back = lost.keys() - self.lost, (self.lost & alive) - lost.keys()
        ended = back | (self.lost - known)
        self.lost_changed |= {**dict.fromkeys(new, True), **dict.fromkeys(ended, False)}
        self.lost = (self.lost | new) - ended
        gone = [about_node(NODE_LOST, node, lost[node], at) for node in sorted(new)]
        return gone + [about_node(NODE_BACK, node, "", at) for node in sorted(back)]

    def written(self) -> None:
        """Note that all changes are in Redis."""
        self.changed.clear()
        self.lost_changed.clear()

    def _see(self, record: Mapping[str, Any], at: int, place: object) -> Iterator[Message]:
        if record["id"] in self.muted:
            return
        before = self.services.get(record["id"])
        status, flapping = known_status(record["status"]), record.get("flapping") is True
        told = before.told if before else ""
        after = ServiceState(
            **{name: record[name] for name in ("id", "name", "context", "node")},
            status=str(status),
            told=_told(told, status),
            flapping=flapping,
        )
        if before == after:
            return
        self._keep(after)
        old = before.status if before else str(Status.UNKNOWN)
        change = record, old, after.status, record["reason"], at, place
        if after.told == "down" != told:
            yield about_service(DOWN, *change)
        elif after.told == "up" and told == "down":
            yield about_service(UP, *change)
        if flapping and not (before and before.flapping):
            yield about_service(FLAPPING, *change)

    def _remove(self, service: str, reason: str, at: int, place: object) -> Iterator[Message]:
        before = self.services.get(service)
        if before is None or before.removed_at or service in self.muted:
            return
        if reason == _FORGOTTEN or not before.told:
            self._forget(service)
            return
        if before.told == "up":
            why = _REASONS.get(reason, reason)
            known = before.to_json()
            yield about_service(DOWN, known, before.status, REMOVED, why, at, place)
        self._keep(
            replace(before, status=REMOVED, told="down", flapping=False, removed_at=max(at, 1))
        )
        removed = sorted((each for each in self.services.values() if each.removed_at), key=_age)
        for each in removed[:-MOST_REMOVED]:
            self._forget(each.id)

    def _keep(self, state: ServiceState) -> None:
        self.services[state.id] = self.changed[state.id] = state

    def _forget(self, service: str) -> None:
        del self.services[service]
        self.changed[service] = None


def _told(before: str, status: Status) -> str:
    if status in _UP:
        return "up"
    if status is Status.UNHEALTHY or (before and status in _DOWN):
        return "down"
    return before


def _changed_at(record: Mapping[str, Any]) -> int:
    found = record.get("changed_at")
    return found if isinstance(found, int) else 0


def _age(state: ServiceState) -> int:
    return state.removed_at
