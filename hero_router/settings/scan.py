"""Settings of the scanner: scan interval, probes, and removal of sockets without a listener."""

from dataclasses import dataclass

from hero_router.settings.setting import check_section, number, switch, text


@dataclass(frozen=True, slots=True)
class ScanSettings:
    """Intervals, limits and thresholds of the scanner; times are in seconds."""

    seconds: float = number(
        5,
        0.1,
        3600,
        "ROUTER_SCAN_SECONDS",
        "time between two full scans of the socket folder (ROUTER_SOCKET_DIR)",
        whole=False,
    )
    probe_timeout: float = number(
        2,
        0.05,
        60,
        "ROUTER_PROBE_TIMEOUT",
        "timeout, in seconds, for the whole probe of one socket",
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
        "a socket file without a listener is removed from the registry after this time",
        whole=False,
    )
    stale_unlink: bool = switch(
        "ROUTER_STALE_UNLINK",
        "also delete the file of a socket that is removed from the registry because it has no "
        "listener",
    )
    ignore: str = text(
        "redis,redis-server,valkey,keydb,mysql,mysqld,mariadb,docker,dockerd,containerd,podman,crio,"
        "buildkitd,ssh-agent,gpg-agent",
        "ROUTER_IGNORE",
        "comma-separated list of names that the scanner skips: `name` for the socket file "
        "name.sock, `name/` for a folder; * matches any characters, ? matches one; "
        "the word none: skip nothing",
    )
    lease_seconds: float = number(
        10,
        0.5,
        3600,
        "ROUTER_LEASE_SECONDS",
        "lifetime of the scanner's lease on this machine (node): if the scanner dies, a standby "
        "scanner takes over after this time",
        whole=False,
    )

    def __post_init__(self) -> None:
        check_section(self)

    @property
    def ignored(self) -> tuple[str, ...]:
        """The patterns in ROUTER_IGNORE: names of files and folders that the scanner skips."""
        names = (name.strip() for name in self.ignore.split(","))
        return () if self.ignore == "none" else tuple(filter(None, names))
