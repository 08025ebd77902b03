"""The addresses of sockets: each leads back to its socket, and plain names have them all."""

from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hero_router.errors import BadRequest, NotFound
from hero_router.feed.filters import Filter
from hero_router.feed.mirror import Mirror
from hero_router.model import service_id
from hero_router.position import ORIGIN
from hero_router.proxy.address import DEFAULT_CONTEXT, readings
from hero_router.proxy.service_urls import Links, SocketLink
from hero_router.proxy.table import RoutingTable, Target

HERE = "n1"
Json = dict[str, Any]


def service(
    name: str, *roles: str, context: str = "default", node: str = HERE, **fields: Any
) -> Json:
    sockets = [{"name": role, "role": role, "path": f"{name}/{role}.sock"} for role in roles]
    known = {"id": service_id(node, context, name), "name": name, "context": context}
    return {**known, "node": node, "sockets": sockets, "healthy": True, **fields}


class Router:
    """The routing table of a worker that knows these services."""

    def __init__(self, *services: Json, domain: str = "localhost") -> None:
        mirror = Mirror()
        mirror.reset({each["id"]: each for each in services}, {}, ORIGIN)
        self.domain, self.services = domain, services
        self.table = RoutingTable(mirror, HERE)
        self.links = Links(self.table, domain)

    def of(self, name: str, role: str, shown: Filter | None = None) -> SocketLink:
        record = next(each for each in self.services if each["name"] == name)
        return self.links.of(record, shown)[role]

    def read(self, host: str, target: str) -> Target | None:
        """Where a request with this address goes."""
        try:
            return self.table.find(readings(host, self.domain, target), DEFAULT_CONTEXT, None)
        except (NotFound, BadRequest):
            return None


def test_a_service_has_a_path_and_a_host_name() -> None:
    router = Router(service("shop", "rpc", "admin", "web_page", "web_docs"))
    assert router.of("shop", "rpc") == {
        "path": "/shop/rpc/", "host": "shop.localhost", "host_path": "/rpc/", "note": "",
    }  # fmt: skip
    page = router.of("shop", "web_page")
    assert (page["path"], page["host"], page["host_path"]) == ("/shop/page/", "shop.localhost", "/")
    admin = router.of("shop", "admin")
    assert (admin["path"], admin["host"]) == ("/shop/admin/", None), "the origin is the page's"


def test_a_service_of_another_context_has_it_in_both_addresses() -> None:
    router = Router(service("shop", "rpc", context="acme"), domain="apps.example.org")
    link = router.of("shop", "rpc")
    assert link["path"] == "/acme/shop/rpc/"
    assert (link["host"], link["host_path"]) == ("shop.acme.apps.example.org", "/")


def test_a_service_of_a_reserved_name_is_reached_with_its_context_and_says_why() -> None:
    link = Router(service("api", "rpc")).of("api", "rpc")
    assert link["path"] == "/default/api/rpc/"
    assert link["host"] == "api.localhost"
    assert link["note"] == "/api/ is an address of the router itself"


def test_a_context_of_a_reserved_name_has_host_names_only() -> None:
    link = Router(service("shop", "rpc", context="events")).of("shop", "rpc")
    assert (link["path"], link["host"]) == (None, "shop.events.localhost")
    assert "/events/ is an address of the router itself" in link["note"]


def test_where_a_context_has_the_services_name_the_address_names_the_context() -> None:
    """`/shop/rpc/page/` could else be the page of the service `rpc` in the context `shop`."""
    router = Router(service("shop", "rpc"), service("rpc", "web_page", context="shop"))
    link = router.of("shop", "rpc")
    assert link["path"] == "/default/shop/rpc/"
    assert "context of the same name" in link["note"]


