"""Settings of the reverse proxy: the domain of services' host names, and time limits."""

from dataclasses import dataclass

from hero_router.errors import ConfigError
from hero_router.settings.hosts import Authority
from hero_router.settings.setting import check_section, number, text


@dataclass(frozen=True, slots=True)
class ProxySettings:
    """Where services have host names of their own, and how long a service may take."""

    domain: str = text(
        "localhost",
        "ROUTER_DOMAIN",
        "domain below which each service has a host name: http://{service}.{domain}/",
    )
    connect_seconds: float = number(
        5,
        0.1,
        600,
        "ROUTER_PROXY_CONNECT_SECONDS",
        "longest time until a service accepts a connection",
        whole=False,
    )
    answer_seconds: float = number(
        60,
        0.1,
        86_400,
        "ROUTER_PROXY_ANSWER_SECONDS",
        "longest time until a service begins its answer to a request",
        whole=False,
    )
    silence_seconds: float = number(
        60,
        0.1,
        86_400,
        "ROUTER_PROXY_SILENCE_SECONDS",
        "longest pause of a service within an answer; event streams and upgraded connections "
        "may be silent for longer",
        whole=False,
    )
    idle_seconds: float = number(
        3600,
        1,
        604_800,
        "ROUTER_PROXY_IDLE_SECONDS",
        "an event stream or an upgraded connection on which nothing is sent for this time is "
        "closed",
        whole=False,
    )

    def __post_init__(self) -> None:
        check_section(self)
        found = Authority.parse(self.domain)
        if found is None or found.port or found.host != self.domain.lower():
            raise ConfigError("ROUTER_DOMAIN must be a host name without a port")
