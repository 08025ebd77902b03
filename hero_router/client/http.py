"""Sends requests to a running router over HTTP: to its JSON API and its JSON-RPC methods."""

import os
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import aiohttp

from hero_router.errors import RouterError
from hero_router.sanitize import clean

ANSWER_SECONDS = 30.0


class RouterAway(RouterError):
    """No router answers at the address, or it does not send the expected answer."""

    code = "router_away"


class RequestRefused(RouterAway):
    """The router answered with an error.

    `status` is the HTTP status; `details` are the error's fields, as in the router's JSON.
    """

    code = "request_refused"

    def __init__(self, text: str, status: int, details: Mapping[str, object]) -> None:
        super().__init__(text)
        self.status, self.details = status, details


@dataclass(frozen=True, slots=True)
class Answer:
    """An HTTP answer: its status, and its JSON value (None if it has none)."""

    status: int
    value: Any


async def get(url: str, path: str, *, within: float = ANSWER_SECONDS) -> Answer:
    """GET an answer, also an error answer, within `within` seconds. Raises RouterAway."""
    async with asking(url, within) as session, session.get(url + path) as answer:
        return await read(answer)


async def fetch(url: str, path: str, *fields: str, within: float = ANSWER_SECONDS) -> Any:
    """GET a JSON object that has at least these fields.

    Raises:
        RequestRefused: the router answers with an error.
        RouterAway: no router answers there.
    """
    return _checked(url, await get(url, path, within=within), *fields)


async def call(url: str, method: str, params: Mapping[str, Any]) -> Any:
    """Call a JSON-RPC method; returns its result. Raises as `fetch` does."""
    body = {"jsonrpc": "2.0", "id": 1, "method": method, "params": params}
    async with asking(url) as session, session.post(f"{url}/rpc", json=body) as answer:
        reply = _checked(url, await read(answer), "jsonrpc")
    if "result" not in reply:
        error = _error(reply)
        raise RequestRefused(f"{url} answers: {_message(error)}", answer.status, error)
    return reply["result"]


def refusal(url: str, answer: Answer) -> RequestRefused:
    """The error for an answer with a status other than 200, with the answer's message."""
    error = _error(answer.value)
    return RequestRefused(f"{url} answers {answer.status}: {_message(error)}", answer.status, error)


@asynccontextmanager
async def asking(url: str, within: float = ANSWER_SECONDS) -> AsyncIterator[aiohttp.ClientSession]:
    """An HTTP session with the router; every failure becomes a `RouterAway`."""
    try:
        timeout = aiohttp.ClientTimeout(total=within)
        async with aiohttp.ClientSession(timeout=timeout) as session:
            yield session
    except (aiohttp.ClientError, OSError, TimeoutError, ValueError) as error:
        raise RouterAway(f"no router answers at {url}: {_reason(error)}") from error


async def read(answer: aiohttp.ClientResponse) -> Answer:
    """Read the whole body of an answer as JSON."""
    try:
        return Answer(answer.status, await answer.json())
    except (aiohttp.ContentTypeError, ValueError):
        return Answer(answer.status, None)


def _checked(url: str, answer: Answer, *fields: str) -> Any:
    """The answer's value. Any program may listen at an address that a person typed."""
    if answer.status != 200:
        raise refusal(url, answer)
    if not isinstance(answer.value, dict) or not answer.value.keys() >= set(fields):
        raise RouterAway(f"what answers at {url} is no router")
    return answer.value


def _error(value: Any) -> Mapping[str, object]:
    error = value.get("error") if isinstance(value, dict) else None
    return error if isinstance(error, dict) else {}


def _message(error: Mapping[str, object]) -> str:
    return clean(error.get("message")) if error else "no reason is given"


def _reason(error: Exception) -> str:
    """The system's own words if it has any: aiohttp's text around them repeats the address."""
    cause = error.os_error if isinstance(error, aiohttp.ClientConnectorError) else error
    if isinstance(cause, OSError) and cause.errno is not None and cause.errno > 0:
        return os.strerror(cause.errno)
    return str(cause) or type(cause).__name__
