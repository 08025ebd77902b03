"""Refuses requests that a page of another site makes, but not its links. Pure: no I/O, no clock.

Browsers say in `Sec-Fetch-*` which page a request is for (https://www.w3.org/TR/fetch-metadata/).
Unlike `Origin` these are there for images, scripts and forms with GET, too. Programs send none, and
browsers only over TLS or to this machine.
"""

from collections.abc import Mapping

from hero_router.errors import WrongOrigin

_OWN = frozenset({"same-origin", "none"})
"""From a page of the same origin; or typed, or from a bookmark."""

_READING = frozenset({"GET", "HEAD"})


def check_fetch(fields: Mapping[str, str], method: str, *, is_service: bool) -> None:
    """Refuse a request that a page of another origin makes.

    Anyone may link to an address: to open it in a window of its own is allowed. So is what an
    accepted `Origin` sends (`settings.host_and_origin_check`). `is_service`: the address is that
    of a service by path. Its pages are in a sandbox, so for a browser they are another site, too.
    They may load images, styles, scripts and frames, but make no calls; browsers send no cookie
    of the router with these. With a request of the same site they do: pages of other services may
    not even that.
    The router's own addresses allow none of it.

    Raises:
        WrongOrigin: the request is one of these.
    """
    site = fields.get("Sec-Fetch-Site")
    if site is None or site in _OWN or "Origin" in fields:
        return
    mode, dest = fields.get("Sec-Fetch-Mode"), fields.get("Sec-Fetch-Dest", "document")
    if method in _READING:
        may_load = is_service and site == "cross-site"
        if mode == "navigate" and (dest == "document" or may_load):
            return
        if mode == "no-cors" and dest not in ("empty", "document") and may_load:
            return
    raise WrongOrigin(
        "a page of another site sent this request, which is not allowed; a service's pages may "
        "call only the service itself, at its own host name"
    )
