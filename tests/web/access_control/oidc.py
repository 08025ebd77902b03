"""A worker whose browsers sign in at an OpenID provider, and the steps of such a browser."""

import contextlib
from collections.abc import AsyncIterator, Callable
from typing import Any

import aiohttp

from hero_router.access.oidc import PATH
from tests.support.hand import NODE
from tests.support.oidc_provider import (
    CLIENT_ID,
    SECRET,
    Provider,
)
from tests.support.redis import RedisServer
from tests.web.access_control.callers import knows_sessions
from tests.web.live import Live, working

KEY = "session-key-0123456789"


@contextlib.asynccontextmanager
async def worker(redis: RedisServer, provider: Provider, **settings: Any) -> AsyncIterator[Live]:
    """A worker at which browsers sign in at the provider, and nowhere else."""
    given = {
        "oidc_issuer": provider.issuer, "oidc_client_id": CLIENT_ID, "session_key": KEY,
        "oidc_client_secret": SECRET, "node": NODE, **settings,
    }  # fmt: skip
    async with working(redis.url, **{name: value for name, value in given.items() if value}) as it:
        await knows_sessions(it)
        yield it


@contextlib.asynccontextmanager
async def browsing(address: str = "198.51.100.7") -> AsyncIterator[aiohttp.ClientSession]:
    """Another browser, at this address."""
    jar, headers = aiohttp.CookieJar(unsafe=True), {"X-Forwarded-For": address}
    async with aiohttp.ClientSession(cookie_jar=jar, headers=headers) as session:
        yield session


async def redirected(http: aiohttp.ClientSession, url: str, **headers: str) -> str:
    async with http.get(url, allow_redirects=False, headers=headers) as answer:
        assert answer.status in (302, 303), (url, answer.status, await answer.text())
        return answer.headers["Location"]


async def back(http: aiohttp.ClientSession, live: Live, to: str = "/") -> str:
    """Begin to sign in, and return the address with which the provider sends the browser back."""
    away = await redirected(http, f"{live.url}{PATH}?next={to}")
    return await redirected(http, away)


async def visit(http: aiohttp.ClientSession, url: str) -> tuple[int, str]:
    async with http.get(url, allow_redirects=False) as answer:
        return answer.status, await answer.text()


async def sign_in(http: aiohttp.ClientSession, live: Live, to: str = "/") -> tuple[int, str]:
    """Status and text of the page at which the browser lands."""
    return await visit(http, await back(http, live, to))


Change = Callable[[Provider], object]


def claims(**changed: Any) -> Change:
    def change(provider: Provider) -> None:
        provider.change = lambda told: {**told, **changed}

    return change
