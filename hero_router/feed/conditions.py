"""Conditions: the reasons why a worker's pages may be stale, such as "Redis cannot be reached".

`Conditions` logs each change, so that an operator finds when and why pages were stale. The events
`stale` and `fresh` report each change to the clients.
"""

import logging
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from typing import Self

from hero_router import sse
from hero_router.feed.freshness_stamp import Stamp, system_ms
from hero_router.model import PERMISSION, ROOT

log = logging.getLogger(__name__)

REDIS, SCANNER, NO_SCANNER = "redis", "scanner", "no_scanner"
STREAM = "stream"
"""Reason: this worker follows another stream than the one that Redis serves."""

OWN = frozenset({REDIS, STREAM, SCANNER, NO_SCANNER})
"""Reasons that workers find themselves; every other reason comes from a node report."""

WITHOUT_PATHS = {
    ROOT: "its scanner does not see the whole socket folder",
    PERMISSION: "its scanner may not connect to some sockets",
}
"""What a reported reason means, for callers who may not see the paths in the details."""

BLINDING = (REDIS, STREAM)
"""Reasons that make a worker not ready: its whole state may be out of date."""


@dataclass(frozen=True, slots=True)
class Condition:
    """One reason why pages may be stale; `since` is Unix ms.

    `reason` is one of the constants above, or a reason in a node report: `root`, `permission`.
    """

    reason: str
    node: str | None
    since: int
    detail: str

    @property
    def key(self) -> tuple[str, str | None]:
        """Reason and node; there is at most one condition for each pair."""
        return self.reason, self.node

    def without_paths(self) -> Self:
        """The condition for callers who do not see all contexts.

        The details of a node report name folders and sockets: a path may hold the name of any
        context. Also reasons of a newer version count as such.
        """
        if self.reason in OWN:
            return self
        meaning = WITHOUT_PATHS.get(self.reason, "its scanner reports a problem")
        return replace(self, detail=f"node {self.node}: {meaning}")

    def to_json(self) -> dict[str, object]:
        """The condition as it is sent to clients."""
        return asdict(self)


class Conditions:
    """One worker's conditions. Calls `on_change` after every change; `now_ms` gives Unix ms."""

    def __init__(self, now_ms: Callable[[], int] = system_ms) -> None:
        self.now_ms = now_ms
        self._by_key: dict[tuple[str, str | None], Condition] = {}
        self.current: tuple[Condition, ...] = ()
        self.on_change: Callable[[], None] = lambda: None

    def find(self, reason: str, node: str | None = None) -> Condition | None:
        """The condition with this reason and node, if it holds."""
        return self._by_key.get((reason, node))

    @property
    def blinding(self) -> Condition | None:
        """The first condition that makes this worker not ready, if any."""
        return next((item for item in map(self.find, BLINDING) if item is not None), None)

    def set(self, reason: str, node: str | None, detail: str) -> None:
        """Begin a condition, or change its `detail`; one that holds already keeps its `since`."""
        known = self.find(reason, node)
        if known is not None and known.detail == detail:
            return
        level = logging.INFO if known else logging.WARNING
        log.log(level, "pages and API answers may be out of date: %s", detail)
        since = known.since if known else self.now_ms()
        self._by_key[reason, node] = Condition(reason, node, since, detail)
        self._changed()

    def clear(self, reason: str, node: str | None = None) -> None:
        """End a condition, if it holds."""
        ended = self._by_key.pop((reason, node), None)
        if ended is not None:
            seconds = (self.now_ms() - ended.since) / 1000
            log.info(
                "this problem has ended after %.1f s: %s",
                seconds,
                ended.detail,
            )
            self._changed()

    def _changed(self) -> None:
        self.current = tuple(self._by_key.values())
        self.on_change()


def transition_frames(
    before: tuple[Condition, ...], after: tuple[Condition, ...], stamp: Stamp
) -> bytes:
    """The `fresh` and `stale` frames that report to a client what changed between two sets.

    `stamp` goes into each frame: when the frame is sent, and when Redis last confirmed the worker's
    state.
    """
    keys, known = {item.key for item in after}, set(before)
    ended = [
        sse.frame("fresh", {"reason": item.reason, "node": item.node, "since": item.since, **stamp})
        for item in before
        if item.key not in keys
    ]
    begun = [sse.frame("stale", {**item.to_json(), **stamp}) for item in after if item not in known]
    return b"".join(ended + begun)
