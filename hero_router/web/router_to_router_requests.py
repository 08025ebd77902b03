"""Receives requests that another node's router forwards (hops): the token says who the client is.

A request with a token is never taken for one of a client: it is accepted by its token, or refused.
"""

import logging
import time
from collections.abc import Callable

from aiohttp import web
from aiohttp.http_parser import RawRequestMessage

from hero_router.access.hop_token import HopClaims, HopRefused, read_token
from hero_router.access.peer_list import PeerBook
from hero_router.proxy.call_record import Cause
from hero_router.proxy.headers import Field
from hero_router.proxy.router_to_router_headers import (
    ANSWERED,
    CAUSE,
    REFUSED,
    TOKEN,
    client_fields,
)
from hero_router.web.call_observer import CALL
from hero_router.web.errors import REQUEST_ID
from hero_router.web.request_facts import FACTS

log = logging.getLogger(__name__)

HOP = web.RequestKey("hop", HopClaims)
"""What the token of a hop says."""

Reading = HopClaims | HopRefused

LOG_SECONDS = 60.0
"""A refusal with the same reason is logged once in this time: a router repeats what it does."""


class RouterToRouterRequests:
    """Reads the tokens of requests to one worker; without `peers` it refuses each.

    `now_ms` gives Redis's time. `login_fields` are as in `web.header_rewriter`.
    """

    def __init__(
        self,
        node: str,
        peers: PeerBook | None,
        now_ms: Callable[[], int],
        login_fields: frozenset[bytes],
    ) -> None:
        self._node, self._peers, self._now_ms = node, peers, now_ms
        self._login_fields = login_fields
        self._logged: dict[str, float] = {}

    def read(self, message: RawRequestMessage) -> tuple[RawRequestMessage, Reading | None]:
        """The message as the client has sent it, and what its token says; None without one."""
        if TOKEN not in message.headers:
            return message, None
        try:
            claims = self._read(message)
        except HopRefused as refusal:
            return message, refusal
        given = client_fields(message.raw_headers, claims.host, claims.fields, self._login_fields)
        headers = message.headers.copy()
        headers.clear()
        headers.extend(map(_decoded, given))
        made = message._replace(headers=type(message.headers)(headers), raw_headers=tuple(given))
        return made, claims

    def _read(self, message: RawRequestMessage) -> HopClaims:
        token, *more = message.headers.getall(TOKEN)
        if self._peers is None:
            raise HopRefused("this router has no other nodes in ROUTER_PEERS")
        if more:
            raise HopRefused("it has several hop tokens")
        return read_token(
            token.encode("utf-8", "surrogateescape"),
            message.method,
            message.path,
            node=self._node,
            keys_of=self._peers.keys_of,
            now_ms=self._now_ms(),
        )

    def log_refusal(self, request: web.BaseRequest, refusal: HopRefused) -> None:
        """Log why a hop is refused, each reason once in a while."""
        now, reason = time.monotonic(), str(refusal)
        level = logging.DEBUG
        if now - self._logged.get(reason, -LOG_SECONDS) >= LOG_SECONDS:
            self._logged[reason] = now
            level = logging.WARNING
        log.log(
            level,
            "refused a request that another node's router has forwarded from %s: %s",
            request.remote,
            reason,
        )


def note(request: web.BaseRequest, reading: Reading) -> None:
    """Keep with a request what its token says."""
    if isinstance(reading, HopRefused):
        return
    request[HOP], request[FACTS] = reading, reading.facts
    request[REQUEST_ID] = reading.request_id


def mark(request: web.BaseRequest, response: web.StreamResponse) -> None:
    """Mark an answer to a hop as one of this router itself, and add the cause."""
    hop = request.get(HOP)
    if hop is not None and REFUSED not in response.headers:
        call = request.get(CALL)
        response.headers[ANSWERED] = hop.nonce
        response.headers[CAUSE] = (call.cause if call else Cause.UNREACHABLE).value


def _decoded(item: Field) -> tuple[str, str]:
    name, value = (part.decode("utf-8", "surrogateescape") for part in item)
    return name, value
