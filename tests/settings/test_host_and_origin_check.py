"""By which names web may be asked: what is a host, which are ours, and which pages may ask."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hero_router.errors import BadRequest, ConfigError, RouterError, WrongHost, WrongOrigin
from hero_router.settings.config import RouterConfig
from hero_router.settings.host_and_origin_check import AllowedHosts

OURS = AllowedHosts.of("Router.Example.org, *.wide.example,bücher.example.")


def refusal(host: str | None, target: str | None = None, origin: str | None = None) -> object:
    """The kind of error with which a request is refused; None where it is let in."""
    try:
        OURS.check(host, target, origin)
    except RouterError as error:
        return type(error)
    return None


@pytest.mark.parametrize(
    "host",
    [
        "localhost", "LOCALHOST:9988", "localhost.", "localhost.:1", "localhost:", "a.localhost",
        "a.b.LocalHost:80", "127.0.0.1", "127.0.0.1:65535", "10.1.2.3:9988", "0.0.0.0", "[::1]",
        "[::1]:9988", "[FE80::1]", "[::ffff:127.0.0.1]", "router.example.org",
        "ROUTER.example.org.:1", "x.wide.example", "x.y.wide.example", "xn--bcher-kva.example",
        None,
    ],
)  # fmt: skip
def test_localhost_addresses_and_the_names_of_the_setting_are_taken(host: str | None) -> None:
    assert refusal(host) is None


@pytest.mark.parametrize(
    "host",
    [
        "evil.com", "localhost.evil.com", "127.0.0.1.nip.io", "notlocalhost",
        "localhost.localdomain", "0x7f.1", "0x7f000001", "2130706433", "127.1", "0177.0.0.1",
        "127.0.0.01", "1.2.3.4.5",
        "router.example.org.evil.com", "xrouter.example.org", "wide.example", "xwide.example",
        "b.router.example.org", "xn--bcher-kva.example.com", "web:9988",
    ],
)  # fmt: skip
def test_any_other_name_is_not(host: str) -> None:
    assert refusal(host) is WrongHost
    with pytest.raises(WrongHost, match="ROUTER_ALLOWED_HOSTS") as refused:
        OURS.check(host, None, None)
    assert host.partition(":")[0] in str(refused.value)


@pytest.mark.parametrize(
    "host",
    [
        "", " ", ".", "..", "a..b", "localhost..", "user@localhost", "user:pw@localhost", ":80",
        "localhost:x", "localhost:65536", "localhost:99999", "localhost:-1", "localhost:80:80",
        "localhost/", "localhost#", "local host", "localhost\t", "[::1", "::1", "[::1]x",
        "[localhost]", "[1.2.3.4]", "[fe80::1%eth0]", "localhost,evil.com", "*.localhost", "-a.b",
        "a-.b", "x" * 64, ".".join(["x" * 60] * 5), "bücher.example", "\uff4cocalhost", "\udcff",
        "\0",
        "localhost\\@evil.com", "loc%61lhost",
    ],
)  # fmt: skip
def test_what_is_no_host_is_refused_as_such(host: str) -> None:
    assert refusal(host) is BadRequest


@pytest.mark.parametrize(
    ("host", "target", "kind"),
    [
        ("localhost", "localhost", None),
        ("localhost:9988", "LOCALHOST:9988", None),
        (None, "localhost", None),
        (None, "evil.com", WrongHost),
        ("localhost", "evil.com", BadRequest),
        ("evil.com", "localhost", BadRequest),
        ("localhost:1", "localhost:2", BadRequest),
        ("localhost", "localhost:80", BadRequest),
        ("localhost", "user@localhost", BadRequest),
        ("localhost", "", BadRequest),
        ("evil.com", "evil.com", WrongHost),
    ],
)
def test_a_target_in_absolute_form_names_the_same_host(
    host: str | None, target: str, kind: object
) -> None:
    assert refusal(host, target) is kind


@pytest.mark.parametrize(
    ("host", "origin", "let_in"),
    [
        ("localhost:9988", "http://localhost:9988", True),
        ("localhost:9988", "HTTP://LocalHost:9988", True),
        ("localhost", "https://localhost", True),
        ("[::1]:9988", "http://[::1]:9988", True),
        ("127.0.0.1:9988", "https://router.example.org", True),
        ("127.0.0.1:9988", "https://x.wide.example:8443", True),
        ("localhost:9988", "http://localhost:3000", False),
        ("localhost:9988", "http://127.0.0.1:9988", False),
        ("localhost:9988", "http://a.localhost:9988", False),
        ("localhost:9988", "http://evil.com", False),
        ("localhost:9988", "http://localhost:9988.evil.com", False),
        ("localhost:9988", "http://localhost:9988@evil.com", False),
        ("localhost:9988", "http://localhost:9988/", False),
        ("localhost:9988", "http://localhost:9988, http://evil.com", False),
        ("localhost:9988", "null", False),
        ("localhost:9988", "", False),
        ("localhost:9988", "file://", False),
        ("localhost:9988", "localhost:9988", False),
        ("localhost:9988", "ftp://localhost:9988", False),
        ("localhost:9988", "moz-extension://localhost:9988", False),
        (None, "http://localhost", False),
    ],
)
def test_a_page_may_ask_only_where_it_came_from(
    host: str | None, origin: str, *, let_in: bool
) -> None:
    assert refusal(host, None, origin) is (None if let_in else WrongOrigin)


def test_a_refused_page_is_told_the_setting_and_itself() -> None:
    with pytest.raises(WrongOrigin, match="ROUTER_ALLOWED_HOSTS") as refused:
        OURS.check("localhost", None, "http://evil.com")
    assert "http://evil.com" in str(refused.value)


@given(st.text(), st.none() | st.text(), st.none() | st.text())
def test_whatever_is_sent_gives_one_of_the_answers(
    host: str, target: str | None, origin: str | None
) -> None:
    assert refusal(host, target, origin) in (None, BadRequest, WrongHost, WrongOrigin)


@pytest.mark.parametrize(
    "setting",
    ["*", "*.", "a.*", "x*.b", "*.*.b", "https://a.example", "a.example:80", "a b", "a/b", "user@a",
     "a..b", "[::1]", "x" * 64, "a.example, b:1"],
)  # fmt: skip
def test_a_setting_that_is_no_list_of_names_stops_the_start(setting: str) -> None:
    with pytest.raises(ConfigError, match="ROUTER_ALLOWED_HOSTS") as refused:
        RouterConfig.of(allowed_hosts=setting)
    assert "\n" not in str(refused.value)


def test_the_name_that_web_listens_on_is_taken_without_being_set() -> None:
    config = RouterConfig.of(host="router.lan")
    config.web.hosts().check("router.lan:9988", None, "http://router.lan:9988")
    for host in ("127.0.0.1", "::", "0.0.0.0"):
        with pytest.raises(WrongHost):
            RouterConfig.of(host=host).web.hosts().check("router.lan", None, None)


SERVICES = AllowedHosts.of("*.router.example, apps.example", domain="Router.example")


@pytest.mark.parametrize("host", ["router.example", "shop.router.example:8443", "shop.localhost"])
def test_the_domain_of_services_is_accepted_without_being_named(host: str) -> None:
    AllowedHosts.of("", domain="router.example").check(host, None, None)
    with pytest.raises(WrongHost):
        AllowedHosts.of("", domain="router.example").check("xrouter.example", None, None)


@pytest.mark.parametrize(
    ("host", "page", "let_in"),
    [
        ("shop.router.example", "shop.router.example", True),
        ("router.example", "router.example", True),
        ("127.0.0.1:9988", "apps.example", True),
        ("127.0.0.1:9988", "router.example", False),
        ("shop.router.example", "router.example", False),
        ("router.example", "shop.router.example", False),
        ("127.0.0.1:9988", "shop.router.example", False),
        ("other.router.example", "shop.router.example", False),
        ("shop.router.example:1", "shop.router.example", False),
    ],
)
def test_a_services_page_may_call_nothing_but_its_own_service(
    host: str, page: str, *, let_in: bool
) -> None:
    """Even if its name is in the settings."""
    if let_in:
        SERVICES.check(host, None, f"https://{page}")
        return
    with pytest.raises(WrongOrigin):
        SERVICES.check(host, None, f"https://{page}")
