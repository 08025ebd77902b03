"""Who is signed in and who may connect: seen and changed by an administrator at a real worker."""

import time
from typing import Any

import aiohttp
import pytest

from hero_router.access.sign_in_link import PATH as LINK_PATH
from hero_router.access.sign_in_link import make_code
from hero_router.store.client import connect
from hero_router.store.keys import Keys
from hero_router.store.revoked_sessions import RevokedSessions
from hero_router.web import session_recorder
from hero_router.web.browser_sessions import MAX_USER_AGENT
from tests.support.oidc_provider import Provider
from tests.support.redis import RedisServer
from tests.support.wait import eventually
from tests.web.access_control import oidc as provided
from tests.web.access_control.callers import (
    TOKEN,
    VIEWING,
    bearing,
    hearing,
    me,
    sign_in,
    status_of,
)
from tests.web.live import Live, working

KEYS = Keys()
BEHIND = "198.51.100.7"


def browsing(agent: str = "Firefox", address: str = "127.0.0.1") -> aiohttp.ClientSession:
    """A browser with cookies of its own."""
    headers = {"User-Agent": agent, "X-Forwarded-For": address}
    return aiohttp.ClientSession(cookie_jar=aiohttp.CookieJar(unsafe=True), headers=headers)


async def ask(
    http: aiohttp.ClientSession, url: str, method: str, token: str | None = TOKEN, **params: object
) -> Any:
    """The whole answer to a call, by token or (None) by the browser's cookie."""
    call = {"jsonrpc": "2.0", "id": 1, "method": method, "params": params}
    async with http.post(f"{url}/rpc", json=call, headers=bearing(token)) as answer:
        return await answer.json()


async def result(
    http: aiohttp.ClientSession,
    live: Live,
    method: str,
    token: str | None = TOKEN,
    **params: object,
) -> Any:
    answer = await ask(http, live.url, method, token, **params)
    assert "result" in answer, answer
    return answer["result"]


async def listed(http: aiohttp.ClientSession, live: Live) -> list[Any]:
    found: list[Any] = (await result(http, live, "router.sessions"))["sessions"]
    return found


async def test_who_signs_in_is_listed_and_leaves_with_the_sign_out(
    live: Live, http: aiohttp.ClientSession, redis7: RedisServer
) -> None:
    async with browsing("Firefox\u202e" + "x" * 300) as browser, browsing() as other:
        await sign_in(browser, live.url)
        signer, now_ms = live.parts.access.access_control.rules.signer, int(time.time() * 1000)
        link = live.url + LINK_PATH + make_code(signer, "n1", now_ms)
        assert await status_of(other, "GET", link, {}) == 303
        found = {each["way"]: each for each in await listed(http, live)}
        by_token = found["token"]
        own = await me(browser, live.url)
        assert own is not None
        assert by_token["id"] == own["session"]
        assert by_token["until"] == own["session_ends"]
        assert abs(by_token["at"] - now_ms) < 60_000
        assert (by_token["name"], by_token["roles"]) == ("admin", ["admin", "viewer"])
        assert (by_token["contexts"], by_token["address"]) == (None, "127.0.0.1")
        assert by_token["user_agent"].startswith("Firefox\ufffdxxx")
        assert len(by_token["user_agent"]) == MAX_USER_AGENT
        assert found.keys() == {"token", "link"}
        assert [each["own"] for each in found.values()] == [False, False]
        mine = await result(browser, live, "router.sessions", None)
        assert [each["way"] for each in mine["sessions"] if each["own"]] == ["token"]
        await holds_no_secret(redis7, browser, other)
        assert await status_of(browser, "POST", f"{live.url}/sign-out", {}) == 303
        assert [each["way"] for each in await listed(http, live)] == ["link"]


async def holds_no_secret(redis7: RedisServer, *browsers: aiohttp.ClientSession) -> None:
    """Neither a token nor a cookie is anywhere in Redis."""
    client = connect(redis7.url, name="test")
    kept = str(await client.hgetall(KEYS.sessions))
    cookies = [cookie.value for browser in browsers for cookie in browser.cookie_jar]
    assert len(cookies) == len(browsers)
    assert not any(secret in kept for secret in (TOKEN, *cookies))
    await client.aclose()


