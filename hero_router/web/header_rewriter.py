"""Rewrites the headers of a request to a service and of its answer, by `proxy.headers`."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from aiohttp import web

from hero_router.proxy.address import RPC
from hero_router.proxy.headers import (
    Field,
    Fields,
    Hop,
    lines,
    request_fields,
    response_fields,
    serialize,
    takes_trailers,
    upgrade_of,
)
from hero_router.proxy.router_to_router_headers import TOKEN, hop_fields, relayed_fields
from hero_router.proxy.table import Target
from hero_router.web.body import EXPECT
from hero_router.web.errors import REQUEST_ID
from hero_router.web.remembered_fields import SentFields, remembered_of
from hero_router.web.request_facts import FACTS
from hero_router.web.request_syntax_check import host_of
from hero_router.web.router_to_router_requests import HOP


@dataclass(frozen=True, slots=True)
class HeaderRewriter:
    """The rules of one worker; `via` is its name in the header `Via`.

    `own_cookies` are the router's. `is_own_token` says whether the value of an `Authorization`
    header is a token of the router. `login_fields` are the headers in which a trusted proxy names
    the user, in small letters.
    """

    via: str
    own_cookies: frozenset[str]
    is_own_token: Callable[[bytes], bool]
    login_fields: frozenset[bytes]

    def request_head(
        self, request: web.BaseRequest, target: Target, trace: Fields, *, has_body: bool
    ) -> bytes:
        """The request line and headers that the service gets; `trace` is the trace context."""
        rest = target.rest if target.rest.startswith("/") else f"/{RPC}{target.rest}"
        line = f"{request.method} {rest} HTTP/1.1\r\n".encode("utf-8", "surrogateescape")
        own = [*_of_this_request(request, trace), *_of_this_hop(request, has_body=has_body)]
        return line + self._remembered(request, target) + lines(own) + b"\r\n"

    def hop_head(
        self,
        request: web.BaseRequest,
        target: Target,
        trace: Fields,
        authority: str,
        token: Callable[[Fields], bytes],
        *,
        has_body: bool,
    ) -> bytes:
        """The request line and headers that another node's router at `authority` gets.

        `token` makes the token, from the fields that travel in it.
        """
        fields = [*self._fields(request, target), *_of_this_request(request, trace)]
        plain, vouched = hop_fields(fields, self.login_fields)
        path = target.prefix + target.rest
        line = f"{request.method} {path} HTTP/1.1".encode("utf-8", "surrogateescape")
        own = (b"Host", authority.encode("ascii")), (TOKEN.encode("ascii"), token(vouched))
        return serialize(line, [*own, *plain, *_of_this_hop(request, has_body=has_body)])

    def _remembered(self, request: web.BaseRequest, target: Target) -> bytes:
        """The lines that are the same in each request with these fields to this service."""
        host, remembered = host_of(request), remembered_of(request)
        sent = remembered.sent if remembered is not None else None
        if sent is not None and (sent.prefix, sent.host) == (target.prefix, host):
            return sent.lines
        found = lines(self._fields(request, target))
        if remembered is not None:
            remembered.sent = SentFields(target.prefix, host, found)
        return found

    def _fields(self, request: web.BaseRequest, target: Target) -> list[Field]:
        given: Fields = request.raw_headers
        if "Authorization" in request.headers:
            given = [each for each in given if not self._is_own_token(each)]
        hop = Hop(request[FACTS], host=host_of(request), prefix=target.prefix, via=self.via)
        return request_fields(given, hop, self.own_cookies, self.login_fields)

    def rewriter(
        self, request: web.BaseRequest, target: Target
    ) -> Callable[[int, Fields], list[Field]]:
        """The function that makes the client's headers from an answer's status and headers.

        An answer for another node's router is rewritten there, where the client has asked.
        """
        is_clients = remembered_of(request) is not None
        if not is_clients and (received := request.get(HOP)) is not None:
            return lambda _, fields: relayed_fields(fields, received.nonce)
        facts, host = request[FACTS], host_of(request)
        hosts = {host, facts.host or host}

        def rewrite(status: int, fields: Fields) -> list[Field]:
            return response_fields(
                status, fields, target.prefix, hosts, self.own_cookies, facts.prefix
            )

        return rewrite

    def _is_own_token(self, header: Field) -> bool:
        name, value = header
        return name.lower() == b"authorization" and self.is_own_token(value)


def _of_this_request(request: web.BaseRequest, trace: Fields) -> Iterable[Field]:
    """The fields that differ from request to request."""
    return (b"X-Request-Id", request[REQUEST_ID].encode("ascii")), *trace


def _of_this_hop(request: web.BaseRequest, *, has_body: bool) -> Iterable[Field]:
    """The fields for the connection to the service, and the framing of the body."""
    given = request.headers
    if not (has_body or "Upgrade" in given or "TE" in given or "Content-Length" in given):
        return
    if (upgrade := upgrade_of(request.raw_headers)) is not None:
        yield from ((b"Connection", b"upgrade"), (b"Upgrade", upgrade))
    elif takes_trailers(request.raw_headers):
        yield from ((b"Connection", b"TE"), (b"TE", b"trailers"))
    length = request.headers.get("Content-Length")
    if not has_body:
        if length is not None:
            yield b"Content-Length", b"0"
        return
    if length is None:
        yield b"Transfer-Encoding", b"chunked"
    else:
        yield b"Content-Length", length.encode("ascii")
    if request.get(EXPECT):
        yield b"Expect", b"100-continue"
