"""How browsers sign in and out at a real worker, and what a sign-out ends."""

import asyncio
import contextlib
import time
from pathlib import Path

import aiohttp
import pytest

from hero_router.access.rules_from_settings import load_rules
from hero_router.access.sign_in_link import PATH as LINK_PATH
from hero_router.access.sign_in_link import make_code
from hero_router.settings.access import AccessSettings
from hero_router.settings.networks import parse_network
from hero_router.store.client import connect
from hero_router.store.ip_allowlist import AllowList
from hero_router.store.keys import Keys
from hero_router.store.revoked_sessions import RevokedSessions
from tests.support.redis import RedisServer
from tests.support.wait import PATIENCE_SECONDS, eventually
from tests.web.access_control.callers import (
    TOKEN,
    VIEWING,
    bearing,
    hearing,
    me,
    sign_in,
    status_of,
)
from tests.web.live import Live
from tests.web.upstream import Visit, service


async def test_a_browser_signs_in_with_a_form(live: Live, http: aiohttp.ClientSession) -> None:
    assert await me(http, live.url) is None
    status, headers = await sign_in(http, live.url, next_path="/?a=1")
    assert (status, headers["Location"]) == (303, "/?a=1")
    cookie = headers["Set-Cookie"]
    assert {"HttpOnly", "SameSite=Strict", "Path=/"} <= {*cookie.split("; ")}
    assert TOKEN not in cookie
    found = await me(http, live.url)
    assert found is not None
    assert (found["name"], found["roles"], found["kind"]) == ("admin", ["admin", "viewer"], "token")


async def test_each_sign_in_begins_a_session_of_its_own(
    live: Live, http: aiohttp.ClientSession
) -> None:
    one, two = [(await sign_in(http, live.url))[1]["Set-Cookie"] for _ in range(2)]
    assert one != two


async def test_a_sign_in_ends_the_session_that_the_browser_had_and_its_streams(
    live: Live, http: aiohttp.ClientSession
) -> None:
    """Else a page would go on to get what only its user before may see."""
    before = (await sign_in(http, live.url))[1]["Set-Cookie"].partition(";")[0]
    async with aiohttp.ClientSession() as other, hearing(other, live, VIEWING) as going_on:
        async with hearing(http, live) as listener:
            await sign_in(http, live.url, VIEWING)
            await eventually(lambda: listener.ended, message="the stream has ended")
        assert not going_on.ended
        found = await me(http, live.url)
        assert found is not None
        assert found["roles"] == ["viewer"]
        assert await status_of(other, "GET", f"{live.url}/api/me", {"Cookie": before}) == 401


@pytest.mark.parametrize("cookie", ["hero_session=junk", "hero_session="])
async def test_a_cookie_that_holds_no_session_hinders_no_sign_in(
    live: Live, http: aiohttp.ClientSession, cookie: str
) -> None:
    async with http.post(
        f"{live.url}/sign-in",
        data={"token": TOKEN},
        headers={"Cookie": cookie},
        allow_redirects=False,
    ) as answer:
        assert (answer.status, "Set-Cookie" in answer.headers) == (303, True)


async def test_over_tls_the_cookie_is_for_this_host_and_tls_only(
    live: Live, http: aiohttp.ClientSession
) -> None:
    told = {"X-Forwarded-Proto": "https"}  # from a proxy on this machine, which is trusted
    async with http.post(
        f"{live.url}/sign-in", data={"token": TOKEN}, headers=told, allow_redirects=False
    ) as answer:
        cookie = answer.headers["Set-Cookie"]
    assert cookie.startswith("__Host-hero_session=")
    assert {"Secure", "Path=/"} <= {*cookie.split("; ")}
    assert "Domain" not in cookie
    value = cookie.partition(";")[0].partition("=")[2]
    mine, planted = f"__Host-hero_session={value}", f"hero_session={value}"
    url = f"{live.url}/api/me"
    async with aiohttp.ClientSession() as browser:  # with the cookies of no jar
        assert await status_of(browser, "GET", url, told | {"Cookie": planted}) == 401
        assert await status_of(browser, "GET", url, told | {"Cookie": f"a=b; {mine}"}) == 200


@pytest.mark.parametrize(
    "next_path",
    ["//evil.example", "https://evil.example/", "/\\evil.example", "evil", "/a\r\nX: y", ""],
)
async def test_a_sign_in_leads_nowhere_else(
    live: Live, http: aiohttp.ClientSession, next_path: str
) -> None:
    assert (await sign_in(http, live.url, next_path=next_path))[1]["Location"] == "/"


async def test_a_wrong_token_gets_the_form_again_and_many_have_to_wait(
    live: Live, http: aiohttp.ClientSession, caplog: pytest.LogCaptureFixture
) -> None:
    for number in range(10):
        status, headers = await sign_in(http, live.url, f"wrong-token-number-{number}")
        assert (status, "Set-Cookie" in headers) == (403, False)
    status, headers = await sign_in(http, live.url)
    assert (status, headers["Retry-After"]) == (429, "60")
    assert "the client 127.0.0.1: it sent a wrong token" in caplog.text
    assert "wrong-token-number" not in caplog.text


