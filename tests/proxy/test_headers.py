"""What happens to header fields on their way to a service and back."""

import pytest

from hero_router.access.authenticator import HeaderLogin
from hero_router.access.forwarded import ForwardedFacts
from hero_router.proxy.headers import (
    Field,
    Hop,
    request_fields,
    response_fields,
    serialize,
    takes_trailers,
    upgrade_of,
)

FACTS = ForwardedFacts(
    "10.0.0.9", ("10.0.0.9", "10.0.0.1"), "https", "", "", is_standard=False, is_believed=True,
    trusted=False,
)  # fmt: skip
HOP = Hop(FACTS, "router.test", "/shop/web", "me")
TRUSTED = HOP._replace(facts=FACTS._replace(trusted=True))


def values(fields: list[Field], name: str) -> list[str]:
    return [value.decode() for key, value in fields if key.decode().lower() == name.lower()]


def pairs(*lines: str) -> list[Field]:
    found = (line.partition(": ") for line in lines)
    return [(name.encode(), value.encode()) for name, _, value in found]


def test_a_service_learns_the_client_the_scheme_the_host_and_the_prefix() -> None:
    out = request_fields(pairs("Host: router.test"), HOP)
    assert out == pairs(
        "Host: router.test",
        "X-Forwarded-For: 10.0.0.9, 10.0.0.1",
        "X-Real-IP: 10.0.0.9",
        "X-Forwarded-Proto: https",
        "X-Forwarded-Host: router.test",
        "X-Forwarded-Prefix: /shop/web",
        "Via: 1.1 me",
    )


def test_what_a_proxy_in_front_says_of_host_and_prefix_reaches_the_service() -> None:
    facts = FACTS._replace(host="public.test", prefix="/apps")
    out = request_fields(pairs("Host: router.test"), HOP._replace(facts=facts))
    assert values(out, "Host") == ["router.test"]
    assert values(out, "X-Forwarded-Host") == ["public.test"]
    assert values(out, "X-Forwarded-Prefix") == ["/apps/shop/web"]


@pytest.mark.parametrize(
    ("chain", "expected"),
    [
        (("10.0.0.9",), 'for=10.0.0.9;proto=https;host="router.test"'),
        (
            ("2001:db8::1", "fd00::1"),
            'for="[2001:db8::1]";proto=https;host="router.test", for="[fd00::1]"',
        ),
        ((), 'for=unknown;proto=https;host="router.test"'),
    ],
)
def test_who_speaks_the_standard_form_is_answered_in_it_too(
    chain: tuple[str, ...], expected: str
) -> None:
    facts = FACTS._replace(chain=chain, is_standard=True)
    out = request_fields(pairs("Forwarded: for=evil"), HOP._replace(facts=facts))
    assert values(out, "Forwarded") == [expected]
    assert values(out, "X-Forwarded-For") == ([", ".join(chain)] if chain else [])


def test_a_client_on_a_unix_socket_has_no_address_to_tell() -> None:
    out = request_fields([], HOP._replace(facts=FACTS._replace(client="local", chain=())))
    assert values(out, "X-Forwarded-For") == values(out, "X-Real-IP") == []


def test_without_a_prefix_none_is_told() -> None:
    assert values(request_fields([], HOP._replace(prefix="")), "X-Forwarded-Prefix") == []


@pytest.mark.parametrize(
    "name",
    [
        "X-Forwarded-For", "x-forwarded-proto", "X-FORWARDED-HOST", "X-Forwarded-Prefix",
        "X-Forwarded-Port", "Forwarded", "X-Real-IP", "X-Hero-Claims", "X-Hero-Context",
        "X_Hero_Claims", "X.Hero.Claims", "x!hero~claims", "X_Forwarded_For", "X-Hero-Anything",
        "x_real_ip", "X-Request-Id", "X_Request_ID", "Traceparent", "TRACESTATE",
        "X-Forwarded-User",
    ],
)  # fmt: skip
def test_what_says_who_the_client_is_is_removed_in_every_spelling(name: str) -> None:
    assert b"evil" not in serialize(b"", request_fields(pairs(f"{name}: evil"), HOP))


