"""The worker's current doubts about its view, and whoever has to hear of a change.

What is told to the pages is told to the log as well: an operator finds there when and why they were
stale.
"""

import logging
from collections.abc import Callable

from hero_router.feed.conditions import NONE, Condition, ConditionMap
from hero_router.feed.freshness import system_ms

log = logging.getLogger(__name__)

REDIS, SCANNER, NO_SCANNER = "redis", "scanner", "no_scanner"
STREAM = "stream"
"""What this worker follows is not what Redis serves."""

BLIND = (REDIS, STREAM)
"""While one of these is doubted, the worker cannot tell the truth about anything."""


class Conditions:
    """Holds the conditions and calls `changed` after every change; `now_ms` is Unix ms."""

    def __init__(self, now_ms: Callable[[], int] = system_ms) -> None:
        self._now_ms = now_ms
        self._current: ConditionMap = NONE
        self.on_change: Callable[[], None] = lambda: None

    @property
    def current(self) -> ConditionMap:
        """All doubts by what they are about; empty when the view is sure."""
        return self._current

    @property
    def blinding(self) -> Condition | None:
        """The doubt that makes this worker unfit to serve, if there is one."""
        found = (self._current.get((reason, None)) for reason in BLIND)
        return next((item for item in found if item is not None), None)

    def set(self, reason: str, node: str | None, detail: str) -> None:
        """Doubt from now on; a doubt that exists keeps its `since`."""
        known = self._current.get((reason, node))
        if known is not None and known.detail == detail:
            return
        log.log(logging.INFO if known else logging.WARNING, "pages are stale: %s", detail)
        since = known.since if known else self._now_ms()
        item = Condition(reason, node, since, detail)
        self._set({**self._current, item.key: item})

    def clear(self, reason: str, node: str | None = None) -> None:
        """Doubt this no longer."""
        if (ended := self._current.get((reason, node))) is not None:
            seconds = (self._now_ms() - ended.since) / 1000
            log.info("no longer stale, after %.1f s: %s", seconds, ended.detail)
            self._set({k: v for k, v in self._current.items() if k != (reason, node)})

    def _set(self, conditions: ConditionMap) -> None:
        self._current = conditions
        self.on_change()
