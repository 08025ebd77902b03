"""Minutes and changes of one service, for the tests of its history."""

from dataclasses import replace

from hero_router.history.minute_writes import Row
from hero_router.history.rings import RINGS
from hero_router.model import Change, Record, Status
from hero_router.store.history import Minute, Part
from tests.support.records import record

ID = record("a").id
LAST_OF_ALL = 2190 * 1440 * 9 - 1
"""A minute at which all three rings begin anew."""
EVERY_RING = [Part(ring, 0, ring.size) for ring in RINGS]


def minute(number: int, letter: str = "h", begun: int = 0, service: str = ID) -> Minute:
    return Minute(number, begun, {service: Row(letter, "78")})


def changed(old: Record, status: Status, at: int, reason: str = "why") -> Change:
    new = replace(old, status=status, changed_at=at, reason=reason)
    return Change(
        "status_change", old.id, {"from": old.status, "to": status, "reason": reason}, new
    )