@pytest.mark.parametrize("name", ["X-Hero-Claims", "x-hero-context", "X-Forwarded-User"])
def test_from_a_proxy_that_may_say_who_the_user_is_claims_stay_in_their_own_spelling_only(
    name: str,
) -> None:
    """And repeated ones stay repeated."""
    given = pairs(f"{name}: a", f"{name}: b")
    assert values(request_fields(given, TRUSTED), name) == ["a", "b"]
    assert values(request_fields(given, HOP), name) == []
    for other in (name.replace("-", "_"), name.replace("-", ".")):
        assert values(request_fields(pairs(f"{other}: a"), TRUSTED), other) == []


@pytest.mark.parametrize("name", ["X-Request-Id", "traceparent", "tracestate"])
def test_what_the_router_gives_each_request_anew_is_never_what_was_sent(name: str) -> None:
    assert values(request_fields(pairs(f"{name}: a"), TRUSTED), name) == []


@pytest.mark.parametrize("name", ["X-Forwarded-For", "X-Forwarded-Host", "Via"])
def test_what_the_router_makes_anew_is_there_once(name: str) -> None:
    assert len(values(request_fields(pairs(f"{name}: a", f"{name}: b"), TRUSTED), name)) == 1


@pytest.mark.parametrize("name", ["Remote-User", "REMOTE_USER", "remote.user"])
def test_the_header_of_a_login_in_front_is_taken_from_that_proxy_only(name: str) -> None:
    """In the spelling of the settings; from all others it is removed in every spelling."""
    login = HeaderLogin(name).fields
    for spelling in ("Remote-User", "REMOTE_USER", "remote.user", "Remote_User"):
        given = pairs(f"{spelling}: root")
        assert values(request_fields(given, HOP, login_fields=login), spelling) == []
        kept = ["root"] if spelling.lower() == name.lower() else []
        assert values(request_fields(given, TRUSTED, login_fields=login), spelling) == kept
    assert values(request_fields(pairs("Remote-User: a"), HOP), "Remote-User") == ["a"]


def test_what_connection_names_goes_first_and_cannot_take_the_routers_own_fields() -> None:
    given = pairs(
        "Connection: X-Forwarded-For, close , Secret", "Secret: 1", "Keep-Alive: timeout=5",
        "TE: trailers", "Trailer: X-Sum", "Transfer-Encoding: chunked", "Proxy-Authorization: x",
        "Accept: a", "Upgrade: h2c", "HTTP2-Settings: y", "Connection: x-forwarded-prefix",
    )  # fmt: skip
    out = request_fields(given, HOP)
    assert [name.decode() for name, _ in out][:3] == ["Accept", "Host", "X-Forwarded-For"]
    assert values(out, "X-Forwarded-Prefix") == ["/shop/web"]


def test_connection_takes_away_neither_what_a_named_proxy_says_nor_the_trace_of_a_loop() -> None:
    """A client behind it could hide the user in that way, as some proxies pass `Connection` on."""
    given = pairs(
        "Connection: X-Hero-Claims, X-Forwarded-User, Via, Remote-User", "X-Hero-Claims: a",
        "X-Forwarded-User: b", "Via: 1.1 other", "Remote-User: c",
    )  # fmt: skip
    out = request_fields(given, TRUSTED, login_fields=frozenset({b"remote-user"}))
    assert values(out, "X-Hero-Claims") == ["a"]
    assert values(out, "X-Forwarded-User") == ["b"]
    assert values(out, "Remote-User") == ["c"]
    assert values(out, "Via") == ["1.1 other, 1.1 me"]


def test_fields_keep_their_order_their_spelling_and_their_repetition() -> None:
    given = pairs("aCCept: 1", "X-A: 2", "x-a: 3", "X-A: 2")
    assert request_fields(given, HOP)[:4] == given
    answer = pairs("Set-Cookie: a=1", "Set-Cookie: b=2", "set-cookie: a=3", "Content-Type: a/b")
    assert response_fields(200, answer, "", {"h"}) == answer


