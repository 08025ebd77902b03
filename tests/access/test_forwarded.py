"""What proxies in front of the router say of a request, and what of it is believed."""

from dataclasses import dataclass, field

import pytest

from hero_router.access.forwarded import ForwardedFacts, forwarded
from hero_router.settings.trusted_proxies import TrustedProxies

PROXIES = TrustedProxies.of("10.0.0.7, 192.168.1.0/24, fd00::/8")


@dataclass
class Asked:
    """A request, as far as it is read."""

    remote: str | None = "10.0.0.7"
    secure: bool = False
    raw_headers: list[tuple[bytes, bytes]] = field(default_factory=list)


def read(
    *lines: str, peer: str | None = "10.0.0.7", secure: bool = False,
    proxies: TrustedProxies = PROXIES,
) -> ForwardedFacts:  # fmt: skip
    pairs = (line.partition(": ") for line in lines)
    fields = [(name.encode(), value.encode("latin-1")) for name, _, value in pairs]
    return forwarded(Asked(peer, secure, fields), proxies)


@pytest.mark.parametrize(
    ("peer", "values", "client", "chain"),
    [
        ("203.0.113.5", [], "203.0.113.5", "203.0.113.5"),
        ("203.0.113.5", ["198.51.100.1"], "203.0.113.5", "203.0.113.5"),
        ("::ffff:203.0.113.5", [], "203.0.113.5", "203.0.113.5"),
        ("fe80::1%eth0", [], "fe80::1%eth0", "fe80::1%eth0"),
        ("10.0.0.7", ["198.51.100.1"], "198.51.100.1", "198.51.100.1 10.0.0.7"),
        ("127.0.0.1", ["198.51.100.1"], "198.51.100.1", "198.51.100.1 127.0.0.1"),
        ("::ffff:10.0.0.7", ["198.51.100.1"], "198.51.100.1", "198.51.100.1 10.0.0.7"),
        (None, ["198.51.100.1"], "198.51.100.1", "198.51.100.1"),
        ("", ["198.51.100.1"], "198.51.100.1", "198.51.100.1"),
        (None, [], "local", ""),
        (
            "10.0.0.7",
            ["1.1.1.1, 198.51.100.1, 192.168.1.9"],
            "198.51.100.1",
            "198.51.100.1 192.168.1.9 10.0.0.7",
        ),
        (
            "10.0.0.7",
            ["1.1.1.1", "198.51.100.1", "192.168.1.9"],
            "198.51.100.1",
            "198.51.100.1 192.168.1.9 10.0.0.7",
        ),
        (
            "10.0.0.7",
            ["192.168.1.8, 192.168.1.9"],
            "192.168.1.8",
            "192.168.1.8 192.168.1.9 10.0.0.7",
        ),
        ("10.0.0.7", ["198.51.100.1, unknown"], "10.0.0.7", "10.0.0.7"),
        ("10.0.0.7", ["unknown, fd00::1"], "fd00::1", "fd00::1 10.0.0.7"),
        ("10.0.0.7", ["198.51.100.1, "], "10.0.0.7", "10.0.0.7"),
        ("10.0.0.7", [""], "10.0.0.7", "10.0.0.7"),
        ("fd00::2", ["2001:DB8::1"], "2001:db8::1", "2001:db8::1 fd00::2"),
        ("10.0.0.7", ["198.51.100.1:443"], "198.51.100.1", "198.51.100.1 10.0.0.7"),
        ("10.0.0.7", ["[2001:db8::1]:443"], "2001:db8::1", "2001:db8::1 10.0.0.7"),
        ("10.0.0.7", ["[2001:db8::1]"], "2001:db8::1", "2001:db8::1 10.0.0.7"),
        ("10.0.0.7", ["::ffff:198.51.100.1"], "198.51.100.1", "198.51.100.1 10.0.0.7"),
        (
            "10.0.0.7",
            ["198.51.100.1, ::ffff:192.168.1.9"],
            "198.51.100.1",
            "198.51.100.1 192.168.1.9 10.0.0.7",
        ),
        ("10.0.0.7", ["fe80::1%<b>"], "10.0.0.7", "10.0.0.7"),
        ("10.0.0.7", ["198.51.100.1:x"], "10.0.0.7", "10.0.0.7"),
        ("10.0.0.7", ["0x0a.1, 010.0.0.1"], "10.0.0.7", "10.0.0.7"),
        ("10.0.0.7", ["\xe9"], "10.0.0.7", "10.0.0.7"),
        ("10.0.0.7", ["10.0.0.7," * 3000 + "198.51.100.1"], "198.51.100.1",
         "198.51.100.1 10.0.0.7"),
    ],
)  # fmt: skip
def test_the_client_is_the_last_address_that_no_trusted_proxy_has(
    peer: str | None, values: list[str], client: str, chain: str
) -> None:
    """What the client itself wrote, left of its address, is not in the chain."""
    found = read(*(f"X-Forwarded-For: {value}" for value in values), peer=peer)
    assert (found.client, " ".join(found.chain)) == (client, chain)


