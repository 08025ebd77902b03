"""The settings: one frozen `RouterConfig`, read once from environment, flags or code. Bottom layer.

A number that is zero, negative, out of range or not a number never stops the router: the default is
used and one WARNING says so. A value that leaves nothing to run with raises `ConfigError`.
"""

import dataclasses
import logging
import os
import re
import socket
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, Self

from environs import Env, EnvError
from marshmallow.validate import Range

from hero_router.errors import ConfigError
from hero_router.keys import Keys
from hero_router.redis_url import check, masked

log = logging.getLogger(__name__)

Source = str
"""Where a value comes from: a variable's name, "flag or code", or "default"."""


@dataclass(frozen=True, slots=True)
class Setting:
    """One setting: its field, the variables that set it (first wins), its kind and meaning."""

    name: str
    variables: tuple[str, ...]
    kind: Literal["int", "float", "str", "bool"]
    default: Any
    help: str
    low: float = 0
    high: float = 0
    secret: bool = False

    @property
    def flag(self) -> str:
        """The command line flag of the same meaning."""
        return "--" + self.name.replace("_", "-")

    @property
    def accepted(self) -> str:
        """The accepted range in words, for the log and the documentation."""
        if self.kind in ("int", "float"):
            number = "whole number" if self.kind == "int" else "number"
            return f"a {number} from {self.low:g} to {self.high:g}"
        return {"bool": "0 or 1", "str": "text"}[self.kind]


def _number(
    default: float, low: float, high: float, variable: str, meaning: str, *, whole: bool = True
) -> Any:
    kind = "int" if whole else "float"
    meta = {"variables": (variable,), "kind": kind, "low": low, "high": high, "help": meaning}
    return dataclasses.field(default=int(default) if whole else float(default), metadata=meta)


def _text(default: str, variables: str, meaning: str, *, secret: bool = False) -> Any:
    names = tuple(variables.split())
    meta = {"variables": names, "kind": "str", "help": meaning, "secret": secret}
    return dataclasses.field(default=default, metadata=meta)


def _switch(variable: str, meaning: str) -> Any:
    meta = {"variables": (variable,), "kind": "bool", "help": meaning}
    return dataclasses.field(default=False, metadata=meta)


def _cores() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


@dataclass(frozen=True, slots=True, repr=False)
class RouterConfig:
    """All settings of one process; times are in seconds; an empty text is "none"."""

    host: str = _text("127.0.0.1", "ROUTER_HOST", "address that web listens on")
    port: int = _number(9988, 1, 65535, "ROUTER_PORT", "port that web listens on")
    workers: int = _number(_cores(), 1, 256, "ROUTER_WORKERS", "gunicorn workers; default: cores")
    redis_url: str = _text(
        "",
        "ROUTER_REDIS_URL",
        "the backplane: redis://, rediss:// or unix://; none: serve starts a private Redis",
        secret=True,
    )
    redis_prefix: str = _text(
        "{hero_router}", "ROUTER_REDIS_PREFIX", "prefix of all Redis keys, with one {hash tag}"
    )
    socket_dir: str = _text(
        "~/hero/var/sockets",
        "ROUTER_SOCKET_DIR HERO_SOCKET_DIR PATH_SOCKET",
        "the root: the folder tree that holds the sockets",
    )
    state_dir: str = _text(
        "~/hero/var/router", "ROUTER_STATE_DIR", "where serve keeps its private Redis and its lock"
    )
    node: str = _text(
        socket.gethostname(), "ROUTER_NODE", "this node's name; default: the host name"
    )
    sse_buffer: int = _number(
        1024,
        1,
        1_000_000,
        "ROUTER_SSE_BUFFER",
        "the window: events kept for clients that fall behind",
    )
    ping_seconds: float = _number(
        15, 0.1, 3600, "ROUTER_PING_SECONDS", "keepalive on quiet streams", whole=False
    )
    sse_stall_seconds: float = _number(
        60,
        0.5,
        3600,
        "ROUTER_SSE_STALL_SECONDS",
        "a client that takes no byte for this long is dropped",
        whole=False,
    )
    scan_seconds: float = _number(
        5, 0.1, 3600, "ROUTER_SCAN_SECONDS", "time between two full scans of the root", whole=False
    )
    probe_timeout: float = _number(
        2,
        0.05,
        60,
        "ROUTER_PROBE_TIMEOUT",
        "longest time for all of one socket's probe",
        whole=False,
    )
    probe_concurrency: int = _number(
        64, 1, 1024, "ROUTER_PROBE_CONCURRENCY", "most sockets probed at the same time"
    )
    failures: int = _number(
        3, 1, 100, "ROUTER_FAILURES", "failed probes in a row until a socket is unhealthy"
    )
    stale_seconds: float = _number(
        60,
        0.5,
        86_400,
        "ROUTER_STALE_SECONDS",
        "a socket file without a listener leaves the registry after this long",
        whole=False,
    )
    stale_unlink: bool = _switch(
        "ROUTER_STALE_UNLINK", "also delete the file of a socket that left as stale"
    )
    lease_seconds: float = _number(
        10,
        0.5,
        3600,
        "ROUTER_LEASE_SECONDS",
        "lifetime of a scanner's lease: a dead scanner is replaced after it",
        whole=False,
    )
    log_level: str = _text("info", "ROUTER_LOG_LEVEL", "debug, info, warning or error")
    log_format: str = _text("text", "ROUTER_LOG_FORMAT", "text for people, json for programs")

    @classmethod
    def from_env(cls, **overrides: Any) -> Self:
        """Read the environment; `overrides` (field names) win over it.

        Raises:
            ConfigError: when a value leaves nothing to run with, or an override is out of range.
        """
        values = {item.name: _read(item)[0] for item in cls.settings()}
        return cls(**{**values, **overrides})

    def __post_init__(self) -> None:
        for item in self.settings():
            _check(item, getattr(self, item.name))
        check(self.redis_url)
        if re.match(r"[^{]*\{[^}]+\}", self.redis_prefix) is None:
            raise ConfigError(f"ROUTER_REDIS_PREFIX needs a {{tag}}, not {self.redis_prefix!r}")
        if not self.node.isprintable() or not 0 < len(self.node) <= 128:
            raise ConfigError("ROUTER_NODE must be 1 to 128 printable characters")
        _choice("ROUTER_LOG_LEVEL", self.log_level, ("debug", "info", "warning", "error"))
        _choice("ROUTER_LOG_FORMAT", self.log_format, ("text", "json"))
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
    def keys(self) -> Keys:
        """The Redis names below this deployment's prefix."""
        return Keys(self.redis_prefix)

    @property
    def address(self) -> str:
        """Where a browser on this machine finds the page."""
        host = {"0.0.0.0": "127.0.0.1", "::": "[::1]", "": "127.0.0.1"}.get(self.host, self.host)
        return f"http://{host}:{self.port}/"

    def environment(self) -> dict[str, str]:
        """The variables that give a child process these same settings."""
        return {item.variables[0]: _plain(getattr(self, item.name)) for item in self.settings()}

    def shown(self) -> Iterator[tuple[Setting, str]]:
        """Each setting with its value as it may be printed: secrets are masked."""
        for item in self.settings():
            value = _plain(getattr(self, item.name))
            yield item, masked(value) if item.secret else value

    def __repr__(self) -> str:
        return f"RouterConfig({', '.join(f'{item.name}={text!r}' for item, text in self.shown())})"

    @classmethod
    def settings(cls) -> tuple[Setting, ...]:
        """All settings in the order of the fields."""
        return tuple(
            Setting(name=item.name, default=item.default, **item.metadata)
            for item in dataclasses.fields(cls)
        )

    @classmethod
    def sources(cls) -> dict[str, Source]:
        """Where each field's value comes from when the environment is read now."""
        return {item.name: _read(item, warn=False)[1] for item in cls.settings()}


