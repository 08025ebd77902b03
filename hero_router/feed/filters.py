"""Filters the events of a client's stream by type, context and service.

Equal filters are equal dict keys: clients with the same filter share the same joined bytes. Pure:
no I/O, no clock.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any, NamedTuple, Self

from hero_router.errors import BadRequest
from hero_router.model import EVENT_TYPES, Event

MAX_VALUES = 32
MAX_VALUE_LENGTH = 256
"""Limits of one client's filter: each filter costs the worker a pass over all events."""


class Tags(NamedTuple):
    """The properties of an event that filters compare; "" for a property that the event lacks."""

    type: str
    context: str
    id: str
    name: str


@dataclass(frozen=True, slots=True)
class Filter:
    """The types, contexts and services (ids or names) that a client wants; an empty set: all."""

    types: frozenset[str] = frozenset()
    contexts: frozenset[str] = frozenset()
    services: frozenset[str] = frozenset()

    @classmethod
    def of(
        cls, types: Iterable[str] = (), contexts: Iterable[str] = (), services: Iterable[str] = ()
    ) -> Self | None:
        """The filter for a client's request; None wants all events.

        Each text is a comma-separated list of values.

        Raises:
            BadRequest: there is no such event type, or there are too many values.
        """
        wanted = cls(
            listed("types", types), listed("context", contexts), listed("service", services)
        )
        if unknown := wanted.types - EVENT_TYPES:
            known = ", ".join(sorted(EVENT_TYPES))
            raise BadRequest(f"types: there is no event {min(unknown)!r}; there are {known}")
        return None if wanted == cls() else wanted

    def wants(self, tags: Tags) -> bool:
        """Whether an event with these tags must be sent."""
        return (
            (not self.types or tags.type in self.types)
            and (not self.contexts or tags.context in self.contexts)
            and (not self.services or tags.id in self.services or tags.name in self.services)
        )


def shows(wanted: Filter | None, record: Mapping[str, Any]) -> bool:
    """Whether a filter shows a service record; the filter's event types do not matter here."""
    if wanted is None:
        return True
    tags = {name: str(record.get(name, "")) for name in ("context", "id", "name")}
    return replace(wanted, types=frozenset()).wants(Tags(type="", **tags))


def tags_of(event: Event) -> Tags:
    """The tags of an event; all "" for an entry of another program, so that no filter wants it."""
    record = event.payload.get("service")
    about: Mapping[str, Any] = record if isinstance(record, Mapping) else event.payload
    context, name = about.get("context"), about.get("name")
    return Tags(event.type or "", _text(context), event.service, _text(name))


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""


def listed(name: str, texts: Iterable[str]) -> frozenset[str]:
    """The values in comma-separated lists, for the parameter `name`. Raises BadRequest."""
    found = frozenset(part.strip() for text in texts for part in text.split(",") if part.strip())
    if len(found) > MAX_VALUES or any(len(value) > MAX_VALUE_LENGTH for value in found):
        raise BadRequest(f"{name}: at most {MAX_VALUES} values of {MAX_VALUE_LENGTH} characters")
    return found
