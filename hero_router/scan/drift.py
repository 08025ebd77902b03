"""Notices that somebody else changed the registry: an emptied Redis, an older dump, a foreign hand.

A service that was just probed is compared with the registry anyway. This finds the others. Pure.
"""

from collections.abc import Collection, Mapping

from hero_router.model import Record


class DriftDetector:
    """Each service's record, or None, as scanner and registry last agreed on it."""

    def __init__(self) -> None:
        self._agreed: dict[str, Record | None] = {}

    def agree(self, records: Mapping[str, Record | None]) -> None:
        """These services were evaluated, and the registry holds these records now, or none."""
        self._agreed |= records

    def drifted(self, known: Mapping[str, Record], present: Collection[str]) -> set[str]:
        """The services among those `present` whose record in the registry is another one now."""
        self._agreed = {key: item for key, item in self._agreed.items() if key in present}
        return {
            key
            for key, record in self._agreed.items()
            if known.get(key) is not record and known.get(key) != record
        }
