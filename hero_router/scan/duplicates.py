"""Two deployments that were given one node: each would remove what the other one finds.

A scanner that stands by for another one looks whether they look at the same folder.
"""

import os
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from hero_router.errors import ConfigError
from hero_router.model import NodeState
from hero_router.scan.interfaces import RegistryProtocol
from hero_router.settings.config import RouterConfig
from hero_router.text import readable

BOOT_ID = Path("/proc/sys/kernel/random/boot_id")
"""Linux names each run of a machine; containers on it see the same name."""

DIGITS = 12
"""So much of it is told: enough to tell two machines apart."""


@dataclass(frozen=True, slots=True)
class ScanLocation:
    """Where a scanner looks, as its reports say it; what is not known is ""."""

    root: str
    machine: str

    def differs(self, other: "ScanLocation") -> bool:
        """Whether the two are known to be different."""
        pairs = ((self.root, other.root), (self.machine, other.machine))
        return any(one and two and one != two for one, two in pairs)


def scan_location(config: RouterConfig) -> ScanLocation:
    """The place of a scanner with these settings on this machine."""
    machine = ""
    with suppress(OSError):
        machine = BOOT_ID.read_text("ascii").strip()[-DIGITS:]
    return ScanLocation(readable(os.path.realpath(os.fsencode(config.node.root))), machine)


class DuplicateNodeCheck:
    """Looks at whoever holds this scanner's node."""

    def __init__(self, config: RouterConfig, registry: RegistryProtocol) -> None:
        self._node, self._registry, self._here = config.node.name, registry, scan_location(config)
        self._seen: NodeState | None = None

    async def check(self) -> None:
        """Compare the holder's report with ours, while it holds the node.

        One report alone may be the last of a scanner that is gone, from before the machine or the
        root was changed; only one who lives renews it.

        Raises:
            ConfigError: the holder scans another folder, or one of another machine.
            StoreError: Redis could not be asked or refused.
        """
        await self._registry.records(self._node)
        report = self._registry.report(self._node)
        # An older version does not say where it looks.
        there = ScanLocation(report.root, report.machine) if report else self._here
        if not there.differs(self._here):
            self._seen = None
        elif self._seen in (None, report):
            self._seen = report
        else:
            whose = "this" if there.machine == self._here.machine else "another"
            raise ConfigError(
                f"another hero_router scans {there.root} on {whose} machine as node "
                f"{self._node!r}: give each its own ROUTER_NODE, or each deployment its own "
                "ROUTER_REDIS_PREFIX"
            )
