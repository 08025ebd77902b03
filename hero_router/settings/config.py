"""The settings: one frozen `RouterConfig`, read once from environment, flags or code. Bottom layer.

A number that is zero, negative, out of range or not a number never stops the router: the default is
used and one WARNING says so. A value that leaves nothing to run with raises `ConfigError`.
"""

import dataclasses
import difflib
import ipaddress
import logging
import os
import re
import socket
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

from hero_router.errors import ConfigError
from hero_router.settings.hosts import Hosts
from hero_router.settings.redis_url import Backplane, check, masked
from hero_router.settings.setting import Setting, number, plain, switch, text
from hero_router.store.keys import Keys

log = logging.getLogger(__name__)

PREFIX = "ROUTER_"
"""Variables that begin so are ours."""

MOST_EVENTS = 100_000
"""Largest window. A worker loads it in one step of Redis, which serves nobody else meanwhile and
must answer within `store.client.ANSWER_SECONDS`: so many of 1 kB take it a third of a second, and
two where the machine is overloaded."""


def _cores() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


@dataclass(frozen=True, slots=True, repr=False)
class RouterConfig:
    """All settings of one process; times are in seconds; an empty text is "none"."""

    host: str = text("127.0.0.1", "ROUTER_HOST", "address that web listens on")
    port: int = number(9988, 1, 65535, "ROUTER_PORT", "port that web listens on")
    workers: int = number(_cores(), 1, 256, "ROUTER_WORKERS", "gunicorn workers; default: cores")
    redis_url: str = text(
        "",
        "ROUTER_REDIS_URL",
        "the backplane: redis://, rediss://, unix://, redis+sentinel:// or redis+cluster://; "
        "none: serve starts a private Redis",
        secret=True,
    )
    redis_password_file: str = text(
        "", "ROUTER_REDIS_PASSWORD_FILE", "file with Redis's password, read for each connection"
    )
    redis_prefix: str = text(
        "{hero_router}", "ROUTER_REDIS_PREFIX", "prefix of all Redis keys, with one {hash tag}"
    )
    socket_dir: str = text(
        "~/hero/var/sockets",
        "ROUTER_SOCKET_DIR HERO_SOCKET_DIR PATH_SOCKET",
        "the root: the folder tree that holds the sockets",
    )
    state_dir: str = text(
        "~/hero/var/router", "ROUTER_STATE_DIR", "where serve keeps its private Redis and its lock"
    )
    node: str = text(
        socket.gethostname(), "ROUTER_NODE", "this node's name; default: the host name"
    )
    sse_buffer: int = number(
        1024,
        1,
        MOST_EVENTS,
        "ROUTER_SSE_BUFFER",
        "the window: events kept for clients that fall behind",
    )
    ping_seconds: float = number(
        15, 0.1, 3600, "ROUTER_PING_SECONDS", "keepalive on quiet streams", whole=False
    )
    sse_stall_seconds: float = number(
        60,
        0.5,
        3600,
        "ROUTER_SSE_STALL_SECONDS",
        "a client that takes no byte for this long is dropped",
        whole=False,
    )
    sse_flush_ms: int = number(
        70,
        1,
        1000,
        "ROUTER_SSE_FLUSH_MS",
        "longest time that events are joined for under load; alone, one goes out at once",
    )
    sse_max_age_seconds: float = number(
        0,
        10,
        604_800,
        "ROUTER_SSE_MAX_AGE_SECONDS",
        "streams end after half to all of this, to spread over new workers; 0: never",
        whole=False,
        off=True,
    )
    allowed_hosts: str = text(
        "",
        "ROUTER_ALLOWED_HOSTS",
        "host names by which web may be asked, with commas, beside localhost and addresses",
    )
    head_seconds: float = number(
        10,
        0.5,
        600,
        "ROUTER_HEAD_SECONDS",
        "a request's head must be there after so long, and a body may pause for so long",
        whole=False,
    )
    body_seconds: float = number(
        30,
        0.5,
        3600,
        "ROUTER_BODY_SECONDS",
        "longest time for all of a request's body",
        whole=False,
    )
    body_memory_mb: int = number(
        32, 1, 65_536, "ROUTER_BODY_MEMORY_MB", "what a worker may hold of bodies under way, in MiB"
    )
    keepalive_seconds: float = number(
        65,
        0.5,
        3600,
        "ROUTER_KEEPALIVE_SECONDS",
        "a connection that asks nothing for so long is closed; longer than a proxy keeps its own",
        whole=False,
    )
    drain_seconds: float = number(
        2,
        0.1,
        600,
        "ROUTER_DRAIN_SECONDS",
        "a worker that is told to end is not ready, and ends its streams one by one, for so long",
        whole=False,
    )
    scan_seconds: float = number(
        5, 0.1, 3600, "ROUTER_SCAN_SECONDS", "time between two full scans of the root", whole=False
    )
    probe_timeout: float = number(
        2,
        0.05,
        60,
        "ROUTER_PROBE_TIMEOUT",
        "longest time for all of one socket's probe",
        whole=False,
    )
    probe_concurrency: int = number(
        64, 1, 1024, "ROUTER_PROBE_CONCURRENCY", "most sockets probed at the same time"
    )
    failures: int = number(
        3, 1, 100, "ROUTER_FAILURES", "failed probes in a row until a socket is unhealthy"
    )
    stale_seconds: float = number(
        60,
        0.5,
        86_400,
        "ROUTER_STALE_SECONDS",
        "a socket file without a listener leaves the registry after this long",
        whole=False,
    )
    stale_unlink: bool = switch(
        "ROUTER_STALE_UNLINK", "also delete the file of a socket that left as stale"
    )
    ignore: str = text(
        "redis,redis-server,valkey,keydb,mysql,mysqld,mariadb,docker,dockerd,containerd,podman,crio,"
        "buildkitd,ssh-agent,gpg-agent",
        "ROUTER_IGNORE",
        "names of sockets that are no services, without .sock, and of folders that are not looked "
        "into, with a / at the end; commas between; they may have * and ?; none: look at all",
    )
    lease_seconds: float = number(
        10,
        0.5,
        3600,
        "ROUTER_LEASE_SECONDS",
        "lifetime of a scanner's lease: a dead scanner is replaced after it",
        whole=False,
    )
    log_level: str = text("info", "ROUTER_LOG_LEVEL", "debug, info, warning or error")
    log_format: str = text("text", "ROUTER_LOG_FORMAT", "text for people, json for programs")

    @classmethod
    def from_env(cls, **overrides: Any) -> Self:
        """Read the environment; `overrides` (field names) win over it; warns of what is rejected.

        Raises:
            ConfigError: when a value leaves nothing to run with, or an override is out of range.
        """
        config = cls.read(**overrides)
        warn_rejected(overrides)
        return config

    @classmethod
    def read(cls, **overrides: Any) -> Self:
        """Like `from_env`, but silent: for processes that log as the settings say."""
        items = [item for item in cls.settings() if item.name not in overrides]
        return cls(**{item.name: item.read().value for item in items}, **overrides)

    def __post_init__(self) -> None:
        for item in self.settings():
            item.check(getattr(self, item.name))
        check(self.redis_url)
        if re.match(r"[^{]*\{[^}]+\}", self.redis_prefix) is None:
            raise ConfigError(f"ROUTER_REDIS_PREFIX needs a {{tag}}, not {self.redis_prefix!r}")
        if not self.node.isprintable() or not 0 < len(self.node) <= 128:
            raise ConfigError("ROUTER_NODE must be 1 to 128 printable characters")
        _choice("ROUTER_LOG_LEVEL", self.log_level, ("debug", "info", "warning", "error"))
        _choice("ROUTER_LOG_FORMAT", self.log_format, ("text", "json"))
        self.hosts  # noqa: B018 - refuses what is no host name
        _check_folder("ROUTER_SOCKET_DIR", self.socket_dir)
        _check_folder("ROUTER_STATE_DIR", self.state_dir)

    @property
    def root(self) -> Path:
        """The folder tree that holds the sockets."""
        return Path(self.socket_dir).expanduser()

    @property
    def state(self) -> Path:
        """The folder of the private Redis and of the lock of `serve`."""
        return Path(self.state_dir).expanduser()

    @property
    def ignored(self) -> tuple[str, ...]:
        """The patterns of the names of sockets that are no services."""
        names = (name.strip() for name in self.ignore.split(","))
        return () if self.ignore == "none" else tuple(filter(None, names))

    @property
    def keys(self) -> Keys:
        """The Redis names below this deployment's prefix."""
        return Keys(self.redis_prefix)

    @property
    def backplane(self) -> Backplane:
        """What a client needs to connect to Redis."""
        return Backplane(self.redis_url, self.redis_prefix, self.redis_password_file)

    @property
    def hosts(self) -> Hosts:
        """By which names web may be asked."""
        return Hosts.of(self.allowed_hosts, self.host)

    @property
    def is_open(self) -> bool:
        """Whether web listens for more than this machine; a name is taken for what it is."""
        try:
            return not ipaddress.ip_address(self.host).is_loopback
        except ValueError:
            return self.host != "localhost" and not self.host.endswith(".localhost")

    @property
    def bind(self) -> str:
        """Where web listens, as `host:port`."""
        return _place(self.host, self.port)

    @property
    def address(self) -> str:
        """Where a browser on this machine finds the page."""
        host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(self.host, self.host)
        return f"http://{_place(host, self.port)}/"

    def environment(self) -> dict[str, str]:
        """The variables that give a child process these same settings."""
        return {item.variables[0]: plain(getattr(self, item.name)) for item in self.settings()}

    def shown(self) -> Iterator[tuple[Setting, str]]:
        """Each setting with its value as it may be printed: secrets are masked."""
        for item in self.settings():
            value = plain(getattr(self, item.name))
            yield item, masked(value) if item.secret else value

    def __repr__(self) -> str:
        fields = (f"{item.name}={value!r}" for item, value in self.shown())
        return f"RouterConfig({', '.join(fields)})"

    @classmethod
    def settings(cls) -> tuple[Setting, ...]:
        """All settings in the order of the fields."""
        return tuple(
            Setting(name=item.name, default=item.default, **item.metadata)
            for item in dataclasses.fields(cls)
        )

    @classmethod
    def sources(cls) -> dict[str, str]:
        """The variable that each field's value comes from now, or "default"."""
        return {item.name: item.read().source for item in cls.settings()}


