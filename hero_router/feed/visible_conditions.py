"""`VisibleConditions`: selects the conditions that a caller is sent, by what the caller may see.

The JSON answers and the event streams use the same ones.
"""

from typing import NamedTuple

from hero_router.feed.conditions import Condition
from hero_router.feed.filters import Filter
from hero_router.feed.mirror import Mirror

MOST_KEPT = 32
"""Maximum number of filters whose conditions are kept."""


class _Told(NamedTuple):
    """The conditions under one filter, and the conditions and state that they were made from."""

    conditions: tuple[Condition, ...]
    revision: int
    told: tuple[Condition, ...]


class VisibleConditions:
    """Selects conditions for the callers of one worker.

    The selected conditions stay the same object until they change, so that they can be compared by
    identity.
    """

    def __init__(self, mirror: Mirror) -> None:
        self._mirror = mirror
        self._kept: dict[Filter, _Told] = {}

    def of(self, conditions: tuple[Condition, ...], shown: Filter | None) -> tuple[Condition, ...]:
        """The conditions for a caller who may see what `shown` shows; None shows everything.

        Under a filter they are those of the worker itself and of nodes with a shown service,
        without paths. A filter that a client chose itself is no such filter.
        """
        if shown is None or not conditions:
            return conditions
        revision, kept = self._mirror.revision, self._kept.get(shown)
        if kept is not None and kept.conditions is conditions and kept.revision == revision:
            return kept.told
        told = self._select(conditions, shown)
        if kept is not None and kept.told == told:
            told = kept.told
        self._kept.pop(shown, None)
        self._kept[shown] = _Told(conditions, revision, told)
        if len(self._kept) > MOST_KEPT:
            del self._kept[next(iter(self._kept))]
        return told

    def _select(self, conditions: tuple[Condition, ...], shown: Filter) -> tuple[Condition, ...]:
        nodes = {None, *self._mirror.node_names(shown)}
        return tuple(item.without_paths() for item in conditions if item.node in nodes)
