"""What really happened, to judge by: the history that Redis kept, and the registry in the end.

A Redis that loses its power loses what it has acknowledged: such events were told to clients, but
are no part of the history. `lost` are those.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field, replace
from itertools import pairwise

from hero_router.position import ORIGIN, Position
from tests.soak.bounds import ANEW_SECONDS, Trouble
from tests.soak.log import Entry, Log


@dataclass(frozen=True, slots=True)
class Event:
    """One entry of the stream, as Redis executed it; `at` is Unix ms by its clock."""

    place: Position
    kind: str
    data: str
    at: int = 0

    @property
    def sent(self) -> str:
        """Its data as clients get it: with the time at which it was published."""
        return f'{{"at":{self.at},{self.data[1:]}' if self.at else self.data


@dataclass(frozen=True)
class Truth:
    """`events` are all that Redis kept, oldest first; `registry` has a print for each service id
    as of the last of them; `window` is how many events the stream holds. `openings` are the first
    events of epochs, each with the event that Redis had before it at that time. `replaced` are lost
    events whose positions have others now: their writer had not seen what was lost. `deleted` are
    those that a foreign hand took out of the stream, and `troubles` all that foreign hands did."""

    events: Sequence[Event]
    registry: Mapping[str, str]
    window: int
    lost: Mapping[Position, Event] = field(default_factory=dict)
    openings: Mapping[Position, Position] = field(default_factory=dict)
    replaced: AbstractSet[Event] = frozenset()
    deleted: AbstractSet[Position] = frozenset()
    troubles: Sequence[Trouble] = ()

    def __post_init__(self) -> None:
        places = [event.place for event in self.events]
        last = {place.epoch: place.seq for place in places}
        object.__setattr__(self, "_index", {place: n for n, place in enumerate(places)})
        object.__setattr__(self, "_last", last)
        object.__setattr__(self, "_told", sorted([*places, *self.lost]))
        about = dict[str, list[Position]]()
        for place in self._told:
            event = self.at(place) or self.lost[place]
            if (service := Entry(event.kind, place, event.data).service) is not None:
                about.setdefault(service, []).append(place)
        object.__setattr__(self, "_about", about)

    _index: Mapping[Position, int] = field(init=False, repr=False)
    _last: Mapping[int, int] = field(init=False, repr=False)
    _told: Sequence[Position] = field(init=False, repr=False)
    _about: Mapping[str, Sequence[Position]] = field(init=False, repr=False)

    @property
    def head(self) -> Position:
        """The last position."""
        return self.events[-1].place if self.events else ORIGIN

    def at(self, place: Position) -> Event | None:
        """The event that the history has there."""
        index = self._index.get(place)
        return None if index is None else self.events[index]

    def knows(self, place: Position) -> bool:
        """Whether it is a place of the history: an event's, or right before an epoch's first."""
        return place in self._index or (place.seq == 0 and place.epoch in self._last)

    def follows(self, before: Position, place: Position) -> bool:
        """Whether nothing lies between these two."""
        if place == before.next():
            return True
        if place.seq != 1:
            return False
        if (index := self._index.get(place)) is not None:
            return before in self._ends(index)
        if place in self.openings:  # all of an epoch may be lost, and some of the one before it
            return before == self.openings[place]
        between = self._told[bisect_right(self._told, before) : bisect_left(self._told, place)]
        return place in self.lost and not any(other in self._index for other in between)

    def _ends(self, index: int) -> Iterator[Position]:
        """Where the epoch before that of an event may have ended, as far as the stream tells: who
        deletes an epoch's last events leaves no trace of them once the next one has begun."""
        while index and (place := self.events[index - 1].place) in self.deleted:
            yield place
            index -= 1
        yield self.events[index - 1].place if index else ORIGIN

    def between(self, before: Position, last: Position) -> int:
        """How many events the history has after a place, up to another one."""
        places = self._told
        return bisect_right(places, last) - bisect_right(places, before)

    def passed(self, service: str, before: Position, last: Position) -> Sequence[Position]:
        """The events about a service after a place, up to another one. What Redis lost, whoever
        came to a later epoch need not have heard of; nor of what has the position of a lost one, as
        who had that is told to begin anew."""
        places = self._about.get(service, ())
        found = places[bisect_right(places, before) : bisect_right(places, last)]
        twice = {event.place for event in self.replaced}
        return [
            place
            for place in found
            if place not in twice and (place in self._index or place.epoch == last.epoch)
        ]

    def keeps(self, place: Position, only: str | None = None) -> bool:
        """Whether who heard of this place last stands where the stream knows it.

        Who wants `only` one service may have been passed over others, to an event that is lost.
        """
        if place in self.deleted:
            return False
        lost = [other for other in self.lost if other > place and other.epoch == place.epoch]
        if only is not None and lost and not self.passed(only, place, min(lost)):
            return False
        return self.knows(place) or place == ORIGIN

    def left_window(self, last: Position, at: float) -> bool:
        """Whether everything up to `last` had left the stream by this time (Unix seconds).

        A position that was given twice was there with its first event.
        """
        newest = bisect_right(self._told, last) + self.window - 1
        if newest >= len(self._told):
            return False
        place = self._told[newest]
        first = [event.at for event in self.replaced if event.place == place]
        return min([(self.at(place) or self.lost[place]).at, *first]) / 1000 <= at

    @property
    def services(self) -> Iterable[str]:
        """The ids of all services that events were about."""
        return self._about.keys()

    def held_between(self, before: Position, last: Position) -> bool:
        """Whether of the events after a place, up to another one, any was not deleted."""
        places = self._told
        between = places[bisect_right(places, before) : bisect_right(places, last)]
        return any(place not in self.deleted for place in between)

    def deleted_after(self, place: Position) -> int:
        """How many events after a place a foreign hand deleted."""
        return sum(one > place for one in self.deleted)

    def anew(self, at: float) -> bool:
        """Whether a worker may tell its clients at this time that they know nothing, as it found
        what a foreign hand had done to records."""
        return any(
            one.services != () and one.begin <= at <= one.end + ANEW_SECONDS
            for one in self.troubles
        )

    def may_be_lost(self, place: Position) -> bool:
        """Whether it lies past the end of an epoch that was not the last: Redis died there."""
        last = self._last.get(place.epoch)
        ended = place.epoch < self.head.epoch
        return ended and (last is None or place.seq > last)


def with_lost(truth: Truth, cut_off: Sequence[Event], logs: Iterable[Log]) -> Truth:
    """The truth with all that Redis forgot: what was cut off from its file, and what it had not
    even written, as the first client that got it was told.

    `cut_off` are the ends of the file before each cut, one after the other.
    """
    pairs = pairwise(event.place for event in cut_off)
    openings = {after: before for before, after in pairs if after.seq == 1 and before < after}
    lost = {event.place: event for event in cut_off if truth.at(event.place) is None}
    replaced = {event for event in cut_off if truth.at(event.place) not in (None, event)}
    for log in logs:
        for entry in log.entries:
            place = entry.place
            if entry.is_event and place is not None and truth.at(place) is None:
                lost.setdefault(place, Event(place, entry.kind, entry.data))
    return replace(truth, lost=lost, openings=openings, replaced=frozenset(replaced))


def is_dense(events: Sequence[Event]) -> bool:
    """Whether each event has the next position, or the first one of a later epoch."""
    places = [event.place for event in events]
    return all(
        after == before.next() or (after.seq == 1 and after.epoch > before.epoch)
        for before, after in pairwise([ORIGIN, *places])
    )
