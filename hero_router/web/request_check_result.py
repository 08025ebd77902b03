"""`RequestCheckResult`: the result of the first checks of a request, which need no waiting."""

from typing import NamedTuple

from aiohttp import web

from hero_router.access.hop_token import HopClaims, HopRefused
from hero_router.errors import RouterError
from hero_router.web.request_syntax_check import check_line
from hero_router.web.reverse_proxy import Admitted, Route


class RequestCheckResult(NamedTuple):
    """What the checks say of a request.

    Either it is refused and its connection closed, or it gets an error, or it goes to a service, by
    `route`, where `admitted` says more, or by `hop`, or it goes to the application.
    """

    route: Route | None = None
    hop: HopClaims | None = None
    admitted: Admitted | web.Response | None = None
    error: Exception | None = None
    refusal: RouterError | web.HTTPException | None = None


OWN = RequestCheckResult()
"""A request for the router itself."""

DECIDED = web.RequestKey("decided", RequestCheckResult)
"""What was decided of a request before aiohttp's task got it."""


def decide_hop(request: web.BaseRequest, reading: HopClaims | HopRefused) -> RequestCheckResult:
    """The decision about a request of another node's router, which has checked all the rest."""
    try:
        check_line(request)
    except (RouterError, web.HTTPException) as refusal:
        return RequestCheckResult(refusal=refusal)
    if isinstance(reading, HopRefused):
        return RequestCheckResult(refusal=reading)
    return RequestCheckResult(hop=reading)
