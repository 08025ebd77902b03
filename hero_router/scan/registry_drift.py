"""Detects services whose record in the registry was changed by another program.

Causes are an emptied Redis, a restored older dump, or another program. A service that was just
probed is compared with the registry anyway. Pure: no I/O, no clock.
"""

from collections.abc import Collection, Mapping

from hero_router.model import Record


class DriftDetector:
    """Compares service records in the registry with those that the scanner last saw there."""

    def __init__(self) -> None:
        self._agreed: dict[str, Record | None] = {}

    def agree(self, records: Mapping[str, Record | None]) -> None:
        """Note the records that the registry holds now for these services (None: no record)."""
        self._agreed |= records

    def drifted(self, known: Mapping[str, Record], present: Collection[str]) -> set[str]:
        """The ids of `present` services whose record in the registry differs from the noted one."""
        self._agreed = {key: item for key, item in self._agreed.items() if key in present}
        return {
            key
            for key, record in self._agreed.items()
            if known.get(key) is not record and known.get(key) != record
        }