def rejected() -> list[str]:
    """One sentence for each variable whose value is not used, for `hero_router config --check`."""
    return [text for item in RouterConfig.settings() if (text := _read(item, warn=False)[2])]


def _read(item: Setting, *, warn: bool = True) -> tuple[Any, Source, str]:
    """The value, where it comes from, and why a given value was rejected ("" if it was not)."""
    env = Env()
    for variable in item.variables:
        if not os.environ.get(variable, "").strip():
            continue
        try:
            return _typed(env, item, variable), variable, ""
        except EnvError:
            text = (
                f"{variable}={os.environ[variable]!r} is rejected: it must be {item.accepted}; "
                f"using the default {_plain(item.default)}"
            )
            if warn:
                log.warning("%s", text)
            return item.default, "default", text
    return item.default, "default", ""


def _typed(env: Env, item: Setting, variable: str) -> Any:
    if item.kind == "int":
        return env.int(variable, validate=Range(item.low, item.high))
    if item.kind == "float":
        return env.float(variable, validate=Range(item.low, item.high))
    if item.kind == "bool":
        return env.bool(variable)
    return os.environ[variable].strip()


def _check(item: Setting, value: Any) -> None:
    """Hold values set in code and by flags to the same ranges, but refuse instead of replacing."""
    if item.kind in ("int", "float"):
        good = isinstance(value, int if item.kind == "int" else (int, float))
        if not good or isinstance(value, bool) or not item.low <= value <= item.high:
            raise ConfigError(f"{item.name}={value!r} is out of range: it must be {item.accepted}")
    elif not isinstance(value, bool if item.kind == "bool" else str):
        raise ConfigError(f"{item.name} must be {item.accepted}, not a {type(value).__name__}")
    elif isinstance(value, str) and (value != value.strip() or not (value or not item.default)):
        # A child process would read a blank or padded variable as another value.
        raise ConfigError(f"{item.name} must not be empty, nor begin or end with a space")


def _check_folder(variable: str, value: str) -> None:
    try:
        path = Path(value).expanduser()
        if path.is_dir() or not path.exists():
            return
    except (OSError, RuntimeError) as error:
        raise ConfigError(f"{variable} cannot be used: {error}") from None
    raise ConfigError(f"{variable} is not a folder: {path}")


def _choice(variable: str, value: str, accepted: tuple[str, ...]) -> None:
    if value not in accepted:
        raise ConfigError(f"{variable}={value!r} must be one of {', '.join(accepted)}")


def _plain(value: Any) -> str:
    if isinstance(value, bool):
        return "1" if value else "0"
    return str(value).removesuffix(".0") if isinstance(value, float) else str(value)
