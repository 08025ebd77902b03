"""Checks the Host and Origin headers of each request, against DNS rebinding.

In DNS rebinding, another site's host name resolves to this machine, and the browser lets pages of
that site read the router's answers. The Host header of such a request holds the site's name. So
the web workers accept only localhost, IP addresses, and the names in ROUTER_ALLOWED_HOSTS.
"""

import ipaddress
import re
from collections.abc import Iterable
from functools import lru_cache
from typing import NamedTuple, Self

from hero_router.errors import BadRequest, ConfigError, WrongHost, WrongOrigin

VARIABLE = "ROUTER_ALLOWED_HOSTS"

MOST_REMEMBERED = 256
"""Most hosts of which it is remembered whether they are accepted."""

LONGEST = 253
"""Maximum number of characters of a host name (RFC 1035)."""

MOST_SHOWN = 320
"""Maximum number of characters of a refused name that an error message repeats."""

_LABEL = r"(?!-)[a-z0-9_-]{1,63}(?<!-)"
_NAME = re.compile(rf"{_LABEL}(?:\.{_LABEL})*")
_AUTHORITY = re.compile(r"(\[[0-9a-f:.]+\]|[^\[\]:@/?#\\\s]+)(?::([0-9]{0,5}))?")
_ORIGIN = re.compile(r"https?://([^/]+)")
_PORTS = range(65_536)


class Authority(NamedTuple):
    """Host and port of a Host or Origin header or a request target; the port may be ""."""

    host: str
    port: str

    @staticmethod
    @lru_cache(maxsize=256)
    def parse(text: str) -> "Authority | None":
        """Parse a text into host and port; None if malformed. A dot at a name's end is dropped.

        Cached: each request has such a text, and nearly all requests have the same.
        """
        found = _AUTHORITY.fullmatch(text.lower()) if text.isascii() else None
        if found is None or int(found[2] or 0) not in _PORTS:
            return None
        host = found[1].removesuffix(".")
        good = _is_address(host) or (len(host) <= LONGEST and _NAME.fullmatch(host))
        return Authority(host, found[2] or "") if good else None


class AllowedHosts:
    """The host names that a request may name, besides localhost and IP addresses."""

    def __init__(self, names: Iterable[str], domain: str = "localhost") -> None:
        """Accept these names; `*.name` stands for all names below `name`. Raises ConfigError.

        Accepted are also `domain` and the host names of services below it. Each of these is an
        origin of its own: its pages may not call another one.
        """
        self._domain, self._services = domain, f".{domain}"
        known = [_checked(name) for name in names]
        self._exact = frozenset(name for name in known if not name.startswith("*"))
        self._below = tuple(name[1:] for name in known if name.startswith("*"))
        self._accepted = dict[str, bool]()

    @classmethod
    def of(cls, setting: str, bound: str = "", domain: str = "localhost") -> Self:
        """Accept the comma-separated names in `setting`, `bound` (the host in ROUTER_HOST), and
        `domain` (ROUTER_DOMAIN) with all names below it.

        Raises ConfigError.
        """
        names = [name.strip() for name in setting.split(",") if name.strip()]
        own = Authority.parse(f"[{bound}]" if ":" in bound else bound)
        if own is not None and not _is_address(own.host):
            names.append(own.host)
        return cls(names, domain.lower())

    def check(self, host: str | None, target: str | None, origin: str | None) -> Authority | None:
        """Check a request's Host header, the host in its target, and its Origin header.

        Returns the host that is asked, if any.

        None stands for a header or host that the request lacks. Only HTTP/1.0 may lack a Host
        header; browsers always send one.

        Raises:
            BadRequest: a host is malformed, or Host header and target name different hosts.
            WrongHost: the host name is not accepted.
            WrongOrigin: the request comes from a page of another site.
        """
        asked = _parsed(host, "Host")
        meant = _parsed(target, "the target")
        if asked and meant and asked != meant:
            raise BadRequest("Host and the request target name different hosts")
        for each in (asked, meant):
            if each and not self._remembered(each.host):
                raise WrongHost(_refused(f"the request is for the host {each.host}"))
        if origin is not None and not self._is_same_site(origin, asked or meant):
            raise WrongOrigin(_refused(f"the request comes from a page of {origin}"))
        return asked or meant

    def _remembered(self, host: str) -> bool:
        """Whether a host is accepted; nearly all requests are for few hosts."""
        found = self._accepted.get(host)
        if found is None:
            if len(self._accepted) >= MOST_REMEMBERED:
                self._accepted.clear()
            found = self._accepted[host] = self._accepts(host)
        return found

    def _accepts(self, host: str) -> bool:
        local = host == "localhost" or host.endswith(".localhost")
        ours = host == self._domain or host.endswith(self._services)
        return local or ours or _is_address(host) or self._is_set(host)

    def _is_set(self, host: str) -> bool:
        return host in self._exact or host.endswith(self._below)

    def _is_same_site(self, origin: str, asked: Authority | None) -> bool:
        """Whether the page at `origin` has the request's host and port, or a name in the settings.

        Names in the settings count because a proxy may have changed the Host header, but not the
        names of services: their pages are not the router's. The scheme is not compared: the proxy
        may speak TLS.
        """
        found = _ORIGIN.fullmatch(origin.lower())
        page = Authority.parse(found[1]) if found else None
        if page is None or page == asked:
            return page is not None
        return self._is_set(page.host) and not page.host.endswith(self._services)


def _parsed(text: str | None, where: str) -> Authority | None:
    if text is None:
        return None
    found = Authority.parse(text)
    if found is None:
        raise BadRequest(f"{where} is not a host")
    return found


@lru_cache(maxsize=256)
def _is_address(host: str) -> bool:
    """Whether a host is an IP address in its usual form; browsers never send `0x7f.1`."""
    try:
        if host.startswith("["):
            ipaddress.IPv6Address(host[1:-1])
        else:
            ipaddress.IPv4Address(host)
    except ValueError:
        return False
    return True


def _checked(name: str) -> str:
    """A name in ROUTER_ALLOWED_HOSTS in the form that browsers send. Raises ConfigError."""
    below, _, rest = name.rpartition("*.")
    try:
        host = rest.encode("idna").decode("ascii").lower().removesuffix(".")
    except UnicodeError:
        host = ""
    if below or not _NAME.fullmatch(host) or "*" in host or len(host) > LONGEST:
        raise ConfigError(
            f"{VARIABLE}: {name!r} is not a host name; write names without scheme and port, "
            "separated by commas, as in router.example.org, *.example.org"
        )
    return f"*.{host}" if name.startswith("*.") else host


def _refused(what: str) -> str:
    shown = what[:MOST_SHOWN].encode("ascii", "backslashreplace").decode("ascii")
    return f"{shown}, which is not allowed: if this name is yours, add it to {VARIABLE}"
