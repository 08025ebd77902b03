"""Settings of the web workers: address, allowed hosts, trusted proxies, and limits."""

import ipaddress
import os
import socket
from dataclasses import dataclass

from hero_router.errors import ConfigError
from hero_router.settings.host_and_origin_check import AllowedHosts
from hero_router.settings.setting import check_section, number, text
from hero_router.settings.trusted_proxies import TrustedProxies


def _cores() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


@dataclass(frozen=True, slots=True)
class WebSettings:
    """Address, workers, allowed host names, and limits of requests; times are in seconds."""

    host: str = text("127.0.0.1", "ROUTER_HOST", "address on which the web workers listen")
    port: int = number(9988, 1, 65535, "ROUTER_PORT", "port on which the web workers listen")
    metrics_port: int = number(
        0,
        1024,
        65535,
        "ROUTER_METRICS_PORT",
        "separate port for /metrics, which needs no token there: let only the monitoring reach it; "
        "/metrics is then no longer on ROUTER_PORT; 0: no separate port, it is on ROUTER_PORT",
        off=True,
    )
    workers: int = number(
        _cores(),
        1,
        256,
        "ROUTER_WORKERS",
        "number of web worker processes; default: the number of CPU cores; more of them serve more "
        "clients and requests",
    )
    allowed_hosts: str = text(
        "",
        "ROUTER_ALLOWED_HOSTS",
        "comma-separated list of host names that the web workers accept in the Host header, and "
        "whose pages may use the API; *.example.org accepts all names below example.org; "
        "localhost, IP addresses, ROUTER_DOMAIN and the names below it are always accepted in the "
        "Host header; the router's own page may always use the API, pages of services never; not "
        "set: only the names that are always accepted",
    )
    trusted_proxies: str = text(
        "",
        "ROUTER_TRUSTED_PROXIES",
        "comma-separated list of addresses or networks of proxies that may say where a request "
        "comes from (X-Forwarded-For) and who the user is (ROUTER_AUTH_HEADER); the word unix: all "
        "proxies that connect over a Unix socket; from this machine X-Forwarded-For is accepted "
        "without an entry in the list",
    )
    streams_per_address: int = number(
        2000,
        2,
        1_000_000,
        "ROUTER_STREAMS_PER_ADDRESS",
        "maximum number of event streams that a web worker keeps open for one client address; "
        "each further one is ended at once, and the client is asked to reconnect later; IPv6 "
        "addresses of one /64 network count as one; clients on this machine are not limited; "
        "behind a proxy in ROUTER_TRUSTED_PROXIES the address that it reports counts; 0: no limit "
        "for one address",
        off=True,
    )
    calls_per_address: int = number(
        500,
        2,
        1_000_000,
        "ROUTER_CALLS_PER_ADDRESS",
        "maximum number of requests and connections to services that a web worker has open at "
        "once for one client address; further requests get status 503; IPv6 addresses of one /64 "
        "network count as one; clients on this machine are not limited; behind a proxy in "
        "ROUTER_TRUSTED_PROXIES the address that it reports counts; 0: no limit for one address",
        off=True,
    )
    head_seconds: float = number(
        10,
        0.5,
        600,
        "ROUTER_HEAD_SECONDS",
        "timeout, in seconds, for receiving the request line and headers of a request; also the "
        "longest pause while its body is received; then the request gets status 408",
        whole=False,
    )
    body_seconds: float = number(
        30,
        0.5,
        3600,
        "ROUTER_BODY_SECONDS",
        "timeout, in seconds, for receiving the whole body of a request to the router's own API; "
        "then the request gets status 408; requests to services are not limited by it",
        whole=False,
    )
    body_memory_mb: int = number(
        32,
        1,
        65_536,
        "ROUTER_BODY_MEMORY_MB",
        "memory limit, in MiB, for all request bodies of the router's own API that one web worker "
        "is receiving; above it, bodies of more than 16 KiB are refused with status 503",
    )
    keepalive_seconds: float = number(
        65,
        0.5,
        3600,
        "ROUTER_KEEPALIVE_SECONDS",
        "time, in seconds, after which a client's connection without an open request is closed; "
        "set it longer than the idle timeout of a proxy in front of the web workers",
        whole=False,
    )
    drain_seconds: float = number(
        2,
        0.1,
        600,
        "ROUTER_DRAIN_SECONDS",
        "time, in seconds, in which a web worker that shuts down ends its event streams one by "
        "one, so that not all clients reconnect at once; meanwhile its /ready answers 503",
        whole=False,
    )

    def __post_init__(self) -> None:
        check_section(self)
        if self.metrics_port == self.port:
            raise ConfigError("ROUTER_METRICS_PORT must differ from ROUTER_PORT")
        self.hosts(), self.proxies

    def hosts(self, domain: str = "localhost") -> AllowedHosts:
        """The host names that the web workers accept in the Host header; services are below
        `domain`."""
        return AllowedHosts.of(self.allowed_hosts, self.host, domain)

    @property
    def proxies(self) -> TrustedProxies:
        """The proxies whose X-Forwarded-For header is used."""
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
        """The addresses on which the web workers listen, as `host:port`; the main port first."""
        ports = [self.port, self.metrics_port] if self.metrics_port else [self.port]
        return [_host_port(self.host, port) for port in ports]

    @property
    def family(self) -> socket.AddressFamily:
        """The addresses on which gunicorn listens: those of IPv6 only if `host` is one of them."""
        return socket.AF_INET6 if ":" in self.host else socket.AF_INET

    @property
    def address(self) -> str:
        """The URL of the router's web page for a browser on this machine."""
        host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(self.host, self.host)
        return f"http://{_host_port(host, self.port)}/"


def _host_port(host: str, port: int) -> str:
    """Host and port as one text; an IPv6 address is put in brackets."""
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
