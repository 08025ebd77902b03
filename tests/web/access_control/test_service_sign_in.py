"""How browsers sign in at the own origins of services, at a real worker."""

import socket
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import aiohttp
from aiohttp.abc import AbstractResolver

from hero_router.access.principal import Principal
from hero_router.access.sessions import session_content
from hero_router.web.service_sign_in import LANDING, PURPOSE, STATE_COOKIE
from tests.web.access_control.callers import (
    OK,
    TOKEN,
    bearing,
    sign_in,
    status_of,
)
from tests.web.live import Live
from tests.web.upstream import answers, service


async def test_a_service_at_its_own_origin_gets_a_session_of_its_own(
    live: Live, tmp_path: Path
) -> None:
    """By a code that works once, for this host, and in this browser."""
    router, origin = f"http://localhost:{live.port}", f"http://a.localhost:{live.port}"
    page = {"Accept": "text/html"}
    async with (
        aiohttp.ClientSession(connector=local(), headers=page) as http,
        aiohttp.ClientSession(connector=local(), headers=page) as stranger,
        service(tmp_path / "a/web_page.sock", answers(OK)),
    ):
        assert await status_of(http, "GET", f"{origin}/x", {"Accept": "*/*"}) == 401
        away = await location(http, f"{origin}/x?y=1")
        assert away.startswith(f"{router}/sign-in/service?to=")
        assert (await location(http, away)).startswith("/sign-in?next=")
        await sign_in(http, router)
        back = await location(http, away)
        assert back.startswith(f"{origin}/.well-known/hero-router-session?code=")
        assert await status_of(stranger, "GET", back, {}) == 403
        elsewhere = back.replace("http://a.", "http://b.")
        state = parse_qs(urlsplit(away).query)["state"][0]
        assert (
            await status_of(http, "GET", elsewhere, {"Cookie": f"{STATE_COOKIE.plain}={state}"})
            == 403
        )
        assert await location(http, back) == "/x?y=1"
        async with http.get(f"{origin}/x?y=1") as answer:
            assert (answer.status, await answer.text()) == (200, "ok")
        assert await status_of(http, "GET", back, {}) == 403  # a second time
        await status_of(http, "POST", f"{router}/sign-out", {})
        assert await status_of(http, "GET", f"{origin}/x", {"Accept": "*/*"}) == 401


ELSEWHERE = (
    "", "http://[", "javascript:1", "http://evil.example/", "http://localhost.evil.example/",
    "http://a.localhost.evil/", "http://evil.example@a.localhost/", "//a.localhost/",
)  # fmt: skip


async def test_a_router_sends_browsers_only_to_its_own_services(
    live: Live, http: aiohttp.ClientSession
) -> None:
    await sign_in(http, live.url)
    for to in ELSEWHERE:
        assert await sent_back(http, live, to) == 400, to


async def test_a_browser_is_sent_back_only_with_the_scheme_and_port_with_which_it_came(
    live: Live, http: aiohttp.ClientSession
) -> None:
    """Behind another port another program may listen."""
    await sign_in(http, live.url)
    good = f"a.localhost:{live.port}"
    elsewhere = (
        "http://a.localhost/", "http://a.localhost:1/", f"https://{good}/",
        f"http://evil.example\\.localhost:{live.port}/", f"http://x@{good}/", f"http://b{good}x/",
    )  # fmt: skip
    for to in elsewhere:
        assert await sent_back(http, live, to) == 400, to
    assert await sent_back(http, live, f"http://{good}/") == 303
    secure = {"X-Forwarded-Proto": "https"} | bearing(TOKEN)
    assert await sent_back(http, live, f"http://{good}/", secure) == 400
    assert await sent_back(http, live, f"https://{good}/", secure) == 303


async def test_all_tabs_of_a_service_reach_their_pages_in_any_order(
    live: Live, tmp_path: Path
) -> None:
    router, origin = f"http://localhost:{live.port}", f"http://a.localhost:{live.port}"
    pages = [f"{origin}/{number}" for number in range(3)]
    for order in (pages, pages[::-1]):
        async with (
            aiohttp.ClientSession(connector=local(), headers={"Accept": "text/html"}) as http,
            service(tmp_path / "a/web_page.sock", answers(OK)),
        ):
            begun = {page: await location(http, page) for page in pages}
            for page in order:
                await sign_in(http, router)  # in each tab, as each shows the form
                assert await opened(http, begun[page]) == (page, "ok")