def test_own_cookies_stay_here_in_both_directions() -> None:
    own = {"session"}
    given = pairs("Cookie: a=1; session=x; b=2", "Cookie: session=y")
    assert values(request_fields(given, HOP, own), "Cookie") == ["a=1; b=2"]
    answer = pairs(
        "Set-Cookie: session=evil; Path=/", "Set-Cookie: =session=evil", "Set-Cookie: a=1",
        "Set-Cookie:  = session = evil", "Content-Type: a/b",
    )  # fmt: skip
    assert values(response_fields(200, answer, "", {"h"}, own), "Set-Cookie") == ["a=1"]


def test_via_grows() -> None:
    out = request_fields(pairs("Via: 1.0 other", "via: 1.1 third"), HOP)
    assert values(out, "Via") == ["1.0 other, 1.1 third, 1.1 me"]


@pytest.mark.parametrize(
    ("given", "by_path", "by_host"),
    [
        ("/login", "/shop/web/login", "/login"),
        ("/login?next=/x", "/shop/web/login?next=/x", "/login?next=/x"),
        ("login", "login", "login"),
        ("../login", "../login", "../login"),
        ("/shop/web", "/shop/web", "/shop/web"),
        ("/shop/web/login", "/shop/web/login", "/shop/web/login"),
        ("/shop/web?a", "/shop/web?a", "/shop/web?a"),
        ("/shop/web#a", "/shop/web#a", "/shop/web#a"),
        ("/shop/website", "/shop/web/shop/website", "/shop/website"),
        ("http://h:99/shop/web/x", "/shop/web/x", "http://h:99/shop/web/x"),
        ("?a", "?a", "?a"),
        ("http://h:99/login", "/shop/web/login", "http://h:99/login"),
        ("HTTPS://H:99", "/shop/web/", "HTTPS://H:99"),
        ("//h:99/x", "/shop/web/x", "//h:99/x"),
        ("http://h/login", "/shop/web/login", "/login"),
        ("http://h:98/login", "http://h:98/login", "http://h:98/login"),
        ("http://other/login", "http://other/login", "http://other/login"),
        ("mailto:a@h", "mailto:a@h", "mailto:a@h"),
    ],
)
def test_a_redirect_within_the_service_stays_within_it(
    given: str, by_path: str, by_host: str
) -> None:
    answer = pairs(f"Location: {given}", "Content-Type: a/b")
    assert values(response_fields(302, answer, "/shop/web", {"h:99"}), "Location") == [by_path]
    assert values(response_fields(302, answer, "", {"h:99"}), "Location") == [by_host]


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ("a=1; Path=/", "a=1; Path=/shop/web/"),
        ("a=1; path=/x; HttpOnly", "a=1; path=/shop/web/x; HttpOnly"),
        ("a=1; Path=/shop/web", "a=1; Path=/shop/web"),
        ("a=1; Path=/shop/web/x ; Secure", "a=1; Path=/shop/web/x ; Secure"),
        ("a=1; Path=/shop/website", "a=1; Path=/shop/web/shop/website"),
        ("a=path=/; Secure", "a=path=/; Secure"),
        ("a=1", "a=1"),
    ],
)
def test_a_cookies_path_gets_the_prefix(given: str, expected: str) -> None:
    answer = pairs(f"Set-Cookie: {given}", "Content-Type: a/b")
    assert values(response_fields(200, answer, "/shop/web", {"h"}), "Set-Cookie") == [expected]


