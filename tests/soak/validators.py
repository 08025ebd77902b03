"""Judges of one client's log, in the manner of etcd's robustness tests.

Each is a pure function over the log and the truth, and gives what it finds wrong. A null resync
begins anew: it tells that a history is lost, so what follows may lie before what was seen.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from hero_router.position import Position
from tests.soak.bounds import LIVE_SECONDS, RECORD_SECONDS, Trouble
from tests.soak.conflation import lacking, spans
from tests.soak.dashboard import Dashboard, of_one
from tests.soak.holes import Credit, passes_hole
from tests.soak.log import CLOSED, OPENED, REFUSED, RESUMED, STALLED, Entry, Log
from tests.soak.truth import Truth

LONGEST_SILENCE = 20.0
"""Seconds without any frame, for a client that reads and comes back when it is told to."""

MOST_NAMED = 5
"""So many services that differ are named."""


@dataclass(frozen=True, slots=True)
class Fault:
    """Something wrong at one entry of a log."""

    index: int
    text: str


Validator = Callable[[Log, Truth], Iterator[Fault]]


def walk(log: Log, truth: Truth) -> Iterator[tuple[int, Entry, Position | None]]:
    """All entries, each with the position that the client had before it."""
    place: Position | None = None
    for index, entry in enumerate(log.entries):
        yield index, entry, place
        greeted = entry.kind == "hello" and place is None
        moved = entry.kind == "resync" or passes_hole(entry, place, truth)
        if entry.is_event or moved or greeted:
            place = entry.place
        elif log.only is not None and entry.kind in ("ping", "hello"):
            place = entry.place or place  # past events about other services


def begins_anew(entry: Entry) -> bool:
    """Whether a client is told that nobody can know what it missed."""
    return entry.kind == "resync" and entry.payload["dropped"] is None


def ordered(log: Log, _: Truth) -> Iterator[Fault]:
    """Positions of events strictly increase."""
    last: Position | None = None
    for index, entry in enumerate(log.entries):
        if begins_anew(entry):
            last = None
        elif entry.is_event and entry.place is not None:
            if last is not None and entry.place <= last:
                yield Fault(index, f"{entry.place} comes after {last}")
            last = entry.place


def unique(log: Log, _: Truth) -> Iterator[Fault]:
    """No event comes twice."""
    seen: dict[Position, int] = {}
    for index, entry in enumerate(log.entries):
        if begins_anew(entry):
            seen.clear()
        elif entry.is_event and entry.place is not None:
            if entry.place in seen:
                yield Fault(index, f"{entry.place} came already, at {seen[entry.place]}")
            seen[entry.place] = index


def genuine(log: Log, truth: Truth) -> Iterator[Fault]:
    """Each event is what Redis holds under its position; what Redis lost is the same for all, and
    who has one whose position Redis gave to another one is told in time."""
    for index, entry in enumerate(log.entries):
        if not entry.is_event:
            continue
        if entry.place is None:
            yield Fault(index, "an event without a position")
        elif (event := truth.at(entry.place)) is not None:
            if (event.kind, event.sent) == (entry.kind, entry.data):
                continue
            if not _was_replaced(entry, truth):
                yield Fault(index, f"Redis holds another event: {event.kind} {event.data[:160]}")
            elif not _is_told(log, index, truth):
                yield Fault(index, "Redis has another event there by now, and nobody said so")
        elif (told := truth.lost.get(entry.place)) is None or not truth.may_be_lost(entry.place):
            yield Fault(index, "Redis never held this event")
        elif (told.kind, told.sent) != (entry.kind, entry.data):
            yield Fault(index, f"Redis held another event: {told.kind} {told.data[:160]}")


def _was_replaced(entry: Entry, truth: Truth) -> bool:
    """Whether Redis held this event until it lost it, and then gave its position to another one."""
    event = entry.place, entry.kind, entry.data
    return any((one.place, one.kind, one.sent) == event for one in truth.replaced)


def _is_told(log: Log, index: int, truth: Truth) -> bool:
    """Whether who got this event began anew once Redis had lost it, in the time of an audit."""
    got, later = log.times[index], range(index + 1, len(log.entries))
    told = [log.times[number] for number in later if begins_anew(log.entries[number])]
    losses = [one for one in truth.troubles if _lost(one, got)]
    return any(one.begin <= at <= one.end + RECORD_SECONDS for one in losses for at in told)


def _lost(trouble: Trouble, got: float) -> bool:
    """Whether an event that came then may be one that Redis lost in this trouble."""
    return trouble.kind == "rolled back" and got <= trouble.end + LIVE_SECONDS


def conflated(log: Log, truth: Truth) -> Iterator[Fault]:
    """Who asked for it is told exactly how many events newer ones stand for, and gets those."""
    for index, span in spans(log):
        if not log.conflates:
            yield Fault(index, "conflated without having asked for it")
        elif log.entries[index].place == span.to and (fault := span.fault(truth)):
            yield Fault(index, fault)
    for index, text in lacking(log, truth):
        yield Fault(index, text)


def reliable(log: Log, truth: Truth) -> Iterator[Fault]:
    """Each jump is covered by exactly one resync with exactly that number, or null where it cannot
    be known; and no resync tells of events that the stream still held. Where it was conflated, or
    wants few, there are judges of their own."""
    if log.only is not None:
        return
    free, credit = {index for index, _ in spans(log)}, Credit(truth)
    for index, entry, place in walk(log, truth):
        if fault := credit.take(entry, place):
            yield Fault(index, fault)
        if entry.kind == "resync":
            if fault := _wrong_resync(entry, place, truth, log.times[index]):
                yield Fault(index, fault)
        elif entry.is_event and entry.place is not None:
            if place is None:
                yield Fault(index, "an event before any position is known")
            elif index not in free and not truth.follows(place, entry.place):
                yield Fault(index, f"a silent jump from {place} to {entry.place}")


def filtered(log: Log, truth: Truth) -> Iterator[Fault]:
    """Who wants one service gets each event about it and no other; a ping, or a hello where Redis
    was started anew, takes it past the rest. A gap has all events but those passed over before."""
    if log.only is None:
        return
    for index, entry, place in walk(log, truth):
        if entry.is_event and entry.service != log.only:
            yield Fault(index, "not asked for")
        elif entry.kind == "resync" and _lies_ahead(entry, place, truth, log.only):
            continue
        elif entry.kind == "resync":
            if fault := _wrong_resync(entry, place, truth, log.times[index], log.only):
                yield Fault(index, fault)
        elif entry.place is not None and place is not None and not entry.is_mark:
            passed = truth.passed(log.only, place, entry.place)
            missed = [one for one in passed if one not in truth.deleted or one == entry.place]
            missed = [one for one in missed if one not in truth.deleted or entry.is_event]
            if entry.place < place:
                yield Fault(index, f"{entry.kind} goes back from {place} to {entry.place}")
            elif missed not in ([], [entry.place] if entry.is_event else []):
                yield Fault(index, f"{entry.kind} {entry.place} passes over {missed[0]}")


def _lies_ahead(entry: Entry, place: Position | None, truth: Truth, only: str) -> bool:
    """Whether all that a filtering client is told of was deleted after its position, and nothing
    that it wanted lies between the last event that it was sent and that."""
    base, dropped = entry.place, entry.payload["dropped"]
    if place is None or base is None or dropped is None:
        return False
    return 0 < dropped <= truth.deleted_after(base) and not truth.passed(only, place, base)


def _wrong_resync(
    entry: Entry, place: Position | None, truth: Truth, at: float, only: str | None = None
) -> str | None:
    base, dropped = entry.place, entry.payload["dropped"]
    if place is None or base is None:
        return "a resync without a position to start from"
    if dropped is not None:
        missed = truth.between(place, base)
        ahead = min(max(dropped - missed, 0), truth.deleted_after(base))
        if only is not None:
            first = next(iter(truth.passed(only, place, base)), base)
            missed = min(max(dropped - ahead, truth.between(first.before(), base)), missed)
        across = only is None and place.epoch != base.epoch
        if dropped - ahead != missed or across or dropped < 1:
            return f"{dropped} dropped, but {missed} lie between {place} and {base}"
    elif truth.anew(at) or not truth.keeps(place, only):
        return None
    elif place >= base or place.epoch == base.epoch:
        return f"null, but what lies between {place} and {base} is known"
    if truth.held_between(place, base) and not truth.left_window(base, at):
        return f"the stream still held what follows {place}"
    return None


def resumable(log: Log, truth: Truth) -> Iterator[Fault]:
    """A client asks for what it has, and is greeted there, or told its gap, before anything."""
    greeted = settled = False
    for index, entry, place in walk(log, truth):
        if entry.kind == OPENED:
            greeted, settled = False, place is None
            if entry.place != place:
                yield Fault(index, f"asked from {entry.place}, but has {place}")
        elif entry.is_mark:
            continue
        elif entry.kind == "hello":
            greeted, settled = True, settled or entry.place == place
        elif not greeted:
            yield Fault(index, f"{entry.kind} before the hello")
        elif entry.kind == "resync":
            settled = True
        elif entry.place is not None and not settled:
            yield Fault(index, f"{entry.kind} before the client's place {place} was confirmed")


def bookmark(log: Log, truth: Truth) -> Iterator[Fault]:
    """The ids of hello, ping and conflated are where the client is: never ahead of data or back."""
    if log.only is not None:
        return
    for index, entry, place in walk(log, truth):
        if (
            passes_hole(entry, place, truth)
            or entry.kind not in ("hello", "ping", "conflated")
            or entry.place is None
            or entry.place == place
        ):
            continue
        if place is None and entry.kind == "hello":
            continue
        yield Fault(index, f"{entry.kind} says {entry.place}, but the client has {place}")


def welcome(log: Log, _: Truth) -> Iterator[Fault]:
    """Nothing but a stream is ever answered: an EventSource gives up for ever on all else."""
    for index, entry in enumerate(log.entries):
        if entry.kind == REFUSED:
            yield Fault(index, f"refused: {entry.data}")


def silences(log: Log) -> Iterator[tuple[int, float]]:
    """Each frame with the time since the one before; what the client did itself does not count."""
    since: float | None = None
    for index, entry in enumerate(log.entries):
        if entry.kind in (STALLED, RESUMED):
            since = None if entry.kind == STALLED else log.times[index]
        elif entry.kind == CLOSED and entry.payload.get("by") == "client":
            since = None
        elif entry.kind == OPENED:
            since = log.times[index] if since is None else since
        elif not entry.is_mark and since is not None:
            yield index, log.times[index] - since
            since = log.times[index]


def attended(log: Log, _: Truth) -> Iterator[Fault]:
    """No client is left alone for long without a word."""
    for index, seconds in silences(log):
        if seconds > LONGEST_SILENCE:
            yield Fault(index, f"no word for {seconds:.1f} s before this")


def final(log: Log, truth: Truth) -> Iterator[Fault]:
    """In the end the state that the client has folded up is the registry."""
    dashboard = Dashboard(log.only)
    for entry in log.entries:
        dashboard.take(entry)
    last = len(log.entries) - 1
    if dashboard.place != truth.head:
        yield Fault(last, f"ended at {dashboard.place}, the stream at {truth.head}")
    if dashboard.wanted is not None:
        yield Fault(last, "still waits for a snapshot")
    wrong = of_one(truth.registry, log.only).items() ^ dashboard.state.items()
    if services := sorted({service for service, _ in wrong}):
        named = ", ".join(services[:MOST_NAMED])
        yield Fault(last, f"{len(services)} services are not as in the registry: {named}")


VALIDATORS: Mapping[str, Validator] = {
    validator.__name__: validator
    for validator in (
        ordered, unique, genuine, reliable, conflated, filtered, resumable, bookmark, welcome,
        attended, final,
    )
}  # fmt: skip
