"""The settings of peers: one form of URLs, and one clear line for each mistake."""

import pytest

from hero_router.access.ed25519 import NodeKey
from hero_router.errors import ConfigError
from hero_router.settings.config import RouterConfig
from hero_router.settings.peers import PeerSettings, parse_peers, parse_url

ONE, TWO = NodeKey.make().public, NodeKey.make().public


@pytest.mark.parametrize(("given", "form"), [
    ("https://A.example", "https://a.example"),
    ("HTTPS://a.example:443/", "https://a.example"),
    ("http://a.example:443", "http://a.example:443"),
    ("http://10.0.0.7:80", "http://10.0.0.7"),
    ("http://[FD00::1]:9988", "http://[fd00::1]:9988"),
    ("http://a.example.", "http://a.example"),
])  # fmt: skip
def test_a_url_has_one_form(given: str, form: str) -> None:
    assert str(parse_url(given)) == form
    assert RouterConfig.of(advertise_url=given).peers.advertised == form


@pytest.mark.parametrize("given", [
    "", "a.example", "ftp://a.example", "http://", "http://a/b", "http://a?b", "http://a#b",
    "http://user@a", "http://a:70000", "http://a:0", "http://a b", "http://a\r\nb", "http://[::1",
    "https://a\\b", "http:///a", "//a",
])  # fmt: skip
def test_what_is_no_url_of_a_router_is_refused(given: str) -> None:
    assert parse_url(given) is None


@pytest.mark.parametrize(("given", "guarded"), [
    ("https://a.example", True), ("http://127.0.0.2:1", True), ("http://[::1]:1", True),
    ("http://localhost:1", True), ("http://a.localhost:1", False), ("http://10.0.0.7", False),
    ("http://127.0.0.1.example", False),
])  # fmt: skip
def test_only_tls_and_this_machine_are_guarded(given: str, guarded: bool) -> None:
    url = parse_url(given)
    assert url is not None
    assert url.is_guarded is guarded


def test_peers_are_separated_by_commas_or_lines_and_may_have_two_keys() -> None:
    text = f"# ours\n\n a http://a {ONE}, b  https://b:1 {TWO}\n"
    found = parse_peers(text, "here")
    assert [(each.node, str(each.url), each.keys) for each in found] == [
        ("a", "http://a", (ONE,)),
        ("b", "https://b:1", (TWO,)),
    ]
    assert parse_peers(f"a http://a {ONE} {TWO}", "here")[0].keys == (ONE, TWO)
    assert parse_peers("", "here") == []


@pytest.mark.parametrize(("given", "why"), [
    ("a http://a", "here, peer 1: write node, URL and one or two keys"),
    (f"a http://a {ONE} {TWO} {ONE}", "one or two keys"),
    (f"a http://a {ONE}, b b {TWO}", "here, peer 2: 'b' is not a URL"),
    ("a http://a ed25519:abc", "is not a public key"),
    (f"a http://a {ONE[:-1]}!", "is not a public key"),
    (f"a http://a {ONE}, a http://b {TWO}", "here: the node a is in the list twice"),
    (f"a http://a {ONE}, b http://b {ONE}", "is in the list twice"),
])  # fmt: skip
def test_a_mistake_is_one_clear_line(given: str, why: str) -> None:
    with pytest.raises(ConfigError) as found:
        parse_peers(given, "here")
    assert why in str(found.value)
    assert "\n" not in str(found.value)


@pytest.mark.parametrize(("values", "why"), [
    ({"advertise_url": "a"}, "ROUTER_ADVERTISE_URL"),
    ({"peers": f"a http://a {ONE}"}, "ROUTER_NODE_KEY_FILE"),
    ({"peers_file": "/nowhere"}, "ROUTER_NODE_KEY_FILE"),
    ({"peers": f"a http://a {ONE}", "peers_file": "/f", "node_key_file": "/k"}, "not both"),
    ({"peers": "a", "node_key_file": "/k"}, "ROUTER_PEERS, peer 1"),
])  # fmt: skip
def test_settings_that_do_not_fit_are_refused(values: dict[str, str], why: str) -> None:
    with pytest.raises(ConfigError) as found:
        RouterConfig.of(**values)
    assert why in str(found.value)


def test_there_is_nothing_to_set_for_one_node() -> None:
    assert not PeerSettings().has_peers
    assert PeerSettings().advertised == ""
