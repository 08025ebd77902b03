"""Asked at every moment: is a client live and unlike the registry, do workers tell one state?

Pure judges over samples; `sampler` takes them while the soak runs.
"""

from collections.abc import Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from typing import NamedTuple

from tests.soak.bounds import Trouble, deadline

FORGET_SECONDS = 300.0
"""What the registry held longer ago is forgotten: far longer than any bound."""


class View(NamedTuple):
    """What one client shows: the state that it has folded, if it takes itself for live.

    It says nothing of the services of nodes that it knows to be doubtful. It follows this worker's
    stream since `opened`, and was last told at `told` that it knows nothing (Unix seconds).
    """

    client: str
    live: bool
    state: Mapping[str, str]
    only: str | None = None
    doubted: AbstractSet[str] = frozenset()
    opened: float = 0.0
    told: float = 0.0


class Answer(NamedTuple):
    """One worker's `/api/services`: its place, what it knows of nodes and doubts, and its state."""

    instance: str
    place: tuple[str, str]
    """Redis process and cursor."""
    lost: AbstractSet[str]
    known: str
    """Nodes and doubts as sent."""
    services: Mapping[str, str]
    """Prints by id."""
    tag: str


@dataclass(slots=True)
class Likeness:
    """Takes samples of the registry and of all clients. `faults` are who was live and unlike the
    registry for longer than is allowed; `longest` is how long anybody was.

    `unknowing` are clients that came to another worker after a foreign hand had been at a record:
    see `_judge`.
    """

    troubles: Sequence[Trouble] = ()
    faults: list[str] = field(default_factory=list)
    longest: float = 0.0
    looks: int = 0
    unknowing: set[tuple[str, str]] = field(default_factory=set)
    _held: dict[tuple[str, str | None], float] = field(default_factory=dict)
    _homes: dict[str, str] = field(default_factory=dict)
    _came: dict[str, float] = field(default_factory=dict)
    _live_since: dict[str, float] = field(default_factory=dict)
    _shown_since: dict[tuple[str, str], tuple[str | None, float]] = field(default_factory=dict)
    _told: set[tuple[str, str]] = field(default_factory=set)

    def look(
        self,
        now: float,
        held: Mapping[str, str] | None,
        homes: Mapping[str, str],
        views: Iterable[View],
    ) -> None:
        """Take one sample: what Redis holds (None if it cannot be asked: nobody is judged by what
        is unknown), each service's node, and what the clients show."""
        if held is None:
            self._live_since.clear()
            self._shown_since.clear()
            return
        self._remember(now, held, homes)
        for view in views:
            self.looks += view.live
            if view.live:
                self._live_since.setdefault(view.client, now)
                self._compare(now, held, view)
            else:
                self._live_since.pop(view.client, None)

    def _remember(self, now: float, held: Mapping[str, str], homes: Mapping[str, str]) -> None:
        self._homes |= homes
        for service in self._homes:
            if service not in held:
                self._came.pop(service, None)
            else:
                self._came.setdefault(service, now)
            self._held[service, held.get(service)] = now
        if self.looks % 100 == 0:
            old = now - FORGET_SECONDS
            self._held = {key: at for key, at in self._held.items() if at > old}

    def _compare(self, now: float, held: Mapping[str, str], view: View) -> None:
        ids = held.keys() | view.state.keys() if view.only is None else {view.only}
        for service in ids:
            key, shown = (view.client, service), view.state.get(service)
            if shown == held.get(service) or self._homes.get(service, "") in view.doubted:
                self._shown_since.pop(key, None)
                self._told.discard(key)
                continue
            before = self._shown_since.get(key)
            if before is None or before[0] != shown:
                self._shown_since[key] = shown, now
            self._judge(now, view, service, gone=service not in held)

    def _judge(self, now: float, view: View, service: str, *, gone: bool) -> None:
        """Who is on another worker than when a foreign hand came cannot be told by that one: what
        it was shown before is not known there. It is counted."""
        key = view.client, service
        shown, shown_since = self._shown_since[key]
        known = max(self._held.get((service, shown), shown_since), self._came.get(service, 0.0))
        if shown is None:  # it may have left just now, for less time than lies between two looks
            known = max(known, shown_since)
        since = max(known, self._live_since[view.client], view.told)
        self.longest = max(self.longest, now - since)
        until = deadline(self.troubles, service, since, view.told, gone=gone)
        if now <= until or key in self._told:
            return
        if any(
            one.at_records and one.touches(service, known, gone=gone) and one.begin < view.opened
            for one in self.troubles
        ):
            self.unknowing.add(key)
            return
        self._told.add(key)
        self.faults.append(
            f"client {view.client} is live and unlike the registry in service {service} for "
            f"{now - since:.1f} s, at {now:.1f}"
        )


@dataclass(slots=True)
class Agreement:
    """Takes what workers answer at nearly the same time. `faults` are places of which two told two
    states, of other services than a foreign hand was at; `pairs` were at one place."""

    troubles: Sequence[Trouble] = ()
    faults: list[str] = field(default_factory=list)
    pairs: int = 0
    equal_tags: int = 0
    differing: int = 0

    def look(self, now: float, answers: Sequence[Answer]) -> None:
        """Compare each answer with the later ones that have the same place.

        Reports of nodes are no part of the stream, and of a doubt each worker says when it noticed:
        where these differ, the services alone must be the same.
        """
        for index, one in enumerate(answers):
            for other in answers[index + 1 :]:
                if one.place == other.place and one.lost == other.lost:
                    self._compare(now, one, other)

    def _compare(self, now: float, one: Answer, other: Answer) -> None:
        self.pairs += 1
        unlike = {service for service, _ in one.services.items() ^ other.services.items()}
        one_tag = one.tag == other.tag
        self.equal_tags += one_tag
        self.differing += bool(unlike)
        if unlike:
            wrong = any(not self._is_excused(now, service) for service in unlike)
        else:
            wrong = one.known == other.known and not one_tag
        if wrong:
            self.faults.append(
                f"{one.instance} and {other.instance} tell two states of {one.place[1]}, "
                f"with tags {one.tag} and {other.tag}, at {now:.1f}"
            )

    def _is_excused(self, now: float, service: str) -> bool:
        return any(
            trouble.begin <= now <= trouble.until
            and (trouble.services is None or service in trouble.services)
            for trouble in self.troubles
        )
