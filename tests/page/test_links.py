"""The links to a service's sockets, in the detail view."""

from typing import Any
from urllib.parse import urlsplit

import pytest
from playwright.async_api import expect

from tests.page.store import service
from tests.page.view import PageView

pytestmark = pytest.mark.asyncio(loop_scope="session")

SOCKETS = [
    {"name": name, "role": name, "path": f"shop/{name}.sock", "status": "healthy"}
    for name in ("web_page", "rpc")
]
PAGE = {"path": "/shop/page/", "host": "shop.localhost", "host_path": "/", "note": ""}
RPC = {
    "path": "/default/shop/rpc/", "host": "shop.localhost", "host_path": "/rpc/", "note": "because",
}  # fmt: skip


async def shown(view: PageView, **addresses: Any) -> None:
    """The page shows the service `shop`, whose sockets have these addresses."""
    await view.started("1-1", service("shop", sockets=SOCKETS))
    await view.go("#/s/default/shop/sockets")
    await view.answered("id-shop", {"probe": None, "addresses": addresses})


async def test_each_socket_has_its_links_the_services_own_origin_first(view: PageView) -> None:
    await shown(view, web_page=PAGE, rpc=RPC)
    here = urlsplit(view.page.url)
    page, rpc = (view.page.locator(f'[data-socket="{name}"]') for name in ("web_page", "rpc"))
    hrefs = [await each.get_attribute("href") for each in await page.locator("a").all()]
    root = f"{here.scheme}://{here.netloc}"
    assert hrefs == [f"http://shop.localhost:{here.port}/", f"{root}/shop/page/"]
    texts = await page.locator("a").all_text_contents()
    assert texts == [f"shop.localhost:{here.port}/", "/shop/page/"]
    for link in await page.locator("a").all():
        await expect(link).to_have_attribute("rel", "noopener")
        await expect(link).to_have_attribute("target", "_blank")
    assert await rpc.locator("a").first.get_attribute("href") == (
        f"http://shop.localhost:{here.port}/rpc/"
    )
    assert await rpc.locator(".link-note").text_content() == "because"


async def test_a_socket_without_an_address_has_the_reason_and_no_link(view: PageView) -> None:
    none = {"path": None, "host": None, "host_path": "", "note": "it runs on node n2"}
    await shown(view, rpc=none)
    socket = view.page.locator('[data-socket="rpc"]')
    await expect(socket.locator("a")).to_have_count(0)
    assert await socket.locator(".link-note").text_content() == "it runs on node n2"


async def test_links_go_when_the_router_no_longer_gives_them(view: PageView) -> None:
    await shown(view, web_page=PAGE)
    await view.answered("id-shop", None)
    await expect(view.page.locator("[data-sockets] a")).to_have_count(0)


async def test_a_link_with_the_focus_keeps_it_when_the_router_is_asked_again(
    view: PageView,
) -> None:
    await shown(view, web_page=PAGE)
    link = view.page.locator("[data-sockets] a").first
    await link.focus()
    await view.answered("id-shop", {"probe": None, "addresses": {"web_page": PAGE}})
    await expect(link).to_be_focused()


@pytest.mark.parametrize(
    ("page", "expected"),
    [
        ("http://localhost:9988", "http://shop.localhost:9988/"),
        ("http://127.0.0.1:9988", "http://shop.localhost:9988/"),
        ("http://[::1]:9988", "http://shop.localhost:9988/"),
        ("https://apps.localhost", "https://shop.localhost/"),
        ("http://server7:9988", None),
        ("http://localhost.example.org", None),
    ],
)
async def test_a_name_below_localhost_is_a_link_only_on_the_routers_own_machine(
    view: PageView, page: str, expected: str | None
) -> None:
    """Elsewhere it would lead to the reader's machine."""
    links = await view.page.evaluate(
        """async ([address, page]) => {
          const { links } = await import("/static/js/fleet/addresses.js");
          return links(address, new URL(page), `${page}/`);
        }""",
        [PAGE, page],
    )
    hrefs = [each["href"] for each in links]
    assert hrefs == [*([expected] if expected else []), f"{page}/shop/page/"]


async def test_under_a_prefix_of_a_proxy_paths_begin_with_it(view: PageView) -> None:
    address = {**PAGE, "host": "shop.apps.example.org"}
    links = await view.page.evaluate(
        """async (address) => {
          const { links } = await import("/static/js/fleet/addresses.js");
          const place = new URL("https://www.example.org/router/");
          return links(address, place, place.href);
        }""",
        address,
    )
    assert [each["href"] for each in links] == [
        "https://shop.apps.example.org/",
        "https://www.example.org/router/shop/page/",
    ]
