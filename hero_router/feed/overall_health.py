"""`OverallHealth`: tells monitors whether all services of a selection are well, or why not.

Nothing that is not known counts as well. Pure: no I/O, no clock.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self

from hero_router.errors import BadRequest, StoreError
from hero_router.feed.conditions import SCANNER
from hero_router.feed.filters import listed
from hero_router.model import Status
from hero_router.severity import known_status, most_severe, severity

MOST_NAMED = 200
"""Most services that a summary names; it counts the others."""

Condition = Mapping[str, object]
"""A condition as it is sent to clients; see `feed.conditions`."""


@dataclass(frozen=True, slots=True)
class Selection:
    """The services of a summary, and the statuses that count as well.

    Empty `contexts`, `nodes` and `services` (ids or names) select all. The services in `ignored`
    (ids or names) are left out.
    """

    contexts: frozenset[str] = frozenset()
    nodes: frozenset[str] = frozenset()
    services: frozenset[str] = frozenset()
    ignored: frozenset[str] = frozenset()
    well: frozenset[Status] = frozenset({Status.HEALTHY})

    @classmethod
    def of(
        cls,
        *,
        context: Iterable[str] = (),
        node: Iterable[str] = (),
        service: Iterable[str] = (),
        ignore: Iterable[str] = (),
        well: Iterable[str] = (),
    ) -> Self:
        """The selection of a client's request; each text is a comma-separated list of values.

        Raises:
            BadRequest: there are too many values, or a status in `well` does not exist or is
                `unknown`, which never counts as well.
        """
        also = listed("well", well)
        allowed = set(Status) - {Status.UNKNOWN}
        if refused := also - allowed:
            raise BadRequest(f"well: {min(refused)!r} is none of {', '.join(sorted(allowed))}")
        return cls(
            listed("context", context),
            listed("node", node),
            listed("service", service),
            listed("ignore", ignore),
            frozenset({Status.HEALTHY, *map(Status, also)}),
        )

    @property
    def is_everything(self) -> bool:
        """Whether no parameter selects some of the services."""
        return not (self.contexts or self.nodes or self.services)

    def selects(self, record: Mapping[str, Any]) -> bool:
        """Whether a service belongs to the selection, be it ignored or not."""
        return (
            (not self.contexts or record["context"] in self.contexts)
            and (not self.nodes or record["node"] in self.nodes)
            and (not self.services or not self.services.isdisjoint(_keys(record)))
        )

    def ignores(self, record: Mapping[str, Any]) -> bool:
        """Whether a service is left out."""
        return not self.ignored.isdisjoint(_keys(record))

    def missing(self, records: Iterable[Mapping[str, Any]]) -> Sequence[str]:
        """The selected contexts, nodes and services of which these records hold none, in words."""
        found = set[tuple[str, str]]()
        for record in records:
            found |= {("context", record["context"]), ("node", record["node"])}
            found |= {("service", key) for key in _keys(record)}
        asked = [
            *(("context", name) for name in self.contexts),
            *(("node", name) for name in self.nodes),
            *(("service", name) for name in self.services),
        ]
        return [f"{kind} {name}" for kind, name in sorted(set(asked) - found)]


@dataclass(frozen=True, slots=True)
class OverallHealth:
    """Whether all selected services are well (`well`), and the `reason` in one line.

    `status` is the worst of their statuses; `unknown` is among them if the state may be out of date
    (`stale` has the conditions) or something asked for is missing. `services` names those that are
    not well, the worst first; `unnamed` more are left out. `total` is None while the registry is
    not read. `contexts` are those that the caller may see, of which alone it tells; None: all.
    """

    status: Status
    well: bool
    reason: str
    total: int | None = None
    counts: Mapping[Status, int] | None = None
    services: Sequence[Mapping[str, Any]] = ()
    unnamed: int = 0
    ignored: int = 0
    missing: Sequence[str] = ()
    stale: Sequence[Condition] = ()
    contexts: Sequence[str] | None = None

    def to_json(self) -> dict[str, object]:
        """The summary as it is sent to clients."""
        return {name: getattr(self, name) for name in self.__slots__}


def unread(error: StoreError, conditions: Sequence[Condition]) -> OverallHealth:
    """The summary of a worker that has not read the registry yet."""
    return OverallHealth(Status.UNKNOWN, well=False, reason=str(error), stale=conditions)


def summarize(
    records: Iterable[Mapping[str, Any]], conditions: Iterable[Condition], wanted: Selection
) -> OverallHealth:
    """Sum up the services of a selection.

    A condition of a node counts if one of these services runs there, or if the node or everything
    was asked for: the condition may hide services.
    """
    selected = [record for record in records if wanted.selects(record)]
    missing = wanted.missing(selected)
    kept = [record for record in selected if not wanted.ignores(record)]
    nodes = {None, *wanted.nodes, *(record["node"] for record in kept)}
    stale = [item for item in conditions if wanted.is_everything or item["node"] in nodes]
    counts = Counter(known_status(record["status"]) for record in kept)
    bad = [record for record in kept if known_status(record["status"]) not in wanted.well]
    bad.sort(key=lambda record: -severity(known_status(record["status"])))
    reasons = [*_doubts(stale, missing, len(kept)), *_ill(len(bad), len(kept))]
    doubtful = [Status.UNKNOWN] if stale or missing else []
    return OverallHealth(
        status=most_severe([*counts, *doubtful]),
        well=not reasons,
        reason="; ".join(reasons) or f"well: all {len(kept)} services",
        total=len(kept),
        counts=dict(counts.most_common()),
        services=[_named(record, stale) for record in bad[:MOST_NAMED]],
        unnamed=max(len(bad) - MOST_NAMED, 0),
        ignored=len(selected) - len(kept),
        missing=missing,
        stale=stale,
    )


def _doubts(stale: Sequence[Condition], missing: Sequence[str], number: int) -> Iterable[str]:
    """Why it cannot be known whether all is well."""
    yield from (f"the state may be out of date: {item['detail']}" for item in stale[:1])
    if missing:
        yield f"not found: {', '.join(missing)}"
    elif not number:
        yield "there is no service"


def _ill(bad: int, number: int) -> Iterable[str]:
    if bad:
        yield f"{bad} of {number} services {'is' if bad == 1 else 'are'} not well"


def _keys(record: Mapping[str, Any]) -> tuple[str, str]:
    return record["id"], record["name"]


def _named(record: Mapping[str, Any], conditions: Sequence[Condition]) -> Mapping[str, Any]:
    """A service that is not well; `since` is when its status began, in Unix ms."""
    lost = [
        item["since"]
        for item in conditions
        if item["reason"] == SCANNER and item["node"] == record["node"]
    ]
    last = {"last_status": record["last_status"]} if "last_status" in record else {}
    names = ("id", "name", "context", "node", "status", "reason")
    return {
        **{name: record[name] for name in names},
        **last,
        "since": lost[0] if lost else record.get("changed_at"),
        "flapping": record.get("flapping", False),
        "muted": record.get("muted"),
    }