@pytest.mark.parametrize(
    ("name", "path", "host"),
    [
        ("my shop", "/my%20shop/rpc/", None),
        ("été", "/%C3%A9t%C3%A9/rpc/", "xn--t-9fab.localhost"),
        ("Shop", "/Shop/rpc/", None),
        ("a.b", "/a.b/rpc/", None),
        ("a%2fb", "/a%252fb/rpc/", None),
        ("a?b#c", "/a%3Fb%23c/rpc/", None),
        ("under_score", "/under_score/rpc/", "under_score.localhost"),
        ("-dash", "/-dash/rpc/", None),
        ("xn--t-9fab", "/xn--t-9fab/rpc/", None),
        ("a。b", "/a%E3%80%82b/rpc/", None),
        ("straße", "/stra%C3%9Fe/rpc/", None),
        ("x" * 63, f"/{'x' * 63}/rpc/", f"{'x' * 63}.localhost"),
        ("x" * 64, f"/{'x' * 64}/rpc/", None),
        ("ü" * 62, f"/{'%C3%BC' * 62}/rpc/", None),
        ("a\\x80b", None, None),
        ("..", None, None),
        ("\udc80", None, None),
    ],
)
def test_a_name_has_the_addresses_that_can_hold_it(
    name: str, path: str | None, host: str | None
) -> None:
    link = Router(service(name, "rpc")).of(name, "rpc")
    assert (link["path"], link["host"]) == (path, host)
    assert link["note"] or path


def test_the_loser_of_a_name_has_no_address_and_says_who_won() -> None:
    winner = service("shop", "rpc")
    loser = service("shop", "rpc", id="loser", conflict="its name is taken by shop/")
    router = Router(loser, winner)
    assert router.links.of(winner, None)["rpc"]["path"] == "/shop/rpc/"
    link = router.links.of(loser, None)["rpc"]
    assert (link["path"], link["host"], link["note"]) == (None, None, loser["conflict"])


def test_a_service_of_another_node_has_none_and_says_so() -> None:
    link = Router(service("shop", "rpc", node="n2")).of("shop", "rpc")
    assert (link["path"], link["host"]) == (None, None)
    assert link["note"] == (
        "the service runs on node n2, which this router cannot reach: it is no peer (ROUTER_PEERS)"
    )


def test_a_socket_that_nothing_leads_to_says_so() -> None:
    router = Router(service("shop", "other", "web_rpc", "rpc", "web_ui"))
    assert router.of("shop", "other")["note"] == "sockets of this role have no address"
    hidden = router.of("shop", "web_ui")
    assert (hidden["path"], hidden["host"]) == (None, None)
    assert hidden["note"] == "its addresses lead to another socket"


def test_what_the_caller_may_not_see_changes_none_of_its_addresses() -> None:
    """Else the form of an address would tell that another context has such a service."""
    router = Router(service("shop", "rpc"), service("rpc", "rpc", context="shop"))
    mine = Filter(contexts=frozenset({"default"}))
    assert router.of("shop", "rpc", mine)["path"] == "/shop/rpc/"


NAMES = st.one_of(
    st.sampled_from(["shop", "acme", "rpc", "api", "admin", "default", "events", "ui", "a.b"]),
    st.text(min_size=1, max_size=8),
    st.from_regex(r"\A[a-z0-9-]{1,70}\Z"),
)
ROLES = st.one_of(
    st.sampled_from(["rpc", "admin", "other", "web_page", "web_rpc", "web_ui", "web_"]),
    st.text(max_size=5).map(lambda text: f"web_{text}"),
)
SERVICES = st.builds(
    lambda name, context, node, roles: service(name, *roles, context=context, node=node),
    NAMES,
    st.one_of(st.just("default"), NAMES),
    st.sampled_from([HERE, HERE, "n2"]),
    st.lists(ROLES, max_size=4, unique=True),
)


@settings(max_examples=400, deadline=None)
@given(st.lists(SERVICES, max_size=5))
def test_reading_an_address_gives_the_socket_back_whatever_is_asked_below_it(
    services: Sequence[Json],
) -> None:
    router = Router(*{each["id"]: each for each in services}.values())
    for record in router.services:
        for socket in record["sockets"]:
            link = router.links.of(record, None)[socket["name"]]
            for host, path in (("localhost", link["path"]), (link["host"], link["host_path"])):
                if host is None or path is None:
                    continue
                for below in ("", "x", "page/y", "openrpc.json?a=/b"):
                    found = router.read(host, path + below)
                    assert found is not None
                    assert (found.record["id"], found.socket) == (record["id"], socket)
                    assert found.rest == f"/{below}"
            assert link["path"] or link["host"] or link["note"]
