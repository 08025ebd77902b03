"""Redis's address: accepted only if a client can use it, and shown without anything secret."""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from hero_router.errors import ConfigError
from hero_router.settings.redis import RedisSettings
from hero_router.settings.redis_url import check, masked, parse
from hero_router.store.client import connect

SECRET = "hunter2"
"""No address of these tests holds it but as a password, or a part of one."""

passwords = st.builds("{}{}{}".format, st.text(max_size=8), st.just(SECRET), st.text(max_size=8))
users = st.text(max_size=8)
places = st.sampled_from(
    ["host", "host:6379", "host:6379/0", "[::1]:6379", "/run/redis.sock", "", "h1:1,h2:2/name/0"]
)
schemes = st.sampled_from(
    ["redis", "rediss", "unix", "http", "REDIS", "", "redis+sentinel", "rediss+cluster"]
)
pieces = st.lists(
    st.sampled_from([
        "redis", "rediss", "unix", "+sentinel", "+cluster", "name", ",", "://", ":",
        "//", "/", "@", "?", "#", "&", "=", "%40", "[", "]",
        "::1", "host", "user", SECRET, "6379", "0", "99999", "db", "password", "username",
        "ssl_cert_reqs", "none", " ", "\n", "\0", "ü", "\ud800", "\u0663",
    ]),
    max_size=12,
).map("".join)  # fmt: skip


def refusal(url: str) -> str | None:
    """What a person is told of an address that is not usable; None if it is."""
    try:
        check(url)
    except ConfigError as error:
        return str(error)
    return None


@pytest.mark.parametrize(
    "url",
    ["", "redis://host", "redis://host:6379", "redis://host:6379/", "redis://host:6379/15",
     "redis://:pw@host", "redis://user:pw@host:6379/0", "redis://user:p%2Fw@host?db=3",
     "rediss://host:6380/0?ssl_cert_reqs=none&ssl_ca_certs=/ca.pem", "redis://[::1]:6379/0",
     "unix:///run/redis.sock", "unix://user:pw@/run/redis.sock?db=1",
     "redis+sentinel://host/name", "redis+sentinel://user:pw@h1:1,[::1]:2,h3/my-name.1/5",
     "rediss+sentinel://h1,h2/name?sentinel_password=pw&ssl_ca_certs=/ca.pem",
     "redis+cluster://host", "redis+cluster://user:pw@h1:1,h2/", "rediss+cluster://h1:1,[::1]:2"],
)  # fmt: skip
def test_addresses_that_a_client_can_use_are_accepted(url: str) -> None:
    assert refusal(url) is None


@pytest.mark.parametrize(
    "url",
    ["host", "host:6379", "redis", "redis:", "redis:/host", "redis://", "redis:///0", "redis://:6379",
     "http://host", "://host", "redis://host:0", "redis://host:65536", "redis://host:port",
     "redis://host/zero", "redis://host/0/1", "redis://host/-1", "redis://host#0",
     "redis://user:pa/ss@host", "redis://user:pa#ss@host", "redis://[::1", "redis:// host",
     "redis://host\n", "unix://", "unix://run/redis.sock", "redis://host?db=one", "redis://host?db=",
     "redis://host?db=1&db=x", "redis://host?protocol=3", "redis://host?ssl_keyfile=/k",
     "redis://host?socket_timeout=9", "redis://host?max_connections=1", "redis://h1,h2",
     "redis+sentinel://host", "redis+sentinel://host/0/1/2", "redis+sentinel://host/name/db",
     "redis+sentinel://h1,/name", "redis+sentinel://h1:0/name", "redis+sentinel://,h1/name",
     "redis+sentinel:///name", "redis+sentinel://host/na me", "redis+sentinel://h/n?db=1",
     "redis+cluster://host/0", "redis+cluster://h1,h2:x", "redis+cluster://host?db=1",
     "redis+cluster://host?sentinel_password=x", "unix+sentinel:///s/name", "redis+other://host"],
)  # fmt: skip
def test_anything_else_is_refused_and_the_sentence_shows_how_it_should_be(url: str) -> None:
    told = refusal(url)
    assert told is not None
    assert "ROUTER_REDIS_URL" in told
    assert "redis://host:port/0" in told


