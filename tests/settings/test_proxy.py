"""The domain below which services have host names."""

import pytest

from hero_router.errors import ConfigError
from hero_router.settings.config import RouterConfig


@pytest.mark.parametrize("domain", ["localhost", "router.example.org", "Router.example"])
def test_a_domain_is_a_host_name(domain: str) -> None:
    assert RouterConfig.of(domain=domain).proxy.domain == domain


@pytest.mark.parametrize("domain", ["a b", "router:80", "http://router", "*.router", "a."])
def test_what_is_no_host_name_is_refused(domain: str) -> None:
    with pytest.raises(ConfigError, match="ROUTER_DOMAIN"):
        RouterConfig.of(domain=domain)
