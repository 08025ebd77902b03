"""The log of a service's last status changes, and the incidents that follow from it."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple, TypedDict

from hero_router.history.letters import BEST_TO_WORST, GONE, LOST, OF_STATUS, UNKNOWN
from hero_router.history.rings import MINUTE_MS, minute_of

MOST_KEPT = 50
"""Most transitions that are kept for one service."""

GONE_STATUS = "gone"
"""The status of a service that has left the registry."""

TROUBLE = frozenset("dniug")
"""Letters of an incident."""


class Transition(NamedTuple):
    """One change of a service's status; `at` is Unix ms, `before` is None for a new service."""

    at: int
    before: str | None
    to: str
    reason: str

    @classmethod
    def from_json(cls, value: object) -> "Transition | None":
        """A transition as `apply.lua` has written it; None for what another program wrote."""
        if not isinstance(value, Mapping):
            return None
        at, before, to = value.get("at"), value.get("from"), value.get("to")
        if type(at) is not int or not isinstance(to, str) or not isinstance(before, str | None):
            return None
        return cls(at, before, to, str(value.get("reason") or ""))


Log = tuple[Transition, ...]
"""The transitions of one service, the oldest first."""


class Incident(TypedDict):
    """A time in which a service was not healthy; times are Unix ms.

    `status` is the worst one in it. `ended` and `duration_ms` are None while it lasts.
    `unwatched_ms` is how much of it no scanner watched, None if that is not known any more.
    """

    began: int
    ended: int | None
    duration_ms: int | None
    status: str
    reason: str
    unwatched_ms: int | None


def chained(newest_first: Iterable[Transition]) -> Log:
    """The log in order; a service that came back has the status `gone` before its return."""
    log: list[Transition] = []
    for each in reversed(list(newest_first)):
        returned = each.before is None and log and log[-1].to == GONE_STATUS
        log.append(each._replace(before=GONE_STATUS) if returned else each)
    return tuple(log)


def letters_by_minute(log: Log, first: int, end: int) -> dict[int, str]:
    """The letters by the log for the minutes from `first` to before `end`.

    A minute with a transition has the letters of the status before and after it; before it, a
    status `unknown` says nothing. All minutes of a service that is gone have the letter of that.
    """
    found = defaultdict[int, str](str)
    for number, each in enumerate(log):
        minute = minute_of(each.at)
        if each.to == GONE_STATUS:
            back = minute_of(log[number + 1].at) if number + 1 < len(log) else end
            for gone in range(max(minute, first), min(back, end)):
                found[gone] += GONE
        if first <= minute < end:
            found[minute] += _letter(each.before, "") + _letter(each.to, each.reason)
    return {minute: letters for minute, letters in found.items() if letters}


def _letter(status: str | None, reason: str) -> str:
    letter = "" if status is None else OF_STATUS.get(status, UNKNOWN)
    return "" if letter == UNKNOWN and not reason else letter


def incidents(log: Log, minutes: str, first: int) -> list[Incident]:
    """The incidents by the log, the newest first.

    `minutes` are the letters of the minutes from number `first` on. An incident whose beginning is
    not kept any more is left out.
    """
    return [_incident(part, minutes, first) for part in _troubles(log)][::-1]


def _troubles(log: Log) -> Iterator[Sequence[Transition]]:
    """The transitions of each incident: those into trouble, and the one that ends it, if any."""
    part: list[Transition] = []
    for each in log:
        if _letter(each.to, "?") in TROUBLE:
            if part or _letter(each.before, "?") not in TROUBLE:
                part.append(each)
        elif part:
            yield [*part, each]
            part = []
    if part:
        yield part


def _incident(part: Sequence[Transition], minutes: str, first: int) -> Incident:
    last = part[-1]
    ended = None if _letter(last.to, "?") in TROUBLE else last.at
    worst = max(part, key=lambda each: BEST_TO_WORST.index(_letter(each.to, "?")))
    began = part[0].at
    return Incident(
        began=began,
        ended=ended,
        duration_ms=None if ended is None else max(ended - began, 0),
        status=worst.to,
        reason=worst.reason,
        unwatched_ms=_unwatched(began, ended, minutes, first),
    )


def _unwatched(began: int, ended: int | None, minutes: str, first: int) -> int | None:
    begin = minute_of(began)
    if begin < first:
        return None
    end = first + len(minutes) if ended is None else minute_of(ended) + 1
    part = minutes[begin - first : end - first]
    return (part.count(UNKNOWN) + part.count(LOST)) * MINUTE_MS
