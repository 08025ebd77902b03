"""Settings of the scanner: how often it scans, how it probes, and when a socket is removed."""

from dataclasses import dataclass

from hero_router.settings.setting import check_section, number, switch, text


@dataclass(frozen=True, slots=True)
class ScanSettings:
    """Intervals, limits and thresholds of a scanner; times are in seconds."""

    seconds: float = number(
        5,
        0.1,
        3600,
        "ROUTER_SCAN_SECONDS",
        "time between two full scans of the socket folder",
        whole=False,
    )
    probe_timeout: float = number(
        2,
        0.05,
        60,
        "ROUTER_PROBE_TIMEOUT",
        "longest time, in seconds, for the whole probe of one socket",
        whole=False,
    )
    probe_concurrency: int = number(
        64, 1, 1024, "ROUTER_PROBE_CONCURRENCY", "most sockets that are probed at the same time"
    )
    failures: int = number(
        3, 1, 100, "ROUTER_FAILURES", "a socket is unhealthy after this many failed probes in a row"
    )
    stale_seconds: float = number(
        60,
        0.5,
        86_400,
        "ROUTER_STALE_SECONDS",
        "a socket file on which nothing listens leaves the registry after this time",
        whole=False,
    )
    stale_unlink: bool = switch(
        "ROUTER_STALE_UNLINK",
        "delete the file of a socket that leaves the registry because nothing listens on it",
    )
    ignore: str = text(
        "redis,redis-server,valkey,keydb,mysql,mysqld,mariadb,docker,dockerd,containerd,podman,crio,"
        "buildkitd,ssh-agent,gpg-agent",
        "ROUTER_IGNORE",
        "names of socket files that are never probed, without .sock, and names of folders "
        "that are never searched, with a / at the end; separated by commas; * and ? stand "
        "for any characters and for one; none: ignore no name",
    )
    lease_seconds: float = number(
        10,
        0.5,
        3600,
        "ROUTER_LEASE_SECONDS",
        "lifetime of a scanner's lease on its node: another scanner takes over this long "
        "after the first one died",
        whole=False,
    )

    def __post_init__(self) -> None:
        check_section(self)

    @property
    def ignored(self) -> tuple[str, ...]:
        """The patterns of names that are not probed or searched."""
        names = (name.strip() for name in self.ignore.split(","))
        return () if self.ignore == "none" else tuple(filter(None, names))