async def test_a_user_of_an_openid_provider_is_listed(
    oidc: Live, provider: Provider, redis7: RedisServer
) -> None:
    async with provided.browsing() as browser:
        status, _ = await provided.sign_in(browser, oidc)
        assert status == 200
    client = connect(redis7.url, name="test")
    (session,) = await RevokedSessions(client, KEYS).recorded()
    assert (session.way, session.address, session.roles) == ("oidc", BEHIND, ["viewer"])
    await client.aclose()


async def test_an_administrator_ends_one_session_of_others(
    live: Live, http: aiohttp.ClientSession, caplog: pytest.LogCaptureFixture
) -> None:
    async with browsing() as browser, browsing() as other:
        for each in (browser, other):
            await sign_in(each, live.url)
        own = await me(browser, live.url)
        assert own is not None
        async with hearing(browser, live) as listener, hearing(other, live) as going_on:
            answer = await result(http, live, "router.end_session", id=own["session"])
            assert answer == {"session_id": own["session"], "name": "admin"}
            await eventually(lambda: listener.ended, message="the stream has ended")
            assert not going_on.ended
        assert await me(browser, live.url) is None
        assert await me(other, live.url)
        assert len(await listed(http, live)) == 1
        again = await ask(http, live.url, "router.end_session", id=own["session"])
        assert again["error"]["data"]["code"] == "not_found"
        assert f"the browser session {own['session']} of admin was ended by admin" in caplog.text


