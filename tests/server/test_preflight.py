"""What is checked before the web workers start."""

import pytest

from hero_router.errors import ConfigError
from hero_router.server.preflight import prepare
from hero_router.settings.config import RouterConfig


def test_a_login_in_front_needs_a_proxy_that_may_say_who_the_user_is() -> None:
    """Not even a program of this machine may, if it is not named."""
    config = RouterConfig.of(redis_url="redis://127.0.0.1:1/0", auth_header="X-User")
    with pytest.raises(ConfigError, match="ROUTER_TRUSTED_PROXIES"):
        prepare(config)