def test_a_long_chain_of_trusted_proxies_costs_little() -> None:
    found = read("X-Forwarded-For: " + ", ".join(["10.0.0.7"] * 2000))
    assert len(found.chain) < 40


@pytest.mark.parametrize(
    ("lines", "proto", "host", "prefix"),
    [
        ([], "http", "", ""),
        (["X-Forwarded-Proto: https", "X-Forwarded-Host: Router.example.org:8443",
          "X-Forwarded-Prefix: /apps/router/"], "https", "Router.example.org:8443", "/apps/router"),
        (["X-FORWARDED-PROTO: HTTPS"], "https", "", ""),
        (["X-Forwarded-Proto: wss"], "https", "", ""),
        (["X-Forwarded-For: 198.51.100.1, 192.168.1.9", "X-Forwarded-Proto: https, http",
          "X-Forwarded-Host: a.example, b.example"], "https", "a.example", ""),
        (["X-Forwarded-For: 1.1.1.1, 198.51.100.1, 192.168.1.9",
          "X-Forwarded-Proto: ftp, https, http"], "https", "", ""),
        (["X-Forwarded-For: 198.51.100.1", "X-Forwarded-Proto: https, http"], "http", "", ""),
        (["X-Forwarded-Proto: https", "X-Forwarded-Proto: http"], "http", "", ""),
        (["X-Forwarded-For: unknown", "X-Forwarded-Proto: https"], "https", "", ""),
        (["X-Forwarded-Proto: gopher", "X-Forwarded-Host: a b", "X-Forwarded-Prefix: x"],
         "http", "", ""),
        (["X-Forwarded-Host: evil.com/x"], "http", "", ""),
        (["X-Forwarded-Host: me@evil.com"], "http", "", ""),
        (["X-Forwarded-Host: \xe9vil.com"], "http", "", ""),
        (["X-Forwarded-Prefix: //evil.com"], "http", "", ""),
        (["X-Forwarded-Prefix: /a/../b"], "http", "", ""),
        (["X-Forwarded-Prefix: /a\\b"], "http", "", ""),
        (["X-Forwarded-Prefix: /a%zz"], "http", "", ""),
        (["X-Forwarded-Prefix: /a?b"], "http", "", ""),
        (["X-Forwarded-Prefix: /"], "http", "", ""),
        (["X-Forwarded-Prefix: /" + "a" * 300], "http", "", ""),
        (["X-Forwarded-Prefix: /a%20b/c.d"], "http", "", "/a%20b/c.d"),
        (["X_Forwarded_Proto: https", "X.Forwarded.Host: evil.com"], "http", "", ""),
    ],
)  # fmt: skip
def test_scheme_host_and_prefix_are_what_the_proxy_says_that_the_client_reached(
    lines: list[str], proto: str, host: str, prefix: str
) -> None:
    """Junk is as if it was not said."""
    found = read(*lines)
    assert (found.proto, found.host, found.prefix) == (proto, host, prefix)


def test_the_routers_own_tls_counts_where_no_proxy_says_otherwise() -> None:
    assert read(secure=True).secure
    assert not read("X-Forwarded-Proto: http", secure=True).secure
    assert read("X-Forwarded-Proto: http", secure=True, peer="203.0.113.5").secure
    assert not read("X-Forwarded-Proto: https", peer="203.0.113.5").secure


