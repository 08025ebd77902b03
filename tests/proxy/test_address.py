"""How an address is read: by path, by host name, and what is refused."""

import pytest

from hero_router.errors import BadRequest
from hero_router.proxy.address import Address, by_host, by_path

READINGS = [
    (
        "/shop/rpc/x?q=1",
        [("shop", "rpc", "x", "/shop/rpc/x", "?q=1"), (None, "shop", "rpc", "/shop/rpc", "/x?q=1")],
    ),
    ("/shop/rpc", [(None, "shop", "rpc", "/shop/rpc", "")]),
    ("/shop/rpc/", [(None, "shop", "rpc", "/shop/rpc", "/")]),
    ("/shop/rpc?a/b", [(None, "shop", "rpc", "/shop/rpc", "?a/b")]),
    (
        "/a/b/c/d//e/%2e/..",
        [("a", "b", "c", "/a/b/c", "/d//e/%2e/.."), (None, "a", "b", "/a/b", "/c/d//e/%2e/..")],
    ),
    ("/my%20shop/rpc/%ff", [(None, "my shop", "rpc", "/my%20shop/rpc", "/%ff")]),
    ("/%C3%A9t%C3%A9/rpc/a%2Fb", [(None, "été", "rpc", "/%C3%A9t%C3%A9/rpc", "/a%2Fb")]),
    ("/a%252fb/rpc", [(None, "a%2fb", "rpc", "/a%252fb/rpc", "")]),
    ("/sh;op/rpc;v=1/x", [
        ("sh;op", "rpc;v=1", "x", "/sh;op/rpc;v=1/x", ""),
        (None, "sh;op", "rpc;v=1", "/sh;op/rpc;v=1", "/x"),
    ]),
    ("/sh%3bop/rpc", [(None, "sh;op", "rpc", "/sh%3bop/rpc", "")]),
    ("/shop", []),
    ("/", []),
]  # fmt: skip


@pytest.mark.parametrize(("target", "expected"), READINGS)
def test_a_path_is_read_with_the_longest_prefix_first(
    target: str, expected: list[tuple[str | None, str, str, str, str]]
) -> None:
    assert by_path(target) == [Address(*each) for each in expected]


@pytest.mark.parametrize(
    "target",
    [
        "//rpc/x", "/shop//x", "/./rpc", "/../rpc", "/shop/..", "/shop/%2e%2e/x", "/%2e/rpc",
        "/sh%2fop/rpc", "/sh%5cop/rpc", "/sh\\op/rpc", "/shop%00/rpc", "/shop/rp%0ac", "/%/rpc",
        "/%zz/rpc", "/%ff/rpc", "/shop/%c3/x",
    ],
)  # fmt: skip
def test_a_segment_that_hides_something_is_refused(target: str) -> None:
    with pytest.raises(BadRequest):
        by_path(target)


def test_the_prefix_and_the_rest_are_the_whole_target() -> None:
    for target, _ in READINGS:
        assert all(each.prefix + each.rest == target for each in by_path(target))


@pytest.mark.parametrize(
    ("host", "expected"),
    [
        ("shop.localhost", (None, "shop", None, "", "/a?b")),
        ("shop.acme.localhost", ("acme", "shop", None, "", "/a?b")),
        ("xn--t-9fab.localhost", (None, "été", None, "", "/a?b")),
        ("localhost", None),
        ("shop.example.org", None),
        ("notlocalhost", None),
        ("a.shop.acme.localhost", None),
    ],
)
def test_a_host_name_below_the_domain_is_a_service(
    host: str, expected: tuple[str | None, str, None, str, str] | None
) -> None:
    assert by_host(host, "localhost", "/a?b") == (expected and Address(*expected))


@pytest.mark.parametrize(
    ("target", "socket", "prefix", "rest"),
    [
        ("/rpc", "rpc", "/rpc", ""),
        ("/rpc?x", "rpc", "/rpc", "?x"),
        ("/rpc/openrpc.json", "rpc", "/rpc", "/openrpc.json"),
        ("/rpcs", None, "", "/rpcs"),
        ("/api/services", None, "", "/api/services"),
    ],
)
def test_below_a_services_own_host_name_rpc_is_its_rpc_socket(
    target: str, socket: str | None, prefix: str, rest: str
) -> None:
    assert by_host("s.localhost", "localhost", target) == Address(None, "s", socket, prefix, rest)
