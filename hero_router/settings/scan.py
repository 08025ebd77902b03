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
        "time, in seconds, between two full scans of the socket folder (ROUTER_SOCKET_DIR); new "
        "and deleted sockets are mostly noticed at once, without waiting for a scan",
        whole=False,
    )
    probe_timeout: float = number(
        2,
        0.05,
        60,
        "ROUTER_PROBE_TIMEOUT",
        "time, in seconds, within which a socket must answer all requests of a probe, which check "
        "whether it works; after it the probe has failed",
        whole=False,
    )
    probe_concurrency: int = number(
        64,
        1,
        1024,
        "ROUTER_PROBE_CONCURRENCY",
        "maximum number of sockets that are probed at the same time",
    )
    failures: int = number(
        3,
        1,
        100,
        "ROUTER_FAILURES",
        "number of failed probes in a row (no answer, a broken one, or a health check that fails) "
        "after which a socket is unhealthy; before that it is degraded",
    )
    stale_seconds: float = number(
        60,
        0.5,
        86_400,
        "ROUTER_STALE_SECONDS",
        "time, in seconds, after which a socket file on which no process listens is no longer "
        "shown; the file itself stays (see ROUTER_STALE_UNLINK); also how long missing sockets are "
        "still shown after the socket folder was replaced or mounted anew",
        whole=False,
    )
    stale_unlink: bool = switch(
        "ROUTER_STALE_UNLINK",
        "1: delete a socket file on which no process has listened for ROUTER_STALE_SECONDS; 0: "
        "delete no file",
    )
    ignore: str = text(
        "redis,redis-server,valkey,keydb,mysql,mysqld,mariadb,docker,dockerd,containerd,podman,crio,"
        "buildkitd,ssh-agent,gpg-agent",
        "ROUTER_IGNORE",
        "comma-separated list of names in the socket folder that are no services, and that the "
        "scanner skips: `name` for the socket file name.sock, `name/` for a folder; * matches any "
        "characters, ? matches one; the word none: skip nothing",
    )
    lease_seconds: float = number(
        10,
        0.5,
        3600,
        "ROUTER_LEASE_SECONDS",
        "time, in seconds, after which a scanner that hangs or has ended loses its claim (lease) "
        "on this machine (node); then a standby scanner takes over; if there is none, the services "
        "of the node are shown as unknown",
        whole=False,
    )

    def __post_init__(self) -> None:
        check_section(self)

    @property
    def ignored(self) -> tuple[str, ...]:
        """The patterns in ROUTER_IGNORE: names of files and folders that the scanner skips."""
        names = (name.strip() for name in self.ignore.split(","))
        return () if self.ignore == "none" else tuple(filter(None, names))
