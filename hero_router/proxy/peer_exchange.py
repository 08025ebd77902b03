"""Passes on the answer of another node's router, if it proves that it accepted the request.

What answers at a peer's address may be another program, or a cache in front of it: its answer must
not be taken for the service's.
"""

from typing import Any

from hero_router.proxy.answer_relay import Exchange
from hero_router.proxy.call_record import Cause
from hero_router.proxy.headers import Field
from hero_router.proxy.router_to_router_headers import ANSWERED, CAUSE, REFUSED, told_by_peer
from hero_router.sanitize import clean
from hero_router.upstream.outcome import Outcome
from hero_router.upstream.safe_connect import NoResponse


class PeerExchange(Exchange):
    """An `Exchange` with the router of `node`, which has to repeat the hop's `nonce`."""

    def __init__(self, *given: Any, node: str, nonce: str, **options: Any) -> None:
        super().__init__(*given, **options)
        self._node, self._nonce = node, nonce

    def informed(self, status: int, reason: bytes, fields: list[Field]) -> None:
        """Pass an interim answer of the service on; drop one without the proof.

        The other router marks what it passes on. Its own `100 Continue` has no mark, and is not
        needed: this router also lets the client go on, after the same time.
        """
        if told_by_peer(fields).get(ANSWERED) == self._nonce:
            super().informed(status, reason, fields)

    def began(self, status: int, reason: bytes, fields: list[Field]) -> None:
        """Pass the head on, or give the answer up."""
        told = told_by_peer(fields)
        if told.get(ANSWERED) != self._nonce:
            self._give_up(_refusal(status, told.get(REFUSED)))
            return
        if cause := told.get(CAUSE):
            text = f"the router of node {self._node} answers {status} in place of the service"
            self._call.refused(_cause(cause), status, text)
        self._call.is_listed = cause != Cause.UNREACHABLE
        super().began(status, reason, fields)

    def failed(self, error: NoResponse) -> None:
        """As in `Exchange`; says which router breaks off a part of an answer."""
        if self.has_begun:
            self._call.is_listed = False
            error = NoResponse(error.outcome, f"the router of node {self._node} {error}")
        super().failed(error)

    def _give_up(self, why: str) -> None:
        if self._source is not None:
            self._source.abort()
        super().failed(NoResponse(Outcome.FOREIGN, why))


def _refusal(status: int, reason: str | None) -> str:
    if reason is not None:
        return f"refuses the request: {clean(reason)}"
    return f"answers {status}, but not as a router that accepts the request"


def _cause(name: str) -> Cause:
    return Cause(name) if name in set(Cause) else Cause.UNREACHABLE
