"""What `list`, `scan` and `events` share: asking a running router over HTTP, and its address."""

from collections.abc import AsyncIterator, Callable, Collection
from contextlib import asynccontextmanager
from typing import Any, TypeVar

import aiohttp
import click

from hero_router.config import RouterConfig
from hero_router.errors import RouterError
from hero_router.model import clean

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
    """The address to ask, without a slash at the end."""
    return (url or RouterConfig.from_env().address).rstrip("/")


@asynccontextmanager
async def asking(url: str) -> AsyncIterator[aiohttp.ClientSession]:
    """A session with the router; what goes wrong on the way is one `RouterAway`."""
    timeout = aiohttp.ClientTimeout(total=ANSWER_SECONDS)
    try:
        async with aiohttp.ClientSession(timeout=timeout) as session:
            yield session
    except (aiohttp.ClientError, OSError, TimeoutError, ValueError) as error:
        reason = str(error) or type(error).__name__
        raise RouterAway(f"no router answers at {url}: {reason}") from error


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
    value = await answer.json()
    if answer.status != 200:
        raise RouterAway(f"{url} answers {answer.status}: {_message(value)}")
    if not isinstance(value, dict) or not value.keys() >= set(fields):
        raise RouterAway(f"what answers at {url} is no router")
    return value


def _message(value: Any) -> str:
    """The words of an error, as HTTP and JSON-RPC answers of a router hold them."""
    error = value.get("error") if isinstance(value, dict) else None
    return clean(error.get("message")) if isinstance(error, dict) else "no reason is given"