async def test_all_others_end_also_those_that_nobody_recorded_and_the_own_goes_on(
    live: Live, http: aiohttp.ClientSession, redis7: RedisServer
) -> None:
    async with browsing() as browser, browsing() as other, browsing() as third:
        for each in (browser, other, third):
            await sign_in(each, live.url)
        own = await me(browser, live.url)
        assert own is not None
        client = connect(redis7.url, name="test")
        began = max(each["at"] for each in await listed(http, live))
        await client.delete(KEYS.sessions, KEYS.session_ends)

        async def is_past() -> bool:
            seconds, micros = await client.time()
            return bool(int(seconds) * 1000 + int(micros) // 1000 > began)

        await eventually(is_past, message="Redis's clock is past their beginning")
        assert await listed(http, live) == []
        answer = await result(browser, live, "router.end_sessions", None)
        assert answer["spared"] == own["session"]
        assert [await me(each, live.url) is None for each in (browser, other, third)] == [
            False, True, True,
        ]  # fmt: skip

        async def holds() -> bool:
            """By the worker's clock, which may be a little behind Redis's."""
            await sign_in(other, live.url)
            return await me(other, live.url) is not None

        await eventually(holds, message="a new session holds")
        answer = await result(browser, live, "router.end_sessions", None, others=False)
        assert answer["spared"] is None
        assert [await me(each, live.url) for each in (browser, other)] == [None, None]
        await client.aclose()


async def test_a_session_that_was_ended_a_moment_ago_cannot_end_all_others_and_live_on(
    live: Live, http: aiohttp.ClientSession, redis7: RedisServer
) -> None:
    """Its worker reads only every few seconds which sessions were ended."""
    client = connect(redis7.url, name="test")
    async with browsing() as browser, browsing() as other:
        for each in (browser, other):
            await sign_in(each, live.url)
        own = await me(browser, live.url)
        assert own is not None
        await RevokedSessions(client, KEYS).revoke(own["session"])
        answer = await ask(browser, live.url, "router.end_sessions", None)
        assert "result" not in answer
        assert not await client.exists(KEYS.revoked_before, KEYS.revoked_except)
        await live.parts.access.follower.look_at_sessions()
        assert [await me(each, live.url) is None for each in (browser, other)] == [True, False]
    await client.aclose()


async def test_a_sign_in_needs_no_record_and_is_recorded_when_redis_answers(
    live: Live, http: aiohttp.ClientSession, redis7: RedisServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(session_recorder, "WAIT_SECONDS", 0.2)
    monkeypatch.setattr(session_recorder, "RETRY_SECONDS", 0.1)
    async with browsing() as browser:
        with redis7.frozen():
            status, _ = await sign_in(browser, live.url)
            assert status == 303
            assert await me(browser, live.url)

        async def is_listed() -> bool:
            answer = await ask(http, live.url, "router.sessions")
            found = answer.get("result", {"sessions": []})  # Redis has just begun to answer again
            return [each["name"] for each in found["sessions"]] == ["admin"]

        await eventually(is_listed, message="the session is recorded")


async def test_an_address_is_added_and_removed_while_the_worker_runs(
    live: Live, http: aiohttp.ClientSession, caplog: pytest.LogCaptureFixture
) -> None:
    behind = {"X-Forwarded-For": BEHIND} | bearing(TOKEN)
    assert await status_of(http, "GET", f"{live.url}/api/me", behind) == 403
    added = await result(http, live, "router.allow", network=BEHIND, note="the\noffice")
    assert added == {"network": f"{BEHIND}/32", "is_new": True, "is_everyone": False}
    assert await status_of(http, "GET", f"{live.url}/api/me", behind) == 200, "at once"
    found = await result(http, live, "router.allowed")
    assert (found["in_force"], found["fixed"]) == (True, ["192.0.2.0/24"])
    (entry,) = found["added"]
    assert (entry["network"], entry["note"]) == (f"{BEHIND}/32", "the\ufffdoffice")
    assert entry["added_at"] <= found["now"]
    removed = await result(http, live, "router.disallow", network=BEHIND)
    assert removed == {"network": f"{BEHIND}/32", "was_listed": True}
    assert await status_of(http, "GET", f"{live.url}/api/me", behind) == 403
    assert f"{BEHIND}/32 may connect from now on: admin has added it" in caplog.text
    assert (
        f"{BEHIND}/32 was removed from the list of addresses that may connect, by admin"
        in caplog.text
    )


@pytest.mark.parametrize(("typed", "words"), [("10.0.0.7/8", "write 10.0.0.0/8"), ("x", "not an")])
async def test_what_is_no_network_is_refused_in_words(
    live: Live, http: aiohttp.ClientSession, typed: str, words: str
) -> None:
    for method in ("router.allow", "router.disallow"):
        error = (await ask(http, live.url, method, network=typed))["error"]
        assert (error["code"], words in error["message"]) == (-32602, True)


async def test_the_whole_internet_is_told(live: Live, http: aiohttp.ClientSession) -> None:
    assert (await result(http, live, "router.allow", network="::/0"))["is_everyone"]


async def test_who_may_do_what_and_how_they_get_in(live: Live, http: aiohttp.ClientSession) -> None:
    await sign_in(http, live.url, "wrong-token-number-1")
    found = await result(http, live, "router.access")
    ways = {each["name"]: each for each in found["ways"]}
    assert [name for name, way in ways.items() if way["on"]] == ["token", "link", "metrics"]
    assert ways["token"]["lines"] == [
        "admin: administrator", "viewer: viewer", "clerk: viewer of shop",
        "boss: administrator of shop",
    ]  # fmt: skip
    rights = {each["name"]: each["extents"] for each in found["rights"]}
    assert rights["access"]["administrator"] == "yes"
    assert rights["access"]["administrator of some contexts"] == "no"
    assert rights["call"]["administrator of some contexts"] == "contexts"
    (tries,) = found["tries"]
    assert (tries["address"], tries["wrong"], tries["wait_seconds"]) == ("127.0.0.1", 1, 0)
    assert not any(token in str(found) for token in (TOKEN, VIEWING))


async def test_a_router_without_any_login_says_that_it_is_open(redis7: RedisServer) -> None:
    async with working(redis7.url) as live, aiohttp.ClientSession() as http:
        found = await result(http, live, "router.access", None)
        assert [way["name"] for way in found["ways"] if way["on"]] == ["open"]
        allowed = await result(http, live, "router.allowed", None)
        assert (allowed["in_force"], allowed["fixed"], allowed["added"]) == (False, [], [])


async def test_a_page_of_another_site_ends_no_session(
    live: Live, http: aiohttp.ClientSession
) -> None:
    async with browsing() as browser:
        await sign_in(browser, live.url)
        call = {"jsonrpc": "2.0", "id": 1, "method": "router.end_sessions"}
        for headers in ({"Origin": "https://evil.example"}, {"Sec-Fetch-Site": "cross-site"}):
            async with browser.post(f"{live.url}/rpc", json=call, headers=headers) as answer:
                assert answer.status == 403
        text = {"Content-Type": "text/plain"}
        async with browser.post(f"{live.url}/rpc", data=str(call), headers=text) as answer:
            assert answer.status == 415
        assert await me(browser, live.url)
