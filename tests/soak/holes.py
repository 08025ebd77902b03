"""Events that a foreign hand deleted: a client is told how many lie ahead, and passes each once.

A ping stands at the position of each; the number in the resync has to cover it.
"""

from hero_router.position import Position
from tests.soak.log import OPENED, Entry
from tests.soak.truth import Truth


class Credit:
    """Of how many deleted events a client was told that it has not passed yet."""

    def __init__(self, truth: Truth) -> None:
        self._truth = truth
        self.left = 0

    def take(self, entry: Entry, place: Position | None) -> str | None:
        """Take the next entry of a client at a place; says what is wrong with it."""
        base = entry.place
        if entry.kind == OPENED:
            self.left = 0
        elif entry.kind == "resync" and base is not None and place is not None:
            dropped = entry.payload["dropped"]
            if dropped is None:
                self.left = self._truth.deleted_after(base)
            else:
                told = max(dropped - self._truth.between(place, base), 0)
                self.left = told + (self.left if base == place else 0)
        elif base is not None and place is not None and passes_hole(entry, place, self._truth):
            self.left -= 1
            if self.left < 0 or not self._truth.follows(place, base):
                return f"passes over {entry.place}, which was deleted, without a word"
        return None


def passes_hole(entry: Entry, place: Position | None, truth: Truth) -> bool:
    """Whether it is the ping that stands for a deleted event."""
    stands = entry.kind == "ping" and entry.place in truth.deleted
    return stands and place is not None and entry.place is not None and place < entry.place
