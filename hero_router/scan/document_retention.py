"""Decides which OpenRPC documents Redis keeps for a node: each content once, bounded in total.

A document is kept while a record of the node has its digest. Its text stays in the scanner's memory
only until it is written; one that Redis loses is read from its service again.
"""

import logging
from collections.abc import Iterable, Mapping
from collections.abc import Set as AbstractSet

from hero_router.scan.result import Document

log = logging.getLogger(__name__)

MAX_TOTAL = 32 * 1024 * 1024
"""Most characters (ASCII) of all documents of one node together."""

REMOVE = ""
"""Instead of a text: the document is to be removed from Redis."""


class DocumentRetention:
    """The documents of one node: those that Redis keeps, and those still to be written."""

    def __init__(self, limit: int = MAX_TOTAL) -> None:
        self._limit = limit
        self._kept: dict[str, int] = {}
        self._pending: dict[str, str] = {}
        self._refused: set[str] = set()

    def set_kept(self, sizes: Mapping[str, int]) -> None:
        """Take over what Redis keeps now: sizes by digest."""
        self._kept = dict(sizes)
        self._pending = {key: text for key, text in self._pending.items() if key not in sizes}

    def offer(self, document: Document) -> None:
        """Note a document that a service has now; it is written unless there is no room for it."""
        key, size = document.digest, len(document.text)
        if key in self._kept or key in self._pending or key in self._refused:
            return
        if self._size() + size <= self._limit:
            self._pending[key] = document.text
            return
        if not self._refused:
            log.warning(
                "the OpenRPC documents of this node are larger than %d MiB together: a document "
                "of %d bytes and all that do not fit are not kept",
                self._limit // 2**20,
                size,
            )
        self._refused.add(key)

    def pending(self, digests: Iterable[str]) -> dict[str, str]:
        """Those of these documents that are still to be written, with their texts."""
        return {key: self._pending[key] for key in digests if key in self._pending}

    def cleanup(self, used: AbstractSet[str]) -> dict[str, str]:
        """What is left to do where records have just these digests: texts to write, and `REMOVE`.

        A pending document that no record has is forgotten.
        """
        self._pending = self.pending(used)
        return {**self._pending, **dict.fromkeys(self._kept.keys() - used, REMOVE)}

    def written(self, documents: Mapping[str, str]) -> None:
        """Note that Redis has taken these texts and removals."""
        for key, text in documents.items():
            self._pending.pop(key, None)
            if text == REMOVE:
                self._kept.pop(key, None)
                self._refused.clear()  # now there may be room
            else:
                self._kept[key] = len(text)

    def lost(self, used: AbstractSet[str]) -> set[str]:
        """The digests in use whose documents Redis should keep and does not have."""
        return used - self._kept.keys() - self._pending.keys() - self._refused - {""}

    def _size(self) -> int:
        return sum(self._kept.values()) + sum(map(len, self._pending.values()))
