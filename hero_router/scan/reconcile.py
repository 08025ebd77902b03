"""Notices that another hand has changed what the scanner wrote: an emptied Redis, an older dump.

A service that was just looked at is compared with the registry anyway; one that rests is not.
"""

from collections.abc import Collection, Mapping

from hero_router.model import Record


class ForeignChanges:
    """Each service's record, or none, as it was when scanner and registry last agreed on it."""

    def __init__(self) -> None:
        self._records: dict[str, Record | None] = {}

    def agreed(self, records: Mapping[str, Record | None]) -> None:
        """These services were decided on, and the registry holds these records now, or none."""
        self._records |= records

    def changed_elsewhere(self, known: Mapping[str, Record], present: Collection[str]) -> set[str]:
        """The services among those `present` that the registry tells otherwise now."""
        self._records = {key: item for key, item in self._records.items() if key in present}
        return {
            key
            for key, record in self._records.items()
            if known.get(key) is not record and known.get(key) != record
        }