def rejected(overridden: Collection[str] = ()) -> list[str]:
    """One sentence for each variable whose value is replaced by the default, or that is none.

    `overridden` fields get their value elsewhere: their variables do not matter.
    """
    items = [item for item in RouterConfig.settings() if item.name not in overridden]
    return [reading.rejected for item in items if (reading := item.read()).rejected] + _misspelled()


def _misspelled() -> list[str]:
    """A sentence for each variable that looks like a setting of ours, and is none."""
    known = [name for item in RouterConfig.settings() for name in item.variables]
    strange = sorted({name for name in os.environ if name.startswith(PREFIX)}.difference(known))
    return [f"{name} is no setting{_meant(name, known)}" for name in strange]


def _meant(name: str, known: Sequence[str]) -> str:
    near = difflib.get_close_matches(name, known, n=1, cutoff=0.8)
    return f": is {near[0]} meant?" if near else ""


def warn_rejected(overridden: Collection[str] = ()) -> None:
    """Log each sentence of `rejected` as one WARNING."""
    for sentence in rejected(overridden):
        log.warning("%s", sentence)


def _place(host: str, port: int) -> str:
    """Host and port as one text; an IPv6 address has colons of its own and so needs brackets."""
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def _check_folder(variable: str, value: str) -> None:
    """A folder that does not exist yet is fine, but not where a file stands in its way.

    One whose name is not UTF-8 is refused: it cannot be watched, nor told in JSON.
    """
    try:
        path = Path(value).expanduser()
        str(path).encode()
        nearest = next(each for each in (path, *path.parents) if each.exists())
        if nearest.is_dir():
            return
    except UnicodeEncodeError:
        raise ConfigError(f"{variable} is not UTF-8: {str(path)!r}") from None
    except (OSError, RuntimeError) as error:
        raise ConfigError(f"{variable} cannot be used: {error}") from None
    raise ConfigError(f"{variable} is not a folder: {nearest}")


def _choice(variable: str, value: str, accepted: tuple[str, ...]) -> None:
    if value not in accepted:
        raise ConfigError(f"{variable}={value!r} must be one of {', '.join(accepted)}")
