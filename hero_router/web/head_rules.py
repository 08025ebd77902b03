"""Rewrites the heads of a request to a service and of its answer, by `proxy.headers`."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from aiohttp import web

from hero_router.proxy.address import RPC
from hero_router.proxy.headers import (
    Field,
    Fields,
    Hop,
    request_fields,
    response_fields,
    serialize,
    takes_trailers,
    upgrade_of,
)
from hero_router.proxy.table import Target
from hero_router.web.body import EXPECT
from hero_router.web.errors import REQUEST_ID
from hero_router.web.request_facts import FACTS
from hero_router.web.request_line import host_of


@dataclass(frozen=True, slots=True)
class HeadRules:
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
        """The head of a request as its service gets it; `trace` is its trace context."""
        given: Fields = request.raw_headers
        if "Authorization" in request.headers:
            given = [each for each in given if not self._is_own_token(each)]
        hop = Hop(
            request[FACTS],
            host=host_of(request),
            prefix=target.prefix,
            request_id=request.get(REQUEST_ID, ""),
            via=self.via,
            trace=trace,
        )
        fields = request_fields(given, hop, self.own_cookies, self.login_fields)
        rest = target.rest if target.rest.startswith("/") else f"/{RPC}{target.rest}"
        line = f"{request.method} {rest} HTTP/1.1".encode("utf-8", "surrogateescape")
        return serialize(line, [*fields, *_of_this_hop(request, has_body=has_body)])

    def rewriter(
        self, request: web.BaseRequest, target: Target
    ) -> Callable[[int, Fields], list[Field]]:
        """Gives an answer's fields for the client, from its status and the service's fields."""
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


def _of_this_hop(request: web.BaseRequest, *, has_body: bool) -> Iterable[Field]:
    """The fields for the connection to the service, and the framing of the body."""
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
    if expect := request.get(EXPECT):
        yield b"Expect", expect.encode("ascii")
