"""Settings of the reverse proxy: the domain of services' host names, and time limits."""

from dataclasses import dataclass

from hero_router.errors import ConfigError
from hero_router.settings.host_and_origin_check import Authority
from hero_router.settings.setting import check_section, number, text


@dataclass(frozen=True, slots=True)
class ProxySettings:
    """The domain of services' host names, and time limits of services, in seconds."""

    domain: str = text(
        "localhost",
        "ROUTER_DOMAIN",
        "domain below which each service has a host name of its own: a browser that opens "
        "http://{service}.{domain}/ gets the service's own pages; the names must lead to the "
        "router, by DNS or by a proxy",
    )
    connect_seconds: float = number(
        5,
        0.1,
        600,
        "ROUTER_PROXY_CONNECT_SECONDS",
        "timeout, in seconds, for a service to accept a connection; then the request gets status "
        "504",
        whole=False,
    )
    answer_seconds: float = number(
        60,
        0.1,
        86_400,
        "ROUTER_PROXY_ANSWER_SECONDS",
        "timeout, in seconds, for a service to begin its answer to a request; then the request "
        "gets status 504; raise it for services with slow calls",
        whole=False,
    )
    silence_seconds: float = number(
        60,
        0.1,
        86_400,
        "ROUTER_PROXY_SILENCE_SECONDS",
        "longest pause, in seconds, within the answer of a service once it has begun; then the "
        "connection is closed; "
        "event streams and upgraded connections (WebSockets) have ROUTER_PROXY_IDLE_SECONDS "
        "instead",
        whole=False,
    )
    idle_seconds: float = number(
        3600,
        1,
        604_800,
        "ROUTER_PROXY_IDLE_SECONDS",
        "time, in seconds, after which an event stream of a service, or an upgraded connection "
        "(WebSocket), is closed if nothing was sent on it",
        whole=False,
    )

    def __post_init__(self) -> None:
        check_section(self)
        found = Authority.parse(self.domain)
        if found is None or found.port or found.host != self.domain.lower():
            raise ConfigError("ROUTER_DOMAIN must be a host name without a port")