async def test_a_browser_that_opens_the_status_page_signs_in_first_and_programs_are_refused(
    live: Live, http: aiohttp.ClientSession
) -> None:
    url, page = f"{live.url}/status?context=shop", {"Accept": "text/html"}
    async with http.get(url, headers=page, allow_redirects=False) as answer:
        assert answer.status == 303
        assert answer.headers["Location"] == "/sign-in?next=%2Fstatus%3Fcontext%3Dshop"
    assert await status_of(http, "GET", url, {}) == 401
    assert await status_of(http, "GET", f"{live.url}/api/services", page) == 401
    await sign_in(http, live.url)
    assert await status_of(http, "GET", url, page) in (200, 503)


async def test_a_page_of_another_site_cannot_send_the_form(
    live: Live, http: aiohttp.ClientSession
) -> None:
    headers = {"Origin": "https://evil.example"}
    async with http.post(
        f"{live.url}/sign-in", data={"token": TOKEN}, headers=headers, allow_redirects=False
    ) as answer:
        assert (answer.status, "Set-Cookie" in answer.headers) == (403, False)


async def test_a_link_signs_in_once_within_a_minute(
    live: Live, http: aiohttp.ClientSession, caplog: pytest.LogCaptureFixture
) -> None:
    signer, now_ms = live.parts.access.access_control.rules.signer, int(time.time() * 1000)
    code = make_code(signer, "n1", now_ms)
    url = live.url + LINK_PATH + code
    look = {"Sec-Purpose": "prefetch;prerender"}
    assert await status_of(http, "GET", url, look) == 403
    assert await status_of(http, "GET", url, {}) == 303
    assert await me(http, live.url)
    assert await status_of(http, "GET", url, {}) == 403
    assert "used before or is too old" in caplog.text
    late = LINK_PATH + make_code(signer, "n2", now_ms - 60_001)
    assert await status_of(http, "GET", live.url + late, {}) == 403
    forged = load_rules(AccessSettings(token="other-0123456789abc")).signer
    other = LINK_PATH + make_code(forged, "n3", now_ms)
    assert await status_of(http, "GET", live.url + other, {}) == 403
    assert code not in caplog.text


async def test_a_sign_out_ends_the_session_its_streams_and_its_copies(
    live: Live, http: aiohttp.ClientSession
) -> None:
    cookie = (await sign_in(http, live.url))[1]["Set-Cookie"].partition(";")[0]
    async with (
        hearing(http, live) as listener,
        aiohttp.ClientSession() as program,
        hearing(program, live, VIEWING) as other,
    ):
        assert await status_of(http, "POST", f"{live.url}/sign-out", {}) == 303
        await eventually(lambda: listener.ended, message="the stream has ended")
        assert not other.ended
    async with aiohttp.ClientSession(headers={"Cookie": cookie}) as copied:
        assert await me(copied, live.url) is None


async def test_a_session_that_is_revoked_elsewhere_ends_streams_within_seconds(
    live: Live, redis7: RedisServer, http: aiohttp.ClientSession
) -> None:
    await sign_in(http, live.url)
    client = connect(redis7.url, name="test")
    async with (
        hearing(http, live) as listener,
        aiohttp.ClientSession() as program,
        hearing(program, live, VIEWING) as other,
    ):
        await RevokedSessions(client, Keys()).revoke_all()
        await eventually(lambda: listener.ended, message="the stream has ended")
        assert not other.ended
    assert await me(http, live.url) is None
    await client.aclose()


async def test_an_address_that_is_removed_loses_its_calls_and_tunnels(
    live: Live, redis7: RedisServer, http: aiohttp.ClientSession, tmp_path: Path
) -> None:
    client = connect(redis7.url, name="test")
    listed, address = AllowList(client, Keys()), parse_network("198.51.100.7")
    behind = {"X-Forwarded-For": "198.51.100.7"}
    assert await status_of(http, "GET", f"{live.url}/api/me", behind | bearing(TOKEN)) == 403
    await listed.add(address)

    async def may() -> bool:
        found = await status_of(http, "GET", f"{live.url}/api/me", behind | bearing(TOKEN))
        return found == 200

    await eventually(may, message="the address may connect")

    async def script(visit: Visit) -> None:
        if "Upgrade: echo" in await visit.head():
            await visit.send(b"HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\n")
            await visit.send(b"Upgrade: echo\r\n\r\n")
        else:
            await visit.send(b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n")
        await visit.reader.read()

    asked = (
        b"GET /a/page/ HTTP/1.1\r\nHost: localhost\r\nX-Forwarded-For: 198.51.100.7\r\n"
        b"Authorization: Bearer " + TOKEN.encode() + b"\r\n"
    )
    async with service(tmp_path / "a/web_page.sock", script):
        tunnel, to_tunnel = await asyncio.open_connection("127.0.0.1", live.port)
        to_tunnel.write(asked + b"Connection: upgrade\r\nUpgrade: echo\r\n\r\n")
        assert (await tunnel.readuntil(b"\r\n\r\n")).startswith(b"HTTP/1.1 101")
        stream, to_stream = await asyncio.open_connection("127.0.0.1", live.port)
        to_stream.write(asked + b"\r\n")
        assert (await stream.readuntil(b"\r\n\r\n")).startswith(b"HTTP/1.1 200")
        await listed.remove(address)
        async with asyncio.timeout(PATIENCE_SECONDS):
            for reader in (tunnel, stream):
                with contextlib.suppress(ConnectionResetError):
                    assert await reader.read() == b""
        for writer in (to_tunnel, to_stream):
            writer.close()
    await client.aclose()