EVERYTHING = (
    "X-Forwarded-For: 198.51.100.1", "X-Forwarded-Proto: https", "X-Forwarded-Host: evil.com",
    "X-Forwarded-Prefix: /evil", "X-Real-IP: 198.51.100.1", "Forwarded: for=198.51.100.1",
)  # fmt: skip


@pytest.mark.parametrize("peer", ["203.0.113.5", "10.0.0.8", "fe80::1"])
def test_a_stranger_is_believed_nothing(peer: str) -> None:
    assert read(*EVERYTHING, peer=peer) == ForwardedFacts(
        peer, (peer,), "http", "", "", is_standard=False, is_believed=False, trusted=False
    )


@pytest.mark.parametrize(
    ("peer", "setting", "trusted"),
    [
        ("127.0.0.1", "", False), ("::1", "", False), (None, "", False),
        ("127.0.0.1", "127.0.0.1", True), ("::ffff:127.0.0.1", "127.0.0.1", True),
        (None, "unix", True), (None, "127.0.0.1", False), ("127.0.0.1", "unix", False),
        ("10.0.0.7", "10.0.0.7", True),
    ],
)  # fmt: skip
def test_a_program_of_this_machine_says_who_the_user_is_only_if_the_setting_names_it(
    peer: str | None, setting: str, trusted: bool
) -> None:
    found = read("X-Forwarded-For: 198.51.100.1", peer=peer, proxies=TrustedProxies.of(setting))
    assert (found.client, found.trusted) == ("198.51.100.1", trusted)


@pytest.mark.parametrize(
    ("values", "client", "proto", "host"),
    [
        (["for=198.51.100.1;proto=https;host=a.example"], "198.51.100.1", "https", "a.example"),
        (['For="[2001:db8::1]:4711" ; PROTO=HTTPS'], "2001:db8::1", "https", ""),
        (['for="198.51.100.1:80";by=10.0.0.7'], "198.51.100.1", "http", ""),
        (["for=1.1.1.1, for=198.51.100.1;proto=https, for=192.168.1.9;proto=http"],
         "198.51.100.1", "https", ""),
        (["for=198.51.100.1;proto=https", "for=192.168.1.9"], "198.51.100.1", "https", ""),
        (["for=unknown"], "10.0.0.7", "http", ""),
        (["for=_hidden;proto=https"], "10.0.0.7", "https", ""),
        (['for="x, for=198.51.100.1'], "198.51.100.1", "http", ""),
        (['for=6.6.6.6;x="', 'for="[2001:db8::1]"'], "2001:db8::1", "http", ""),
        (['for=198.51.100.1;host="a, for=6.6.6.6"'], "198.51.100.1", "http", ""),
        (['for="198.51\\.100.1"'], "198.51.100.1", "http", ""),
        (["nonsense"], "10.0.0.7", "http", ""),
        ([""], "10.0.0.7", "http", ""),
        ([","], "10.0.0.7", "http", ""),
        (["," * 5000], "10.0.0.7", "http", ""),
        (["for=198.51.100.1, "], "10.0.0.7", "http", ""),
    ],
)  # fmt: skip
def test_forwarded_is_read_by_the_same_rule(
    values: list[str], client: str, proto: str, host: str
) -> None:
    """What a client wrote before cannot spoil what the proxy added behind it."""
    found = read(*(f"Forwarded: {value}" for value in values))
    assert (found.client, found.proto, found.host) == (client, proto, host)
    assert found.is_standard


def test_forwarded_counts_only_without_the_usual_headers_and_x_real_ip_last() -> None:
    usual, standard, real = (
        "X-Forwarded-For: 198.51.100.1",
        "Forwarded: for=198.51.100.2",
        ("X-Real-IP: 198.51.100.3"),
    )
    assert read(usual, standard, real).client == "198.51.100.1"
    assert read(standard, real).client == "198.51.100.2"
    assert read(real).client == "198.51.100.3"
    assert read(real, "X-Forwarded-Proto: https")[:3] == (
        "198.51.100.3", ("198.51.100.3", "10.0.0.7"), "https",
    )  # fmt: skip
    assert read("X-Forwarded-Proto: https", standard).client == "10.0.0.7"
