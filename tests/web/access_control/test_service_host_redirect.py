"""Where a signed-in browser is led that opens a page of a service by path, in a sandbox."""

from pathlib import Path

import aiohttp
import pytest

from tests.web.access_control.callers import OK, TOKEN, bearing, sign_in, status_of
from tests.web.access_control.test_service_sign_in import local
from tests.web.live import Live
from tests.web.upstream import answers, service

PAGE = {"Accept": "text/html", "Sec-Fetch-Mode": "navigate"}


@pytest.mark.parametrize(
    ("path", "led"),
    [("/a/page/", "/"), ("/a/page/x%2Fy?z=1&t", "/x%2Fy?z=1&t"), ("/a/page?z=1", "/?z=1"),
     ("/default/a/page/x", "/x"), ("/a/page/ü", "/%C3%BC")],
)  # fmt: skip
async def test_it_is_led_to_the_services_own_host_name(live: Live, path: str, led: str) -> None:
    async with aiohttp.ClientSession(connector=local(), headers=PAGE) as http:
        await sign_in(http, router := f"http://localhost:{live.port}")
        async with http.get(f"{router}{path}", allow_redirects=False) as answer:
            assert answer.status == 303
            assert answer.headers["Location"] == f"http://a.localhost:{live.port}{led}"


async def test_where_its_session_does_not_count_a_page_says_why_and_leads_there(
    live: Live, http: aiohttp.ClientSession, tmp_path: Path
) -> None:
    """A browser that knows the router by its address is not signed in at the router's name."""
    await sign_in(http, live.url)
    path = "/a/page/x?y=1&z"
    async with service(tmp_path / "a/web_page.sock", answers(OK, OK, OK)):
        async with http.get(live.url + path, headers=PAGE) as answer:
            text = await answer.text()
            assert (answer.status, answer.headers["Cache-Control"]) == (200, "no-store")
        assert f'href="http://a.localhost:{live.port}/x?y=1&amp;z"' in text
        assert 'href="/a/page/x?y=1&amp;z"' in text
        again = {"Referer": live.url + path}
        async with http.get(live.url + path, headers=PAGE | again) as answer:
            assert await answer.text() == "ok"
        behind = {"X-Forwarded-Host": "door.example", "X-Forwarded-Prefix": "/hero"}
        async with http.get(live.url + path, headers=PAGE | behind) as answer:
            text = await answer.text()
            assert 'href="/hero/a/page/x?y=1&amp;z"' in text
            assert "ROUTER_DOMAIN" in text  # `a.localhost` would be the browser's own machine
        below = {"X-Forwarded-Host": "localhost", "X-Forwarded-Prefix": "/hero"}
        async with http.get(live.url + path, headers=PAGE | below) as answer:
            assert answer.history == ()  # whether the proxy knows services' names is not known
            assert 'href="/hero/a/page/x?y=1&amp;z"' in await answer.text()


async def test_only_the_pages_of_a_session_are_led_away(
    live: Live, http: aiohttp.ClientSession, tmp_path: Path
) -> None:
    address = f"{live.url}/a/page/"
    async with service(tmp_path / "a/web_page.sock", answers(OK, OK, OK)):
        async with http.get(address, headers=PAGE | bearing(TOKEN)) as answer:
            assert await answer.text() == "ok"
        await sign_in(http, live.url)
        for other in ({"Accept": "*/*"}, PAGE | {"Sec-Fetch-Mode": "cors"}):
            async with http.get(address, headers=other) as answer:
                assert await answer.text() == "ok"


async def test_a_browser_behind_a_proxy_is_led_to_sign_in_below_its_prefix(
    live: Live, http: aiohttp.ClientSession
) -> None:
    told = PAGE | {"X-Forwarded-Prefix": "/hero"}
    async with http.get(f"{live.url}/a/page/x?y=1", headers=told, allow_redirects=False) as answer:
        assert answer.headers["Location"] == "/hero/sign-in?next=%2Fhero%2Fa%2Fpage%2Fx%3Fy%3D1"
    async with http.get(f"{live.url}/sign-in", headers=told) as answer:
        text = await answer.text()
    assert 'action="/hero/sign-in"' in text
    assert 'href="/hero/static/' in text
    assert 'name="next" value="/hero/"' in text
    assert await status_of(http, "GET", f"{live.url}/api/me", told) == 401
    async with http.post(
        f"{live.url}/sign-in", data={"token": TOKEN}, headers=told, allow_redirects=False
    ) as answer:
        assert answer.headers["Location"] == "/hero/"
    async with http.post(f"{live.url}/sign-out", headers=told, allow_redirects=False) as answer:
        assert answer.headers["Location"] == "/hero/sign-in"
