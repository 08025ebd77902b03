"""Sends requests to a running router over HTTP: to its JSON API and its JSON-RPC methods."""

import os
import socket
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import aiohttp

from hero_router.errors import RouterError
from hero_router.sanitize import clean
from hero_router.strict_json import encode

ANSWER_SECONDS = 30.0

PIECE_BYTES = 64 * 1024

JSON = "application/json"

REDIRECTS = frozenset({301, 302, 303, 307, 308})

_SET = "set ROUTER_TOKEN or ROUTER_TOKEN_FILE"

DENIALS: Mapping[str, int] = {"-32014": 401, "-32003": 403}
"""The HTTP statuses that stand for JSON-RPC codes of the router (docs/api.md)."""

HINTS: Mapping[tuple[int, bool], str] = {
    (401, False): f"{_SET} to a token of this router",
    (401, True): f"this router does not know the token that is set: {_SET} to another one",
    (403, False): "no token was sent",
    (403, True): "the token that is set does not allow it",
}
"""What to do about a status of the router, by whether a token was sent."""


class RouterAway(RouterError):
    """No router answers at the address, or it does not send the expected answer."""

    code = "router_away"


class RequestRefused(RouterAway):
    """The router answered with an error status.

    `status` is the HTTP status; `details` are the error's fields, as in the router's JSON.
    """

    code = "request_refused"

    def __init__(self, text: str, status: int, details: Mapping[str, object]) -> None:
        super().__init__(text)
        self.status, self.details = status, details


class AccessDenied(RequestRefused):
    """The router wants a token, or refuses the given one: a retry would be refused again."""

    code = "access_denied"


