"""What is published: how many events, how fast and how large; the same bytes for every target."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

from hero_router.feed.encoded_event import frame
from hero_router.model import Change, Event, Record, SocketState, Status, service_id
from hero_router.position import Position
from hero_router.store.keys import APPLY_BATCH
from hero_router.strict_json import encode

NODE = "bench"
SERVICES = 20
CREATED_MS = 1_700_000_000_000
AT_MS = CREATED_MS
"""When an event was published is known only then; it has as many digits."""

READY = 1024
"""So many changes are kept once made. Working out what clients are to get makes them before they
are due, as the floors make their frames: so it is no part of a latency."""


@dataclass(frozen=True, slots=True)
class EventWorkload:
    """Publish `events` in batches of `batch`, `rate` batches a second (0: as fast as they go).

    `full` frames carry the whole record, as the scanner publishes it; others only its main fields,
    about 290 bytes.
    """

    name: str
    title: str
    events: int
    batch: int
    rate: float
    full: bool = False

    @property
    def seconds(self) -> float:
        """How long publishing is to take; 0: as long as it takes."""
        return self.events / self.batch / self.rate if self.rate else 0.0

    def batches(self) -> Iterator[range]:
        """The events' numbers, from 1 on, as they are handed over."""
        for first in range(1, self.events + 1, self.batch):
            yield range(first, min(first + self.batch, self.events + 1))

    def change(self, number: int) -> Change:
        """The event with this number: a service changes its status."""
        return _change(self, number)

    @staticmethod
    def mark(number: int) -> str:
        """What is in the data of the event with this number, and of no other one."""
        return f'"changed_at":{CREATED_MS + number}'

    def frame(self, number: int, position: Position, *, at: int = AT_MS) -> bytes:
        """The same event as every client has to receive it; 0: it does not say when it was."""
        change = self.change(number)
        data, service = encode(change.data), change.service
        return frame(Event(position, change.type, NODE, service, change.data, data, at))


SCENARIOS = (
    EventWorkload("lone", "one event at a time, 10/s", events=50, batch=1, rate=10),
    EventWorkload("steady", "one event at a time, 100/s", events=1000, batch=1, rate=100),
    EventWorkload("burst", "a burst of 1,000 events", events=1000, batch=APPLY_BATCH, rate=0),
    EventWorkload(
        "burst_full", "a burst of 1,000 full records", 1000, batch=APPLY_BATCH, rate=0, full=True
    ),
)

BURST = EventWorkload("stalled", "20,000 events at 1,000/s", events=20_000, batch=25, rate=40)
"""Published while some clients do not read."""

SMALL_BURST = EventWorkload(
    "stalled", "6,000 full records at 800/s", events=6000, batch=20, rate=40, full=True
)
"""About what the slowest peers can carry to fifty clients."""

GROWTH = EventWorkload("growth", "one event at a time, 5/s", events=30, batch=1, rate=5)
"""Few enough for 10,000 clients on one core, and for one process that reads for all of them."""

_MAIN_FIELDS = ("id", "name", "context", "node", "status", "reason", "changed_at")


@lru_cache(READY)
def _change(scenario: EventWorkload, number: int) -> Change:
    status = Status.UNHEALTHY if (number - 1) // SERVICES % 2 == 0 else Status.HEALTHY
    record = service(number % SERVICES, status, CREATED_MS + number)
    value = record.to_json()
    main = {name: value[name] for name in _MAIN_FIELDS} | {"sockets": []}
    shown = value if scenario.full else main
    data = {"from": _other(status), "to": status, "reason": record.reason, "service": shown}
    return Change("status_change", record.id, data, record)


def service(number: int, status: Status, changed_at: int) -> Record:
    """One of the services that all events are about."""
    name = f"service{number}"
    path = f"{name}/rpc.sock"
    healthy = status is Status.HEALTHY
    error = None if healthy else "no answer within 2 s"
    return Record(
        id=service_id(NODE, "default", name),
        name=name,
        context="default",
        node=NODE,
        status=status,
        reason="ok" if healthy else "timeout",
        first_seen=CREATED_MS,
        changed_at=changed_at,
        sockets=(SocketState("rpc", "rpc", path, status, 1.8, error, 0 if healthy else 3),),
        title="Invoices",
        description="Makes, sends and archives invoices for the shops of one tenant.",
        version="1.4.2",
        protocol="openrpc",
        methods=("invoice.create", "invoice.list", "invoice.send"),
        methods_count=3,
        socket_path=path,
        source="rpc.discover",
        source_kind="openrpc",
    )


def _other(status: Status) -> Status:
    return Status.HEALTHY if status is Status.UNHEALTHY else Status.UNHEALTHY
