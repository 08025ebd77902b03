"""The addresses of a service: by its own host name where that is exact, else by path."""

from typing import Any

import pytest

from hero_router.cli.service_urls import front, page_of, path_of
from hero_router.proxy.address import by_host, by_path

URL = "http://127.0.0.1:9988"


def record(name: str = "shop", context: str = "default", *roles: str) -> dict[str, Any]:
    sockets = [{"role": role} for role in roles or ("rpc", "admin", "web_docs", "web_app")]
    return {"name": name, "context": context, "sockets": sockets}


@pytest.mark.parametrize(
    ("url", "domain", "segment", "page"),
    [
        (URL, "localhost", "docs", "http://shop.localhost:9988/"),
        (URL, "localhost", "rpc", "http://shop.localhost:9988/rpc/"),
        (URL, "localhost", "admin", f"{URL}/default/shop/admin/"),
        (URL, "localhost", "app", f"{URL}/default/shop/app/"),
        ("http://localhost", "localhost", "docs", "http://shop.localhost/"),
        ("http://[::1]:80", "localhost", "docs", "http://shop.localhost:80/"),
        # A name below localhost is a name of the browser's machine, and there is no path below it.
        ("http://10.0.0.1:80", "localhost", "docs", "http://10.0.0.1:80/default/shop/docs/"),
        (f"{URL}/hero", "localhost", "docs", f"{URL}/hero/default/shop/docs/"),
        ("https://r.example.org", "example.org", "docs", "https://shop.example.org/"),
        (URL, "example.org", "docs", "http://shop.example.org:9988/"),
    ],
)
def test_the_page_of_a_socket(url: str, domain: str, segment: str, page: str) -> None:
    assert page_of(url, domain, record(), segment) == page


def test_the_socket_for_browsers_is_the_first_page_else_admin_else_any() -> None:
    assert front(record()) == "docs"
    assert front(record("a", "b", "rpc", "admin")) == "admin"
    assert front(record("a", "b", "rpc")) == "rpc"
    assert front(record("a", "b", "other")) is None


def test_a_context_is_part_of_the_host_name() -> None:
    assert page_of(URL, "localhost", record(context="eu"), "docs") == (
        "http://shop.eu.localhost:9988/"
    )


@pytest.mark.parametrize("name", ["shop", "a_b", "bücher", "9", "api", "a-b"])
def test_the_router_reads_the_host_name_as_the_same_service(name: str) -> None:
    page = page_of(URL, "localhost", record(name), "docs")
    host = page.removeprefix("http://").partition(":")[0]
    found = by_host(host, "localhost", "/")
    assert found is not None
    assert (found.service, found.context) == (name, None)


@pytest.mark.parametrize(
    "name",
    ["Shop", "a.b", "-a", "a-", "a b", "a/b", "ä" * 60, "x" * 64, "xn--a", "ÄÖ", "ß", "%", "a@b"],
)
def test_a_name_that_is_no_host_name_is_reached_by_path(name: str) -> None:
    assert page_of(URL, "localhost", record(name), "docs").startswith(f"{URL}/default/")
    assert page_of(URL, "localhost", record("shop", name), "docs").startswith(f"{URL}/")


@pytest.mark.parametrize(
    "name", ["shop", "api", "rpc", "Zoë", "a b", "100%", "a?b#c", "a.b", "\U0001f600"]
)
def test_the_router_reads_the_path_as_the_same_service(name: str) -> None:
    path = path_of(record(name, "c d"), "docs")
    assert path.isascii()
    found = by_path(f"{path}/x")[0]
    assert (found.context, found.service, found.socket) == ("c d", name, "docs")
    assert found.rest == "/x"
