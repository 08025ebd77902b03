"""Settings of the web workers: address, allowed hosts, trusted proxies, and limits."""

import ipaddress
import os
from dataclasses import dataclass

from hero_router.errors import ConfigError
from hero_router.settings.hosts import Hosts
from hero_router.settings.proxies import TrustedProxies
from hero_router.settings.setting import check_section, number, text


def _cores() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


@dataclass(frozen=True, slots=True)
class WebSettings:
    """Address, workers, allowed host names, and limits of requests; times are in seconds."""

    host: str = text("127.0.0.1", "ROUTER_HOST", "address on which web listens")
    port: int = number(9988, 1, 65535, "ROUTER_PORT", "port on which web listens")
    metrics_port: int = number(
        0,
        1024,
        65535,
        "ROUTER_METRICS_PORT",
        "port on which web serves /metrics and nothing else; 0: /metrics is on the main port",
        off=True,
    )
    workers: int = number(
        _cores(),
        1,
        256,
        "ROUTER_WORKERS",
        "number of web worker processes; default: the number of CPU cores",
    )
    allowed_hosts: str = text(
        "",
        "ROUTER_ALLOWED_HOSTS",
        "host names, separated by commas, under which web may be requested; *. at the start "
        "of a name stands for all names below it; localhost and IP addresses are always "
        "allowed",
    )
    trusted_proxies: str = text(
        "",
        "ROUTER_TRUSTED_PROXIES",
        "addresses or networks of proxies, separated by commas, whose X-Forwarded-For and "
        "X-Request-Id headers are used; this machine is always trusted",
    )
    head_seconds: float = number(
        10,
        0.5,
        600,
        "ROUTER_HEAD_SECONDS",
        "longest time to receive the head of a request, and longest pause while its body is "
        "received",
        whole=False,
    )
    body_seconds: float = number(
        30,
        0.5,
        3600,
        "ROUTER_BODY_SECONDS",
        "longest time to receive the whole body of a request",
        whole=False,
    )
    body_memory_mb: int = number(
        32,
        1,
        65_536,
        "ROUTER_BODY_MEMORY_MB",
        "most memory, in MiB, that one worker uses for request bodies that it is receiving",
    )
    keepalive_seconds: float = number(
        65,
        0.5,
        3600,
        "ROUTER_KEEPALIVE_SECONDS",
        "a connection without a request is closed after this time; set it longer than the "
        "idle time of a proxy in front of web",
        whole=False,
    )
    drain_seconds: float = number(
        2,
        0.1,
        600,
        "ROUTER_DRAIN_SECONDS",
        "time over which a worker that is stopping ends its event streams one by one; it is "
        "not ready meanwhile",
        whole=False,
    )

    def __post_init__(self) -> None:
        check_section(self)
        if self.metrics_port == self.port:
            raise ConfigError("ROUTER_METRICS_PORT must differ from ROUTER_PORT")
        self.hosts, self.proxies  # noqa: B018 - refuse what is no host name, address or network

    @property
    def hosts(self) -> Hosts:
        """The host names under which web may be requested."""
        return Hosts.of(self.allowed_hosts, self.host)

    @property
    def proxies(self) -> TrustedProxies:
        """The peers that may name the client for which they ask."""
        return TrustedProxies.of(self.trusted_proxies)

    @property
    def is_open(self) -> bool:
        """Whether other machines can connect; a name other than localhost counts as open."""
        try:
            return not ipaddress.ip_address(self.host).is_loopback
        except ValueError:
            return self.host != "localhost" and not self.host.endswith(".localhost")

    @property
    def bind(self) -> list[str]:
        """The addresses on which web listens, each as `host:port`: the main port first."""
        ports = [self.port, self.metrics_port] if self.metrics_port else [self.port]
        return [_host_port(self.host, port) for port in ports]

    @property
    def address(self) -> str:
        """The URL of the page for a browser on this machine."""
        host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(self.host, self.host)
        return f"http://{_host_port(host, self.port)}/"


def _host_port(host: str, port: int) -> str:
    """Host and port as one text; an IPv6 address is put in brackets."""
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
