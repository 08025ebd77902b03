"""Settings of the web workers: where they listen, whom they answer, and their limits."""

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

    host: str = text("127.0.0.1", "ROUTER_HOST", "address that web listens on")
    port: int = number(9988, 1, 65535, "ROUTER_PORT", "port that web listens on")
    metrics_port: int = number(
        0,
        1024,
        65535,
        "ROUTER_METRICS_PORT",
        "port for /metrics alone, which is then not served on the main port; 0: none",
        off=True,
    )
    workers: int = number(_cores(), 1, 256, "ROUTER_WORKERS", "gunicorn workers; default: cores")
    allowed_hosts: str = text(
        "",
        "ROUTER_ALLOWED_HOSTS",
        "host names by which web may be asked, with commas, beside localhost and addresses",
    )
    trusted_proxies: str = text(
        "",
        "ROUTER_TRUSTED_PROXIES",
        "addresses or networks of proxies, with commas: their X-Forwarded-For and X-Request-Id are "
        "believed, as those of this machine always are",
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

    def __post_init__(self) -> None:
        check_section(self)
        if self.metrics_port == self.port:
            raise ConfigError("ROUTER_METRICS_PORT must differ from ROUTER_PORT")
        self.hosts, self.proxies  # noqa: B018 - refuse what is no host name, address or network

    @property
    def hosts(self) -> Hosts:
        """The host names under which web answers."""
        return Hosts.of(self.allowed_hosts, self.host)

    @property
    def proxies(self) -> TrustedProxies:
        """The peers that may name the client for which they ask."""
        return TrustedProxies.of(self.trusted_proxies)

    @property
    def is_open(self) -> bool:
        """Whether web listens for more than this machine; a name is taken for what it is."""
        try:
            return not ipaddress.ip_address(self.host).is_loopback
        except ValueError:
            return self.host != "localhost" and not self.host.endswith(".localhost")

    @property
    def bind(self) -> list[str]:
        """Where web listens, each as `host:port`: the main port first."""
        ports = [self.port, self.metrics_port] if self.metrics_port else [self.port]
        return [_host_port(self.host, port) for port in ports]

    @property
    def address(self) -> str:
        """Where a browser on this machine finds the page."""
        host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(self.host, self.host)
        return f"http://{_host_port(host, self.port)}/"


def _host_port(host: str, port: int) -> str:
    """Host and port as one text; an IPv6 address has colons of its own and so needs brackets."""
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
