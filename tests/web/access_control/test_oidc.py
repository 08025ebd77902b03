"""How browsers sign in at an OpenID provider, at a real worker and a real provider over HTTP."""

from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import aiohttp
import pytest

from hero_router.access.oidc import CALLBACK_PATH, PATH
from hero_router.web import oidc_http_client
from tests.support.oidc_provider import (
    CLIENT_ID,
    SECRET,
    Provider,
    ec_key,
    rsa_key,
)
from tests.support.redis import RedisServer
from tests.support.wait import eventually
from tests.web.access_control.callers import hearing, me, status_of
from tests.web.access_control.oidc import back, browsing, claims, redirected, sign_in, visit, worker
from tests.web.live import Live, working


async def test_a_user_of_the_provider_signs_in_and_goes_where_it_came_from(
    oidc: Live, provider: Provider, http: aiohttp.ClientSession
) -> None:
    assert await me(http, oidc.url) is None
    status, text = await sign_in(http, oidc, "/%3Fa%3D1%26b")
    assert (status, 'content="0;url=/?a=1&amp;b"' in text) == (200, True)
    found = await me(http, oidc.url)
    assert found is not None
    assert (found["name"], found["kind"], found["roles"]) == ("anna", "oidc", ["viewer"])
    assert found["open"] is False
    assert await status_of(http, "GET", f"{oidc.url}/api/clients", {}) == 403
    assert await status_of(http, "POST", f"{oidc.url}/sign-out", {}) == 303
    assert await me(http, oidc.url) is None
    assert provider.forms[0]["grant_type"] == "authorization_code"


async def test_another_sign_in_ends_the_session_that_the_browser_had_and_its_streams(
    oidc: Live, http: aiohttp.ClientSession
) -> None:
    """Browsers do not send its cookie with the way back from another site."""
    await sign_in(http, oidc)
    async with hearing(http, oidc) as listener:
        address = await back(http, oidc)
        http.cookie_jar.clear(lambda cookie: cookie.key == "hero_session")
        await visit(http, address)
        await eventually(lambda: listener.ended, message="the stream has ended")
    assert await me(http, oidc.url)


async def test_the_session_and_the_state_are_out_of_reach_of_scripts_and_other_sites(
    oidc: Live, http: aiohttp.ClientSession
) -> None:
    async with http.get(f"{oidc.url}{PATH}", allow_redirects=False) as answer:
        cookie, away = answer.headers["Set-Cookie"], answer.headers["Location"]
    assert cookie.startswith("hero_oidc=")
    assert {"HttpOnly", "SameSite=Lax", "Path=/", "Max-Age=600"} <= {*cookie.split("; ")}
    async with http.get(await redirected(http, away)) as answer:
        session, gone = answer.headers.getall("Set-Cookie")
    assert {"HttpOnly", "SameSite=Strict"} <= {*session.split("; ")}
    assert gone.startswith('hero_oidc="";')
    told = {"X-Forwarded-Proto": "https", "X-Forwarded-Host": "door.example"}
    async with http.get(f"{oidc.url}{PATH}", allow_redirects=False, headers=told) as answer:
        assert answer.headers["Set-Cookie"].startswith("__Host-hero_oidc=")
        assert "Secure" in answer.headers["Set-Cookie"]


async def test_behind_a_proxy_the_provider_sends_the_browser_to_its_address(
    oidc: Live, http: aiohttp.ClientSession
) -> None:
    told = {
        "X-Forwarded-Proto": "https", "X-Forwarded-Host": "door.example",
        "X-Forwarded-Prefix": "/hero",
    }  # fmt: skip
    away = await redirected(http, f"{oidc.url}{PATH}", **told)
    uri = parse_qs(urlsplit(away).query)["redirect_uri"]
    assert uri == [f"https://door.example/hero{CALLBACK_PATH}"]


@pytest.mark.parametrize("to", ["//evil.example", "https://evil.example/", "/%5Cevil.example", ""])
async def test_a_sign_in_leads_nowhere_else(
    oidc: Live, http: aiohttp.ClientSession, to: str
) -> None:
    assert 'content="0;url=/"' in (await sign_in(http, oidc, to))[1]


async def test_claims_give_roles_and_contexts_to_the_session(
    redis7: RedisServer, provider: Provider
) -> None:
    settings = {
        "oidc_roles_claim": "realm_access.roles", "oidc_admin_values": "ops, Domain Admins",
        "oidc_viewer_values": "staff", "oidc_contexts_claim": "tenants",
    }  # fmt: skip
    cases: list[tuple[dict[str, Any], Any]] = [
        ({"realm_access": {"roles": ["x", "Domain Admins"]}, "tenants": "*"},
         (["admin", "viewer"], None)),
        ({"realm_access": {"roles": ["staff"]}, "tenants": ["shop", "till"]},
         (["viewer"], ["shop", "till"])),
        ({"realm_access": {"roles": ["guest"]}, "tenants": ["shop"]}, None),
        ({"realm_access": {"roles": ["staff"]}}, None),
        ({"tenants": ["shop"]}, None),
    ]  # fmt: skip
    async with worker(redis7, provider, **settings) as live:
        for claims, wanted in cases:
            provider.user = {"sub": "u-1", "preferred_username": "anna", **claims}
            async with browsing() as http:
                status, text = await sign_in(http, live)
                found = await me(http, live.url)
            assert (status, "your account" in text) == ((200, False) if wanted else (403, True))
            assert (found and (found["roles"], found["contexts"])) == wanted