@dataclass(frozen=True, slots=True)
class Answer:
    """An HTTP answer: its status, its JSON value (None if it has none), and its body as it came."""

    status: int
    value: Any
    body: bytes = field(default=b"", compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Download:
    """A file that a router sends: its Content-Disposition, and its content in pieces."""

    disposition: str
    pieces: AsyncIterator[bytes]


async def get(
    url: str,
    path: str,
    *,
    within: float = ANSWER_SECONDS,
    token: str = "",
    family: socket.AddressFamily = socket.AF_UNSPEC,
) -> Answer:
    """GET an answer, also an error answer, within `within` seconds. Raises RouterAway.

    `family` limits at which addresses of a host name the router is asked.
    """
    async with asking(url, within, token, family) as session:
        return await read(await session.get(url + path, allow_redirects=False))


async def post(
    url: str, path: str, body: str, *, within: float = ANSWER_SECONDS, token: str = ""
) -> Answer:
    """POST a JSON text, and return the answer, as `get` does. Raises RouterAway."""
    data, headers = body.encode(), {"Content-Type": JSON, "Accept": JSON}
    async with asking(url, within, token) as session:
        sent = session.post(url + path, data=data, headers=headers, allow_redirects=False)
        return await read(await sent)


async def fetch(
    url: str, path: str, *fields: str, within: float = ANSWER_SECONDS, token: str = ""
) -> Any:
    """GET a JSON object that has at least these fields.

    Raises:
        RequestRefused: the router answers with an error.
        RouterAway: no router answers there.
    """
    answer = await get(url, path, within=within, token=token)
    return _checked(url, answer, *fields, token=token)


async def call(url: str, method: str, params: Mapping[str, Any], *, token: str = "") -> Any:
    """Call a JSON-RPC method of the router; returns its result. Raises as `fetch` does."""
    body = encode({"jsonrpc": "2.0", "id": 1, "method": method, "params": params})
    answer = await post(url, "/rpc", body, token=token)
    reply = _checked(url, answer, "jsonrpc", token=token)
    if "result" not in reply:
        error = _error(reply)
        text = f"{url} answers: {_message(error)}"
        raise _refused(text, DENIALS.get(str(error.get("code")), answer.status), error, token)
    return reply["result"]


@asynccontextmanager
async def download(
    url: str, path: str, *, within: float, token: str = ""
) -> AsyncIterator[Download]:
    """GET a file that is read piece by piece; all of it within `within` seconds.

    Raises:
        RequestRefused: the router answers with an error.
        RouterAway: no router answers there, or the answer breaks off.
    """
    async with (
        asking(url, within, token) as session,
        session.get(url + path, allow_redirects=False) as answer,
    ):
        if answer.status != 200:
            raise refusal(url, await read(answer), token)
        disposition = answer.headers.get("Content-Disposition", "")
        yield Download(disposition, _pieces(url, answer))


async def _pieces(url: str, answer: aiohttp.ClientResponse) -> AsyncIterator[bytes]:
    try:
        async for piece in answer.content.iter_chunked(PIECE_BYTES):
            yield piece
    except TimeoutError:  # of the whole answer: `asking` says so
        raise
    except (aiohttp.ClientError, OSError) as error:
        raise RouterAway(f"{url} has broken off its answer: {_reason(error)}") from error


def refusal(url: str, answer: Answer, token: str = "") -> RequestRefused:
    """The error for an answer with a status other than 200, with the answer's message.

    If the router refuses the `token`, or wants one, the error says what to set.
    """
    error = _error(answer.value)
    text = f"{url} answers {answer.status}: {_message(error)}"
    if not isinstance(error.get("code"), str):  # of a proxy or a service, which has its own logins
        return RequestRefused(text, answer.status, error)
    return _refused(text, answer.status, error, token)


@asynccontextmanager
async def asking(
    url: str,
    within: float = ANSWER_SECONDS,
    token: str = "",
    family: socket.AddressFamily = socket.AF_UNSPEC,
) -> AsyncIterator[aiohttp.ClientSession]:
    """An HTTP session that sends the token; each failure is raised as `RouterAway`."""
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    try:
        async with aiohttp.ClientSession(
            timeout=aiohttp.ClientTimeout(total=within),
            headers=headers,
            connector=aiohttp.TCPConnector(family=family),
        ) as session:
            yield session
    except TimeoutError as error:
        raise RouterAway(f"{url} gives no answer within {within:g} s") from error
    except (aiohttp.ClientError, OSError, ValueError) as error:
        raise RouterAway(f"no router answers at {url}: {_reason(error)}") from error


async def read(answer: aiohttp.ClientResponse) -> Answer:
    """Read the whole body of an answer as JSON.

    Raises:
        RouterAway: the answer is a redirect. It is not followed: the token is for this router only.
    """
    if answer.status in REDIRECTS:
        place = clean(answer.headers.get("Location", "another address"))
        raise RouterAway(f"{answer.url} redirects to {place}: if that is the router, use that URL")
    body = await answer.read()
    try:
        return Answer(answer.status, await answer.json(), body)
    except (aiohttp.ContentTypeError, ValueError):
        return Answer(answer.status, None, body)


def _checked(url: str, answer: Answer, *fields: str, token: str) -> Any:
    """The answer's value. Any program may listen at an address that a person typed."""
    if answer.status != 200:
        raise refusal(url, answer, token)
    if not isinstance(answer.value, dict) or not answer.value.keys() >= set(fields):
        raise RouterAway(f"the program at {url} is not hero_router")
    return answer.value


def _refused(text: str, status: int, error: Mapping[str, object], token: str) -> RequestRefused:
    hint = HINTS.get((status, bool(token)))
    if hint is None:
        return RequestRefused(text, status, error)
    return AccessDenied(f"{text}; {hint}", status, error)


def _error(value: Any) -> Mapping[str, object]:
    error = value.get("error") if isinstance(value, dict) else None
    return error if isinstance(error, dict) else {}


def _message(error: Mapping[str, object]) -> str:
    return clean(error.get("message")) if error else "no reason is given"


def _reason(error: Exception) -> str:
    """The system's own words if it has any: aiohttp's text around them repeats the address."""
    if isinstance(error, aiohttp.ClientConnectorCertificateError):
        why = getattr(error.certificate_error, "verify_message", "") or "it is not valid"
        return f"its certificate is refused: {why}; SSL_CERT_FILE may name a file of other CAs"
    if isinstance(error, aiohttp.ClientConnectorSSLError):
        return "it does not speak TLS as it should"
    cause = error.os_error if isinstance(error, aiohttp.ClientConnectorError) else error
    if isinstance(cause, OSError) and cause.errno is not None and cause.errno > 0:
        return os.strerror(cause.errno)
    return str(cause) or type(cause).__name__
