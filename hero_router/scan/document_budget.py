"""Decides which OpenRPC documents Redis keeps for a node, within a limit for all of them together.

A document is kept while a service record of the node names its digest; equal documents are kept
once. The scanner holds a document in memory only until it is written to Redis. A document that
Redis loses is requested from its service again.
"""

import logging
from collections.abc import Iterable, Mapping
from collections.abc import Set as AbstractSet

from hero_router.scan.probe_result import Document

log = logging.getLogger(__name__)

MAX_TOTAL = 32 * 1024 * 1024
"""Maximum number of characters (ASCII) of all documents of one node together."""

REMOVE = ""
"""In place of a document's text: remove the document from Redis."""


class DocumentRetention:
    """Tracks one node's OpenRPC documents: those in Redis, and those to be written to Redis."""

    def __init__(self, limit: int = MAX_TOTAL) -> None:
        self._limit = limit
        self._kept: dict[str, int] = {}
        self._pending: dict[str, str] = {}
        self._refused: set[str] = set()

    def set_kept(self, sizes: Mapping[str, int]) -> None:
        """Note the documents that Redis keeps now: sizes by digest."""
        self._kept = dict(sizes)
        self._pending = {key: text for key, text in self._pending.items() if key not in sizes}

    def offer(self, document: Document) -> None:
        """Note a service's document, which is to be written unless the limit is reached."""
        key, size = document.digest, len(document.text)
        if key in self._kept or key in self._pending or key in self._refused:
            return
        if self._size() + size <= self._limit:
            self._pending[key] = document.text
            return
        if not self._refused:
            log.warning(
                "an OpenRPC document of %d bytes is not stored, and its service is shown without "
                "it: all documents of a node together may have %d MiB; the same holds for each "
                "further document that is too large for what is left",
                size,
                self._limit // 2**20,
            )
        self._refused.add(key)

    def pending(self, digests: Iterable[str]) -> dict[str, str]:
        """The texts of the given documents that are still to be written, by digest."""
        return {key: self._pending[key] for key in digests if key in self._pending}

    def cleanup(self, used: AbstractSet[str]) -> dict[str, str]:
        """The documents to write or remove, if service records name only the digests `used`.

        Returns texts by digest, and `REMOVE` for a document to remove. A document that is still to
        be written, and that no record names, is forgotten.
        """
        self._pending = self.pending(used)
        return {**self._pending, **dict.fromkeys(self._kept.keys() - used, REMOVE)}

    def written(self, documents: Mapping[str, str]) -> None:
        """Note that these documents were written to Redis or removed from it."""
        for key, text in documents.items():
            self._pending.pop(key, None)
            if text == REMOVE:
                self._kept.pop(key, None)
                self._refused.clear()  # now there may be room
            else:
                self._kept[key] = len(text)

    def lost(self, used: AbstractSet[str]) -> set[str]:
        """The digests of documents that Redis should keep and has lost."""
        return used - self._kept.keys() - self._pending.keys() - self._refused - {""}

    def _size(self) -> int:
        return sum(self._kept.values()) + sum(map(len, self._pending.values()))