async def test_claims_that_are_not_in_the_token_are_asked_for(
    redis7: RedisServer, provider: Provider, http: aiohttp.ClientSession
) -> None:
    provider.user = {"sub": "u-2"}
    provider.info = {"preferred_username": "ben", "groups": ["ops"], "iss": "https://other"}
    settings = {"oidc_roles_claim": "groups", "oidc_admin_values": "ops"}
    async with worker(redis7, provider, **settings) as live:
        await sign_in(http, live)
        found = await me(http, live.url)
        assert found is not None
        assert (found["name"], found["roles"]) == ("ben", ["admin", "viewer"])
        provider.user = {"sub": "u-2", "groups": ["guest"]}  # the token counts first
        await sign_in(http, live)
        found = await me(http, live.url)
        assert found is not None
        assert (found["name"], found["roles"]) == ("ben", ["viewer"])
        provider.info["sub"] = "u-3"
        async with browsing() as other:
            status, text = await sign_in(other, live)
            assert (status, "another user" in text) == (403, True)
            assert await me(other, live.url) is None


async def test_a_token_for_several_clients_that_was_given_to_this_one_is_taken(
    oidc: Live, provider: Provider, http: aiohttp.ClientSession
) -> None:
    claims(aud=[CLIENT_ID, "other"], azp=CLIENT_ID)(provider)
    assert (await sign_in(http, oidc))[0] == 200


@pytest.fixture
def rare_renewals(monkeypatch: pytest.MonkeyPatch) -> None:
    """The worker of `oidc` asks for unknown keys once in a test, however long that takes."""
    monkeypatch.setattr(oidc_http_client, "RENEWAL_SECONDS", 600.0)


@pytest.mark.usefixtures("rare_renewals")
async def test_a_new_key_of_the_provider_is_asked_for_and_an_old_one_is_kept(
    oidc: Live, provider: Provider, http: aiohttp.ClientSession
) -> None:
    assert (await sign_in(http, oidc))[0] == 200
    assert (await sign_in(http, oidc))[0] == 200
    assert provider.asked.count("/keys") == 1
    provider.signing = ec_key("ec-1")
    provider.listed.append(provider.signing)
    assert (await sign_in(http, oidc))[0] == 200
    assert provider.asked.count("/keys") == 2
    provider.signing = rsa_key("hidden")
    for _ in range(3):
        assert (await sign_in(http, oidc))[0] == 403
    assert provider.asked.count("/keys") == 2  # not again so soon
    assert provider.asked.count("/.well-known/openid-configuration") == 1


async def test_no_secret_is_logged_and_none_reaches_a_service(
    redis7: RedisServer,
    provider: Provider,
    http: aiohttp.ClientSession,
    caplog: pytest.LogCaptureFixture,
    tmp_path: Path,
) -> None:
    caplog.set_level("DEBUG")
    async with worker(redis7, provider) as live:
        address = await back(http, live)
        await visit(http, address)
        rules = live.parts.proxy.forwarder.rules
        assert {"hero_oidc", "__Host-hero_oidc"} <= rules.own_cookies
    form = provider.forms[0]
    for each in (form["code"], form["code_verifier"], "at-1", SECRET):
        assert each not in caplog.text
    assert "has signed in as anna" in caplog.text


async def test_a_public_client_sends_its_name_and_no_secret(
    redis7: RedisServer, provider: Provider, http: aiohttp.ClientSession
) -> None:
    provider.secret = None
    async with worker(redis7, provider, oidc_client_secret="") as live:
        assert (await sign_in(http, live))[0] == 200
    assert provider.forms[0]["client_id"] == CLIENT_ID


async def test_a_provider_that_takes_secrets_in_forms_only_gets_it_there(
    redis7: RedisServer, provider: Provider, http: aiohttp.ClientSession
) -> None:
    provider.metadata["token_endpoint_auth_methods_supported"] = ["client_secret_post"]
    async with worker(redis7, provider) as live:
        assert (await sign_in(http, live))[0] == 200
    assert provider.forms[0]["client_secret"] == SECRET


async def test_the_page_offers_the_ways_to_sign_in_that_there_are(
    redis7: RedisServer, provider: Provider, http: aiohttp.ClientSession
) -> None:
    host = urlsplit(provider.issuer).netloc
    token = "admin-0123456789abc"
    for settings, ways in ({}, (True, False)), ({"token": token}, (True, True)):
        async with worker(redis7, provider, **settings) as live:
            _, text = await visit(http, f"{live.url}/sign-in?next=/x")
            assert (f"Sign in with {host}" in text, 'id="token"' in text) == ways
    async with working(redis7.url, token=token) as live:
        _, text = await visit(http, f"{live.url}/sign-in")
        assert ("Sign in with" in text, 'id="token"' in text) == (False, True)
        assert "<code>ROUTER_TOKEN</code>" in text
        assert await status_of(http, "GET", f"{live.url}{PATH}", {}) == 404
        assert await status_of(http, "GET", f"{live.url}{CALLBACK_PATH}", {}) == 404
    header = {"auth_header": "X-User", "trusted_proxies": "127.0.0.1"}
    async with working(redis7.url, **header) as live:
        _, text = await visit(http, f"{live.url}/sign-in")
        assert "no sign-in of its own" in text
