"""What `list`, `scan` and `events` share: asking a running router over HTTP, and its address."""

import os
from collections.abc import AsyncIterator, Callable, Collection
from contextlib import asynccontextmanager
from typing import Any, TypeVar
from urllib.parse import urlsplit

import aiohttp
import click

from hero_router.errors import RouterError
from hero_router.settings.config import RouterConfig
from hero_router.text import clean

F = TypeVar("F", bound=Callable[..., Any])

ANSWER_SECONDS = 30.0


class RouterAway(RouterError):
    """There is no router at the address, or it answers with an error."""

    code = "router_away"


def address(command: F) -> F:
    """The flag `--url` of a command."""
    text = "the router's address [default: from ROUTER_HOST and ROUTER_PORT]"
    return click.option("--url", default=None, help=text)(command)


def resolve(url: str | None) -> str:
    """The address to ask, without a slash at the end. Raises RouterAway for what is none."""
    address = (url or RouterConfig.from_env().web.address).rstrip("/")
    if not _is_address(address):
        raise RouterAway(f"{address} is no address like http://127.0.0.1:9988")
    return address


def _is_address(text: str) -> bool:
    try:
        parts = urlsplit(text)
    except ValueError:  # half of an IPv6 address
        return False
    return parts.scheme in ("http", "https") and bool(parts.netloc)


@asynccontextmanager
async def asking(url: str) -> AsyncIterator[aiohttp.ClientSession]:
    """A session with the router; what goes wrong on the way is one `RouterAway`."""
    timeout = aiohttp.ClientTimeout(total=ANSWER_SECONDS)
    try:
        async with aiohttp.ClientSession(timeout=timeout) as session:
            yield session
    except (aiohttp.ClientError, OSError, TimeoutError, ValueError) as error:
        raise RouterAway(f"no router answers at {url}: {_reason(error)}") from error


def _reason(error: Exception) -> str:
    """The system's own words where it has any: those around them name what nobody has asked."""
    cause = error.os_error if isinstance(error, aiohttp.ClientConnectorError) else error
    if isinstance(cause, OSError) and cause.errno is not None and cause.errno > 0:
        return os.strerror(cause.errno)
    return str(cause) or type(cause).__name__


async def fetch(url: str, path: str, *fields: str) -> Any:
    """GET a JSON answer, which has at least these fields. Raises RouterAway."""
    async with asking(url) as session, session.get(url + path) as answer:
        return await _read(url, answer, fields)


async def call(url: str, method: str, params: dict[str, Any]) -> Any:
    """Call a JSON-RPC method; returns its result. Raises RouterAway."""
    body = {"jsonrpc": "2.0", "id": 1, "method": method, "params": params}
    async with asking(url) as session, session.post(f"{url}/rpc", json=body) as answer:
        reply = await _read(url, answer, ("jsonrpc",))
    if "result" not in reply:
        raise RouterAway(f"{url} answers: {_message(reply)}")
    return reply["result"]


async def _read(url: str, answer: aiohttp.ClientResponse, fields: Collection[str]) -> Any:
    """Anything may listen at an address that somebody typed: what is no router is said to be none.

    Raises RouterAway.
    """
    if answer.status != 200:
        raise await refusal(url, answer)
    value = await answer.json()
    if not isinstance(value, dict) or not value.keys() >= set(fields):
        raise RouterAway(f"what answers at {url} is no router")
    return value


async def refusal(url: str, answer: aiohttp.ClientResponse) -> RouterAway:
    """The error for an answer that is none, with its reason if it gives one."""
    try:
        value = await answer.json()
    except (aiohttp.ClientError, ValueError):
        value = None
    return RouterAway(f"{url} answers {answer.status}: {_message(value)}")


def _message(value: Any) -> str:
    """The words of an error, as HTTP and JSON-RPC answers of a router hold them."""
    error = value.get("error") if isinstance(value, dict) else None
    return clean(error.get("message")) if isinstance(error, dict) else "no reason is given"
