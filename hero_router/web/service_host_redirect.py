"""Redirects a signed-in browser from a service's URL by path to the service's own host name.

By path a page of a service is in a sandbox, for which browsers send no session cookie: its styles
and scripts, and the pages that it links to, would be refused with 401 one by one.
"""

import html
import re
import string
from urllib.parse import quote, urlsplit

from aiohttp import web

from hero_router.access.policy import visible
from hero_router.access.principal import Principal
from hero_router.proxy.address import RPC
from hero_router.proxy.service_urls import Links, SocketLink
from hero_router.proxy.table import Target
from hero_router.settings.host_and_origin_check import Authority
from hero_router.web.errors import OwnResponse
from hero_router.web.request_facts import FACTS
from hero_router.web.request_syntax_check import host_of
from hero_router.web.shown_target import origin_form

_THIS_MACHINE = re.compile(r"(.+\.)?localhost|127\..+|\[::1\]")


class ServiceHostRedirect:
    """Answers for pages that do not work by path; `domain` is that of services' host names."""

    def __init__(self, links: Links, domain: str) -> None:
        self._links, self._domain = links, domain

    def instead(
        self, request: web.BaseRequest, target: Target, principal: Principal
    ) -> web.Response | None:
        """What a browser that opens a page by path gets instead of it; None: the page itself.

        A redirect, if the browser is signed in where services have their host names. Else a page
        that says why, and leads there. Whoever asks again from that page gets the page by path.
        """
        if not principal.session or target.socket.get("role") == RPC or _asks_again(request):
            return None
        links = self._links.of(target.record, visible(principal))
        address = self._address(request, target, links[str(target.socket.get("name"))])
        facts = request[FACTS]
        if address and _browser_host(request).host == self._domain and not facts.prefix:
            return OwnResponse(
                status=303, headers={"Location": address, "Cache-Control": "no-store"}
            )
        here = facts.prefix + origin_form(request.raw_path)
        return OwnResponse(
            text=_PAGE.format(
                advice=_THERE.format(address=html.escape(address)) if address else _NOWHERE,
                here=html.escape(_ascii(here)),
            ),
            content_type="text/html",
            headers={"Cache-Control": "no-store"},
        )

    def _address(self, request: web.BaseRequest, target: Target, link: SocketLink) -> str:
        """The page at the service's own host name; "" if it has none that the browser reaches."""
        browser, host = _browser_host(request), link["host"]
        if host is None or not _reaches(host, browser.host):
            return ""
        port = f":{browser.port}" if browser.port else ""
        rest = target.rest if target.rest.startswith("/") else f"/{target.rest}"
        return f"{request[FACTS].proto}://{host}{port}{link['host_path']}{_ascii(rest[1:])}"


def _reaches(host: str, browser: str) -> bool:
    """Whether a host name leads to the router: those below localhost lead to the browser's machine.

    The dashboard decides by the same rule (`static/js/fleet/addresses.js`).
    """
    return not host.endswith(".localhost") or _THIS_MACHINE.fullmatch(browser) is not None


def _browser_host(request: web.BaseRequest) -> Authority:
    """Host and port of the router as the browser sees it."""
    return Authority.parse(request[FACTS].host or host_of(request)) or Authority("", "")


def _ascii(target: str) -> str:
    """A target with its bytes that are not ASCII in percent-encoding, as an address needs them."""
    return quote(target, safe=string.punctuation, errors="surrogateescape")


def _asks_again(request: web.BaseRequest) -> bool:
    """Whether a page's address is asked from itself, as a link of the explaining page does."""
    try:
        came_from = urlsplit(request.headers.get("Referer", ""))
    except ValueError:
        return False
    query = f"?{came_from.query}" if came_from.query else ""
    here = request[FACTS].prefix + origin_form(request.raw_path)
    return came_from.path + query == _ascii(here)


_PAGE = """<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="referrer" content="same-origin">
<title>This page needs its own host name · hero_router</title>
<main>
<h1>This page needs its own host name</h1>
<p>By this address the service shares the router's origin, so your browser must show its pages in a
sandbox. Your sign-in does not count there: styles, scripts and links of the page would fail.</p>
{advice}
<p><a href="{here}">Show it here all the same</a></p>
</main>
</html>
"""

_THERE = """<p>Open it at <a href="{address}">{address}</a>. You may have to sign in there.</p>"""

_NOWHERE = """<p>It has no host name of its own that works from here. The operator of the router can
give one to each service: ROUTER_DOMAIN, and names in DNS below it.</p>"""