@given(pieces)
@example("redis://host?db=x&db=1")
@example("REDIS://host")
def test_whatever_is_accepted_makes_a_client(url: str) -> None:
    """Else the process would end with the library's words, or with a setting that is not ours."""
    if url and refusal(url) is None:
        client = connect(url, name="test", connections=3)
        assert client.connection_pool.max_connections == 3
        assert client.connection_pool.connection_kwargs["protocol"] == 2


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("", ""),
        ("redis://host:6379/0", "redis://host:6379/0"),
        ("redis://[::1]:6379/0", "redis://[::1]:6379/0"),
        ("unix:///run/redis.sock", "unix:///run/redis.sock"),
        ("redis://me:hunter2@host:6379/0", "redis://me:***@host:6379/0"),
        ("redis://:hunter2@host", "redis://:***@host"),
        ("unix://me:hunter2@/run/redis.sock", "unix://me:***@/run/redis.sock"),
        ("redis://me:@host", "redis://me:@host"),
        ("rediss://host?password=hunter2&db=1", "rediss://host?***"),
        ("rediss://host?db=1&ssl_ca_certs=/ca.pem", "rediss://host?db=1&ssl_ca_certs=/ca.pem"),
        ("redis://host?db=1&hunter2", "redis://host?***"),
        ("redis+sentinel://me:hunter2@h1:1,h2/n/0", "redis+sentinel://me:***@h1:1,h2/n/0"),
        ("redis+sentinel://h/n?sentinel_password=hunter2", "redis+sentinel://h/n?***"),
        ("redis+cluster://:hunter2@h1:1,[::1]:2", "redis+cluster://:***@h1:1,[::1]:2"),
    ],
)
def test_an_address_is_shown_as_far_as_it_is_no_secret(url: str, shown: str) -> None:
    assert masked(url) == shown


@pytest.mark.parametrize(
    "url",
    ["hunter2@host", "me:hunter2@host:6379", "redis:/me:hunter2@host", "redis//:hunter2@host",
     "redis://hunter2@host", "redis://:hunter2", "redis://me:hunter2/0", "me:hunter2://@host",
     "redis://me:a@hunter2@host", "redis://me:a/hunter2@host", "redis://me:a?hunter2@host",
     "redis://me:a#hunter2@host", "redis://me:a://hunter2@host", "redis://host#hunter2",
     "redis://host?password=a@hunter2", "\nredis://me:hunter2@host"],
)  # fmt: skip
def test_where_it_is_in_doubt_what_the_password_is_nothing_is_shown(url: str) -> None:
    assert SECRET not in masked(url)
    assert "***" in masked(url)


@given(schemes, users, passwords, places)
def test_a_password_is_never_shown_whatever_it_is_made_of(
    scheme: str, user: str, password: str, place: str
) -> None:
    for url in (
        f"{scheme}://{user}:{password}@{place}",
        f"{scheme}:{user}:{password}@{place}",
        f"{scheme}://{place}?username={user}&password={password}",
    ):
        assert SECRET not in masked(url)
        assert SECRET not in (refusal(url) or "")


def test_an_address_of_several_hosts_is_taken_apart() -> None:
    found = parse("rediss+sentinel://me:p%2Fw@h1,[::1]:2/name/5?ssl_cert_reqs=none")
    assert (found.kind, found.seeds, found.primary) == (
        "sentinel",
        (("h1", 26379), ("::1", 2)),
        "name",
    )
    assert found.url == "rediss://me:p%2Fw@h1:26379/5?ssl_cert_reqs=none"
    found = parse("redis+cluster://[::1],h2:7")
    assert (found.kind, found.seeds, found.primary) == (
        "cluster",
        (("::1", 6379), ("h2", 7)),
        "",
    )
    assert found.url == "redis://[::1]:6379/0"


def test_a_backplane_shows_no_password() -> None:
    assert SECRET not in repr(RedisSettings(f"redis://me:{SECRET}@host"))