async def test_tabs_that_begin_to_sign_in_at_the_same_moment_reach_their_pages(
    live: Live, tmp_path: Path
) -> None:
    """As when a browser opens the tabs of its last session. None has a cookie as it begins."""
    router, origin = f"http://localhost:{live.port}", f"http://a.localhost:{live.port}"
    async with (
        aiohttp.ClientSession(connector=local(), headers={"Accept": "text/html"}) as http,
        service(tmp_path / "a/web_page.sock", answers(OK)),
    ):
        pages = [f"{origin}/{number}?a=b&c" for number in range(3)]
        begun = []
        for page in pages:
            http.cookie_jar.clear()
            begun.append(await location(http, page))
        await sign_in(http, router)
        for page, away in zip(pages, begun, strict=True):
            assert await opened(http, away) == (page, "ok")


async def test_the_code_for_a_services_origin_is_good_for_half_a_minute(
    live: Live, http: aiohttp.ClientSession
) -> None:
    signer, now_ms = live.parts.access.access_control.rules.signer, int(time.time() * 1000)
    statuses = []
    for left_ms in (-1, 20_000):
        session = session_content(Principal(session="s1", expires_ms=now_ms + 60_000))
        until = now_ms + left_ms
        code = signer.sign(
            PURPOSE,
            {"host": "a.localhost", "state": "x", "nonce": f"{until}", "until": until,
             "session": session},
        )  # fmt: skip
        headers = {"Host": "a.localhost", "Cookie": f"{STATE_COOKIE.plain}=x"}
        statuses.append(await status_of(http, "GET", f"{live.url}{LANDING}?code={code}", headers))
    assert statuses == [403, 303]


async def test_the_browser_that_begins_a_sign_in_is_remembered_out_of_reach_of_scripts(
    live: Live, http: aiohttp.ClientSession
) -> None:
    headers = {"Host": "a.localhost", "Accept": "text/html"}
    async with http.get(live.url, headers=headers, allow_redirects=False) as answer:
        cookie = answer.headers["Set-Cookie"]
    assert cookie.startswith(f"{STATE_COOKIE.plain}=")
    assert {"HttpOnly", "SameSite=Lax", "Path=/", "Max-Age=600"} <= {*cookie.split("; ")}
    headers["X-Forwarded-Proto"] = "https"
    async with http.get(live.url, headers=headers, allow_redirects=False) as answer:
        assert answer.headers["Set-Cookie"].startswith("__Host-hero_sign_in=")
    assert live.parts.proxy.forwarder.rules.own_cookies >= STATE_COOKIE.names


async def sent_back(
    http: aiohttp.ClientSession, live: Live, to: str, headers: Mapping[str, str] | None = None
) -> int:
    """The status with which the router answers a browser that says it came from there."""
    query = urlencode({"to": to, "state": "x"})
    return await status_of(http, "GET", f"{live.url}/sign-in/service?{query}", headers or {})


async def opened(http: aiohttp.ClientSession, url: str) -> tuple[str, str]:
    """The address and the text of the page to which the redirects lead."""
    async with http.get(url) as answer:
        return str(answer.url), await answer.text()


async def location(http: aiohttp.ClientSession, url: str) -> str:
    async with http.get(url, allow_redirects=False) as answer:
        assert answer.status == 303, (url, await answer.text())
        return answer.headers["Location"]


def local() -> aiohttp.TCPConnector:
    """Every host name is this machine, as browsers resolve names below localhost."""

    class Here(AbstractResolver):
        async def resolve(self, host: str, port: int = 0, family: Any = 0) -> Any:  # noqa: ARG002
            here = {"hostname": host, "host": "127.0.0.1", "port": port}
            return [{**here, "family": socket.AF_INET, "proto": 0, "flags": 0}]

        async def close(self) -> None:
            return

    return aiohttp.TCPConnector(resolver=Here())
