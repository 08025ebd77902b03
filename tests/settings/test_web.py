"""Settings of the web workers: whether others can connect, and the addresses of web."""

from typing import Any

import pytest

from hero_router.errors import ConfigError
from hero_router.settings.config import RouterConfig


@pytest.mark.parametrize("host", [1, "", " h"])
def test_a_host_is_a_text_without_spaces_around_it(host: Any) -> None:
    with pytest.raises(ConfigError, match="host"):
        RouterConfig.of(host=host)


@pytest.mark.parametrize(
    ("host", "is_open"),
    [("127.0.0.1", False), ("127.5.5.5", False), ("::1", False), ("localhost", False),
     ("a.localhost", False), ("0.0.0.0", True), ("::", True), ("10.0.0.1", True),
     ("router.example", True)],
)  # fmt: skip
def test_web_is_open_if_other_machines_can_connect(host: str, *, is_open: bool) -> None:
    assert RouterConfig.of(host=host).web.is_open is is_open


@pytest.mark.parametrize(
    ("host", "bind", "address"),
    [
        ("127.0.0.1", "127.0.0.1:9988", "http://127.0.0.1:9988/"),
        ("0.0.0.0", "0.0.0.0:9988", "http://127.0.0.1:9988/"),
        ("::", "[::]:9988", "http://[::1]:9988/"),
        ("::1", "[::1]:9988", "http://[::1]:9988/"),
        ("router.example", "router.example:9988", "http://router.example:9988/"),
    ],
)
def test_the_address_is_one_that_a_browser_on_this_machine_can_open(
    host: str, bind: str, address: str
) -> None:
    config = RouterConfig.of(host=host)
    assert (config.web.bind, config.web.address) == ([bind], address)
