"""What the scanners themselves doubt, by their nodes' reports, as this worker's conditions."""

from collections.abc import Iterator, Mapping

from hero_router.feed.doubts import SCANNER, Conditions
from hero_router.model import NodeState
from hero_router.text import clean


class ReportedConditions:
    """Begins a condition with a node's reason, and ends it when its report no longer has it.

    A node whose scanner is lost keeps its last doubts: nobody has seen them end.
    """

    def __init__(self, doubts: Conditions) -> None:
        self._doubts = doubts
        self._told: set[tuple[str, str]] = set()

    def update(self, reports: Mapping[str, NodeState]) -> None:
        """Take the newest reports of all nodes."""
        found = {
            (reason, node): detail
            for node, state in reports.items()
            for reason, detail in _sound(state.doubts)
        }
        for (reason, node), detail in found.items():
            self._doubts.set(reason, node, detail)
        for reason, node in self._told - found.keys():
            self._doubts.clear(reason, node)
        self._told = set(found)


def _sound(doubts: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    """Also reasons of a newer version; not what else stands there, nor what the watch itself tells.

    That a scanner is gone is not for its report to say.
    """
    for reason, detail in doubts.items():
        if reason != SCANNER and isinstance(detail, str):
            yield clean(reason), clean(detail)
