"""What an OpenID provider may do wrong, or somebody in its name: nobody is signed in by it."""

import asyncio
import json
import ssl
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import aiohttp
import pytest
from aiohttp import web
from joserfc.jwk import OctKey
from yarl import URL

from hero_router.access.oidc import CALLBACK_PATH, PATH
from hero_router.web import oidc_http_client
from hero_router.web.routes.oidc import MAX_AT_ONCE
from tests.support.certificates import certificate
from tests.support.oidc_provider import (
    RSA,
    Provider,
    providing,
    rsa_key,
    signed,
    unsigned,
)
from tests.support.redis import RedisServer
from tests.web.access_control.callers import me
from tests.web.access_control.oidc import (
    Change,
    back,
    browsing,
    claims,
    redirected,
    sign_in,
    visit,
    worker,
)
from tests.web.live import Live

FOREIGN = rsa_key("rsa-1")


def tokens(make: Callable[[Provider, object], str]) -> Change:
    def change(provider: Provider) -> None:
        provider.token = lambda told: make(provider, told)

    return change


def answering(path: str, handler: Callable[[web.Request], Awaitable[web.Response]]) -> Change:
    def change(provider: Provider) -> None:
        provider.answers[path] = handler

    return change


async def broken(_: web.Request) -> web.Response:
    return web.Response(status=500, text="oops")


async def huge(_: web.Request) -> web.Response:
    return web.Response(text='{"a": "' + "x" * oidc_http_client.MAX_BYTES + '"}')


async def moved(_: web.Request) -> web.Response:
    return web.Response(status=302, headers={"Location": "/keys"})


async def no_json(_: web.Request) -> web.Response:
    return web.Response(text="<html>")


async def late(_: web.Request) -> web.Response:
    await asyncio.sleep(60)
    return web.Response()


FAULTS: list[tuple[str, Change, int, str]] = [
    ("keys down", answering("/keys", broken), 502, "answers with status 500"),
    ("keys moved", answering("/keys", moved), 502, "answers with status 302"),
    ("nonce", claims(nonce="other"), 403, "for another sign-in"),
    ("issuer", claims(iss="https://other.example"), 403, "of another issuer"),
    ("client", claims(aud="other"), 403, "for another client"),
    ("clients", claims(aud=["router", "other"]), 403, "for another client"),
    ("authorized party", claims(azp="other"), 403, "given to another client"),
    ("expired", claims(exp=1_000), 403, "has expired"),
    ("no expiry", claims(exp=None), 403, "has expired"),
    ("old", claims(iat=1_000), 403, "not issued now"),
    ("user", claims(sub=""), 403, "names no user"),
    ("unsigned", tokens(lambda _, told: unsigned(told)), 403, "signed by &#x27;none&#x27;"),
    ("hmac", tokens(lambda _, told: hmac_signed(told)), 403, "signed by &#x27;HS256&#x27;"),
    ("another key", tokens(lambda _, told: signed({"alg": "RS256", "kid": "rsa-1"}, told, FOREIGN)),
     403, "signature of the ID token is wrong"),
    ("unknown key", tokens(lambda _, told: signed({"alg": "RS256", "kid": "no"}, told, FOREIGN)),
     403, "key that the provider does not list"),
    ("changed", tokens(lambda it, told: changed(it.token_of(told))), 403, "ID token is"),
    ("no code", lambda it: it.returned.update(code=""), 403, "without a code"),
    ("no token", tokens(lambda *_: ""), 403, "ID token is malformed"),
    ("list", tokens(lambda it, _: it.token_of([1])), 403, "ID token is malformed"),
    ("down", answering("/token", broken), 502, "does not accept this router"),
    ("huge", answering("/token", huge), 502, "too large"),
    ("redirect", answering("/token", moved), 502, "does not accept this router"),
    ("no JSON", answering("/token", no_json), 502, "no JSON object"),
    ("late", answering("/token", late), 502, "not answer in time"),
    ("secret", lambda it: setattr(it, "secret", "other"), 502, "invalid_client"),
    ("another provider", lambda it: it.returned.update(iss="https://other"), 403, "another provid"),
    ("denied", lambda it: it.returned.update(error="access_denied", error_description="No <b>."),
     403, "refuses the sign-in: No &lt;b&gt;."),
]  # fmt: skip


def hmac_signed(told: object) -> str:
    """Signed with the text of a public key as the secret."""
    return signed({"alg": "HS256"}, told, OctKey.import_key(json.dumps(RSA.as_dict(private=False))))


def changed(token: str) -> str:
    head, body, mac = token.split(".")
    return f"{head}.{body[:-4]}AAAA.{mac}"


