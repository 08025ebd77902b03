"""Detects two deployments with the same node name: each would remove the services of the other.

A standby scanner checks that the lease's holder scans the same folder on the same machine.
"""

import os
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from hero_router.errors import ConfigError
from hero_router.model import NodeState
from hero_router.scan.protocols import RegistryProtocol
from hero_router.settings.config import RouterConfig
from hero_router.text import readable

BOOT_ID = Path("/proc/sys/kernel/random/boot_id")
"""Linux gives each boot of a machine an id; all containers on it see the same one."""

DIGITS = 12
"""Last digits of the boot id that reports name: enough to distinguish two machines."""


@dataclass(frozen=True, slots=True)
class ScanLocation:
    """The root that a scanner scans and the machine it runs on; "" where that is not known."""

    root: str
    machine: str

    def differs(self, other: "ScanLocation") -> bool:
        """Whether the two are certainly different."""
        pairs = ((self.root, other.root), (self.machine, other.machine))
        return any(one and two and one != two for one, two in pairs)


def scan_location(config: RouterConfig) -> ScanLocation:
    """Where a scanner with these settings looks on this machine."""
    machine = ""
    with suppress(OSError):
        machine = BOOT_ID.read_text("ascii").strip()[-DIGITS:]
    return ScanLocation(readable(os.path.realpath(os.fsencode(config.node.root))), machine)


class DuplicateNodeCheck:
    """Compares this scanner's location with that of the scanner that holds the node's lease."""

    def __init__(self, config: RouterConfig, registry: RegistryProtocol) -> None:
        self._node, self._registry, self._here = config.node.name, registry, scan_location(config)
        self._suspect: NodeState | None = None

    async def check(self) -> None:
        """Compare the holder's report with our location.

        A single report that differs may be the last one of a scanner that has ended, written before
        the machine or the root was changed. A second, newer one proves that its scanner runs.

        Raises:
            ConfigError: the holder scans another folder, or runs on another machine.
            StoreError: Redis could not be asked or refused.
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
