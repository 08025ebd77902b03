"""Detects two scanners of different machines or folders under one node name.

They would remove each other's services. A standby scanner checks that the scanner with the lease
scans the same socket folder on the same machine.
"""

import os
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from hero_router.errors import ConfigError
from hero_router.model import NodeState
from hero_router.sanitize import readable
from hero_router.scan.dependency_protocols import RegistryProtocol
from hero_router.settings.config import RouterConfig

BOOT_ID = Path("/proc/sys/kernel/random/boot_id")
"""File with the id of this boot of the machine; all containers on a machine see the same id."""

DIGITS = 12
"""Number of last digits of the boot id in node reports: enough to distinguish two machines."""


@dataclass(frozen=True, slots=True)
class ScanLocation:
    """The socket folder and the machine of a scanner; "" if not known."""

    root: str
    machine: str

    def differs(self, other: "ScanLocation") -> bool:
        """Whether two locations are certainly different."""
        pairs = ((self.root, other.root), (self.machine, other.machine))
        return any(one and two and one != two for one, two in pairs)


def scan_location(config: RouterConfig) -> ScanLocation:
    """The location of a scanner with these settings on this machine."""
    machine = ""
    with suppress(OSError):
        machine = BOOT_ID.read_text("ascii").strip()[-DIGITS:]
    return ScanLocation(readable(os.path.realpath(os.fsencode(config.node.root))), machine)


class DuplicateNodeCheck:
    """Compares the location of this standby scanner with that of the scanner with the lease."""

    def __init__(self, config: RouterConfig, registry: RegistryProtocol) -> None:
        self._node, self._registry, self._here = config.node.name, registry, scan_location(config)
        self._suspect: NodeState | None = None

    async def check(self) -> None:
        """Compare the location in the node report with that of this scanner.

        One report with another location may be old: its scanner may have ended, before the machine
        or the socket folder was changed. A second, newer report proves that its scanner runs.

        Raises:
            ConfigError: the other scanner has another socket folder or runs on another machine.
            StoreError: Redis cannot be reached or refuses the call.
        """
        report = (await self._registry.view(self._node)).report
        # A report of an older version does not name the location.
        there = ScanLocation(report.root, report.machine) if report else self._here
        if not there.differs(self._here):
            self._suspect = None
        elif self._suspect in (None, report):
            self._suspect = report
        else:
            whose = "this" if there.machine == self._here.machine else "another"
            raise ConfigError(
                f"another hero_router scans {there.root} on {whose} machine as node "
                f"{self._node!r}: give each its own ROUTER_NODE, or each deployment its own "
                "ROUTER_REDIS_PREFIX"
            )