@pytest.mark.parametrize("kind", ["text/html", "image/svg+xml", "multipart/x-mixed-replace", None])
def test_what_is_reached_by_path_is_boxed_whatever_its_type(kind: str | None) -> None:
    answer = pairs(f"Content-Type: {kind}", "Content-Security-Policy: default-src *")
    answer = answer if kind else []
    boxed = values(response_fields(200, answer, "/shop/web", {"h"}), "Content-Security-Policy")
    assert boxed[-1].split()[0] == "sandbox"
    assert "allow-same-origin" not in boxed[-1]
    assert response_fields(200, answer, "", {"h"}) == answer
    assert response_fields(103, pairs("Link: x"), "/shop/web", "h") == pairs("Link: x")


def test_a_service_cannot_widen_its_worker_nor_clear_the_sites_data() -> None:
    answer = pairs("Service-Worker-Allowed: /", "Clear-Site-Data: *", "Content-Type: a/b")
    assert response_fields(200, answer, "", {"h"}) == pairs("Content-Type: a/b")


def test_a_service_is_told_a_host_also_where_the_client_named_none() -> None:
    assert values(request_fields([], HOP), "Host") == ["router.test"]
    assert values(request_fields([], HOP._replace(host="")), "Host") == ["localhost"]
    given = pairs("Connection: Host", "HOST: a")
    assert values(request_fields(given, HOP), "Host") == ["a"]


def test_framing_of_an_answer_is_left_out() -> None:
    answer = pairs(
        "Connection: keep-alive, X-Internal", "X-Internal: 1", "Keep-Alive: timeout=5",
        "Transfer-Encoding: chunked", "Content-Length: 5", "Upgrade: h2c", "Content-Type: a/b",
    )  # fmt: skip
    assert response_fields(200, answer, "", {"h"}) == pairs("Content-Type: a/b")


def test_an_upgrade_needs_both_fields() -> None:
    assert (
        upgrade_of(pairs("Connection: keep-alive, Upgrade", "Upgrade: websocket")) == b"websocket"
    )
    assert upgrade_of(pairs("Upgrade: websocket")) is None
    assert upgrade_of(pairs("Connection: upgrade")) is None


def test_other_versions_of_http_are_no_offer() -> None:
    """Requests in such a tunnel would pass by the router's rules."""
    for offer in ("h2c", "H2C, h2", "HTTP/2.0", "TLS/1.0", ",", ""):
        assert upgrade_of(pairs("Connection: upgrade", f"Upgrade: {offer}")) is None
    several = pairs("Connection: upgrade", "Upgrade: h2c, websocket", "Upgrade: t")
    assert upgrade_of(several) == b"websocket, t"


def test_a_redirect_knows_each_name_that_the_service_was_told_and_a_prefix_in_front() -> None:
    def moved(location: str, prefix: str, outer: str = "") -> list[str]:
        answer = pairs(f"Location: {location}")
        hosts = {"inner:99", "public.test"}
        return values(response_fields(302, answer, prefix, hosts, outer=outer), "Location")

    for host in ("inner:99", "public.test", "inner"):
        assert moved(f"http://{host}/x", "/shop/web") == ["/shop/web/x"]
        assert moved(f"http://{host}/x", "/shop/web", "/apps") == ["/apps/shop/web/x"]
    assert moved("/x", "", "/apps") == ["/apps/x"]
    assert moved("/apps/shop/web/x", "/shop/web", "/apps") == ["/apps/shop/web/x"]
    assert moved("http://other/x", "/shop/web", "/apps") == ["http://other/x"]
    assert moved("http://inner//evil.test/", "") == ["/.//evil.test/"], "a path, and no host"
    cookie = response_fields(200, pairs("Set-Cookie: a=1; Path=/"), "/s", {"h"}, outer="/apps")
    assert values(cookie, "Set-Cookie") == ["a=1; Path=/apps/s/"]


def test_a_client_that_takes_trailers_says_so_in_te() -> None:
    for value in ("trailers", "Trailers", "gzip, trailers", "deflate;q=0.5,trailers;q=1"):
        assert takes_trailers(pairs(f"TE: {value}"))
    for line in ("TE: gzip", "TE: xtrailers", "X-TE: trailers"):
        assert not takes_trailers(pairs(line))
