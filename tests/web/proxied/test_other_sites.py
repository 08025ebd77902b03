"""What pages of other sites can make a browser do at the router: nothing, and read nothing."""

from pathlib import Path

import pytest

from hero_router.proxy.address import RESERVED
from tests.support.redis import RedisServer
from tests.web.live import Live, working
from tests.web.raw import ask, get, post
from tests.web.upstream import OK, UPGRADE, accept, answers, exchanged, service

ROUTES = ("/", "/static/x/js/main.js", "/api/services", "/api/services/x", "/api/events", "/events",
          "/api/clients", "/metrics", "/health", "/ready", "/openrpc.json", "/rpc",
          "/.well-known/heroservice.json")  # fmt: skip


def fetch(site: str, mode: str, dest: str) -> tuple[str, ...]:
    return f"Sec-Fetch-Site: {site}", f"Sec-Fetch-Mode: {mode}", f"Sec-Fetch-Dest: {dest}"


IMAGE, CALL = ("no-cors", "image"), ("no-cors", "empty")
FRAME, LINK = ("navigate", "iframe"), ("navigate", "document")


@pytest.mark.parametrize("site", ["cross-site", "same-site"])
@pytest.mark.parametrize("path", ROUTES)
async def test_no_route_of_the_router_answers_another_sites_image_call_or_frame(
    live: Live, path: str, site: str
) -> None:
    """Not to `http://svc.localhost` either, which some browsers call the same site."""
    for kind in (IMAGE, CALL, FRAME, ("no-cors", "script")):
        answer = await ask(live.port, get(path, "localhost", *fetch(site, *kind)))
        assert (answer.status, answer.error["code"]) == (403, "wrong_origin")
    form = fetch(site, *LINK)
    assert (await ask(live.port, post("Content-Length: 0", *form, path=path))).status == 403


async def test_a_link_of_another_site_and_the_own_page_are_answered(live: Live) -> None:
    for site, kind in (
        ("cross-site", LINK),
        ("same-site", LINK),
        ("none", LINK),
        ("same-origin", CALL),
        ("same-origin", IMAGE),
    ):
        assert (await ask(live.port, get("/", "localhost", *fetch(site, *kind)))).status == 200


async def test_a_page_by_path_may_load_its_parts_although_it_is_another_site_to_the_browser(
    live: Live, page: Path
) -> None:
    """It is in a sandbox. Its scripts make no calls; no form of another site reaches it."""
    async with service(page, answers(OK)) as made:
        for kind in (IMAGE, FRAME, LINK, ("no-cors", "style"), ("no-cors", "script")):
            request = get("/shop/page/", "localhost", *fetch("cross-site", *kind))
            assert (await ask(live.port, request)).status == 200
        calls = made.visits
        refused = [
            get("/shop/page/", "localhost", *fetch("cross-site", *CALL)),
            get("/shop/page/", "localhost", *fetch("cross-site", "cors", "empty"), "Origin: null"),
            post("Content-Length: 0", *fetch("cross-site", *LINK), path="/shop/page/"),
            post("Content-Length: 0", *fetch("same-site", *CALL), path="/shop/page/"),
        ]
        for request in refused:
            answer = await ask(live.port, request)
            assert (answer.status, answer.error["code"]) == (403, "wrong_origin")
    assert made.visits == calls


async def test_below_its_own_host_name_a_service_decides_itself(live: Live, page: Path) -> None:
    async with service(page, answers(OK)):
        request = get("/", "shop.localhost", *fetch("cross-site", *IMAGE))
        assert (await ask(live.port, request)).body == b"ok"


async def test_a_services_own_origin_cannot_call_the_routers_api(live: Live, page: Path) -> None:
    """Each service has an origin of its own: neither the API nor another service takes it."""
    origin = f"Origin: http://shop.localhost:{live.port}"
    for path in ("/api/services", "/api/events", "/rpc", "/shop/page/", "/metrics"):
        request = get(path, f"localhost:{live.port}", origin, *fetch("cross-site", "cors", "empty"))
        assert (await ask(live.port, request)).status == 403
    async with service(page, answers(OK)):
        request = get("/", f"shop.localhost:{live.port}", origin)
        assert (await ask(live.port, request)).body == b"ok"
        request = get("/", f"other.localhost:{live.port}", origin)
        assert (await ask(live.port, request)).status == 403


async def test_a_websocket_of_another_sites_page_reaches_no_service(live: Live, page: Path) -> None:
    """Browsers send no `Sec-Fetch-Site` with it over plain HTTP."""
    async with service(page, accept) as made:
        for origin in ("http://evil.com", "null", f"http://shop.localhost:{live.port}"):
            request = UPGRADE.replace(b"Upgrade: t", f"Upgrade: t\r\nOrigin: {origin}".encode())
            raw = await exchanged(live, request, until=b"}}")
            assert raw.startswith(b"HTTP/1.1 403 ")
        assert made.visits == 0
        own = UPGRADE.replace(b"Upgrade: t", b"Upgrade: t\r\nOrigin: http://localhost")
        assert (await exchanged(live, own, until=b"\r\n\r\n")).startswith(b"HTTP/1.1 101 ")


async def test_an_origin_in_the_settings_may(redis7: RedisServer) -> None:
    async with working(redis7.url, allowed_hosts="apps.example") as live:
        fields = fetch("cross-site", "cors", "empty")
        request = get("/api/services", "localhost", "Origin: https://apps.example", *fields)
        assert (await ask(live.port, request)).status == 200


@pytest.mark.parametrize(
    ("host", "status"),
    [
        ("evil.com", 421), ("localhost.evil.com", 421), ("127.0.0.1.nip.io", 421),
        ("localhost.", 200), ("LOCALHOST", 200), ("shop.localhost.evil.com", 421),
        ("localhost:x", 400), ("localhost@evil.com", 400), ("", 400), ("127.0.0.1:9", 200),
        ("0x7f.1", 421), ("2130706433", 421), ("\u212aiosk.localhost", 400), ("a b", 400),
    ],
)  # fmt: skip
@pytest.mark.parametrize("path", ["/health", "/api/events?x", "/shop/page/"])
async def test_a_host_is_compared_whole_and_after_parsing(
    live: Live, page: Path, host: str, status: int, path: str
) -> None:
    async with service(page, answers(OK)):
        method = b"HEAD" if "events" in path else b"GET"
        answer = await ask(live.port, get(path, host).replace(b"GET", method, 1))
    assert answer.status == status


@pytest.mark.parametrize(
    "origin",
    ["null", "http://localhost:1", "http://localhost.evil.com", "http://evil.com/localhost",
     "http://localhost@evil.com", "http://localhost, http://evil.com", "file://", "",
     "chrome-extension://abc", "http://127.0.0.1"],
)  # fmt: skip
async def test_an_origin_is_compared_with_host_and_port(live: Live, origin: str) -> None:
    for path in ("/api/services", "/shop/page/"):
        answer = await ask(live.port, get(path, "localhost:9", f"Origin: {origin}"))
        assert (answer.status, answer.error["code"]) == (403, "wrong_origin")


def test_the_routes_of_this_test_are_the_routers_own() -> None:
    firsts = {path.split("/")[1] for path in ROUTES}
    assert firsts <= RESERVED