async def test_what_is_wrong_with_an_answer_signs_nobody_in_and_is_said(
    oidc: Live, provider: Provider, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number, (name, change, status, words) in enumerate(FAULTS):
        provider.reset()
        change(provider)
        async with browsing(f"198.51.100.{number}") as http:  # each address has ten tries
            back_to = await back(http, oidc, "/x")
            with monkeypatch.context() as patch:
                patch.setattr(oidc_http_client, "ANSWER_SECONDS", 0.5 if name == "late" else 60.0)
                found, text = await visit(http, back_to)
            assert (found, words in text) == (status, True), (name, text)
            assert 'href="/sign-in/oidc?next=%2Fx"' in text  # to try again
            assert await me(http, oidc.url) is None
    provider.reset()
    async with browsing("198.51.100.255") as http:
        assert (await sign_in(http, oidc))[0] == 200


async def test_a_code_counts_once_and_only_in_the_browser_that_began(
    oidc: Live, provider: Provider, http: aiohttp.ClientSession
) -> None:
    address = await back(http, oidc)
    cookie = http.cookie_jar.filter_cookies(URL(oidc.url))["hero_oidc"].value
    async with browsing() as stranger:
        await redirected(stranger, f"{oidc.url}{PATH}")  # a sign-in of its own
        status, text = await visit(stranger, address)
        assert (status, "this browser has begun no such sign-in" in text) == (403, True)
        assert await me(stranger, oidc.url) is None
        forged = f"{oidc.url}{CALLBACK_PATH}?error=x&error_description=call+555"
        status, text = await visit(stranger, forged)
        assert (status, "another page has sent you" in text, "555" in text) == (403, True, False)
    assert provider.forms == []
    assert (await visit(http, address))[0] == 200
    async with browsing() as copied:
        async with copied.get(address, headers={"Cookie": f"hero_oidc={cookie}"}) as answer:
            assert (answer.status, "used before" in await answer.text()) == (403, True)
        assert await me(copied, oidc.url) is None
    assert len(provider.forms) == 1


async def test_over_tls_only_the_cookie_counts_that_no_neighbouring_host_can_set(
    oidc: Live, http: aiohttp.ClientSession
) -> None:
    told = {"X-Forwarded-Proto": "https"}
    async with http.get(f"{oidc.url}{PATH}", headers=told, allow_redirects=False) as answer:
        cookie, away = answer.headers["Set-Cookie"], answer.headers["Location"]
    name, _, value = cookie.partition(";")[0].partition("=")
    address = (await redirected(http, away)).replace("https:", "http:")
    for sent, status in (("hero_oidc", 403), (name, 200)):
        async with (
            browsing() as browser,
            browser.get(address, headers=told | {"Cookie": f"{sent}={value}"}) as answer,
        ):
            assert answer.status == status


async def test_a_provider_that_promises_its_name_must_say_it(
    redis7: RedisServer, provider: Provider, http: aiohttp.ClientSession
) -> None:
    provider.metadata["authorization_response_iss_parameter_supported"] = True
    async with worker(redis7, provider) as live:
        assert (await sign_in(http, live))[0] == 403
        provider.returned["iss"] = provider.issuer
        assert (await sign_in(http, live))[0] == 200


BAD_METADATA: list[dict[str, Any]] = [
    {"issuer": "https://other.example"}, {"token_endpoint": "http://other.example/token"},
    {"token_endpoint": None}, {"jwks_uri": "ftp://x/"}, {"authorization_endpoint": 7},
]  # fmt: skip


async def test_a_description_that_cannot_be_trusted_sends_nobody_anywhere(
    oidc: Live, provider: Provider, http: aiohttp.ClientSession
) -> None:
    for metadata in BAD_METADATA:
        provider.metadata = metadata
        status, text = await visit(http, f"{oidc.url}{PATH}")
        assert (status, "the OpenID provider names" in text) == (502, True)
    provider.metadata = {}
    assert (await sign_in(http, oidc))[0] == 200


async def test_a_provider_that_is_away_is_said_and_asked_again_at_the_next_try(
    redis7: RedisServer, http: aiohttp.ClientSession, caplog: pytest.LogCaptureFixture
) -> None:
    async with providing() as provider:
        pass
    async with worker(redis7, provider) as live:
        status, text = await visit(http, f"{live.url}{PATH}")
        assert (status, "cannot be reached" in text) == (502, True)
    assert f"cannot be reached at {provider.issuer}" in caplog.text


async def test_an_address_with_many_refused_codes_has_to_wait(
    oidc: Live, provider: Provider, http: aiohttp.ClientSession
) -> None:
    """Also if it tries them all at once, and each in a browser of its own."""

    async def guess(number: int) -> int:
        async with browsing("127.0.0.1") as stranger:
            away = await redirected(stranger, f"{oidc.url}{PATH}")
            state = parse_qs(urlsplit(away).query)["state"][0]
            address = f"{oidc.url}{CALLBACK_PATH}?state={state}&code=guess-{number}"
            return (await visit(stranger, address))[0]

    statuses = await asyncio.gather(*map(guess, range(40)))
    assert 10 <= len(provider.forms) < 10 + MAX_AT_ONCE
    assert (statuses.count(403), {*statuses}) == (len(provider.forms), {403, 429})
    async with http.get(await back(http, oidc)) as answer:
        assert (answer.status, answer.headers["Retry-After"]) == (429, "60")


async def test_the_providers_certificate_is_checked(
    redis7: RedisServer, http: aiohttp.ClientSession, tmp_path: Path
) -> None:
    own, other = certificate(tmp_path, "own"), certificate(tmp_path, "other")
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(own.file, own.key)
    async with providing(tls) as provider:
        async with worker(redis7, provider, oidc_ca_file=str(other.file)) as live:
            status, text = await visit(http, f"{live.url}{PATH}")
            assert (status, "cannot be reached" in text) == (502, True)
        async with worker(redis7, provider, oidc_ca_file=str(own.file)) as live:
            away = await redirected(http, f"{live.url}{PATH}")
            assert away.startswith(f"{provider.issuer}/authorize?")
