"""By which names web may be asked: the guard against DNS rebinding. Bottom layer.

A page of a stranger can have its own name resolve to this machine, and then read what is answered
there as its own. Its requests always come by that name: so only names that nobody else can point
here are taken.
"""

import ipaddress
import re
from collections.abc import Iterable
from typing import NamedTuple, Self

from hero_router.errors import BadRequest, ConfigError, WrongHost, WrongOrigin

VARIABLE = "ROUTER_ALLOWED_HOSTS"

LONGEST = 253
"""Characters of a host name (RFC 1035)."""

MOST_SHOWN = 320
"""How much of what was asked is repeated."""

_LABEL = r"(?!-)[a-z0-9_-]{1,63}(?<!-)"
_NAME = re.compile(rf"{_LABEL}(?:\.{_LABEL})*")
_AUTHORITY = re.compile(r"(\[[0-9a-f:.]+\]|[^\[\]:@/?#\\\s]+)(?::([0-9]{0,5}))?")
_ORIGIN = re.compile(r"https?://([^/]+)")
_PORTS = range(65_536)


class Authority(NamedTuple):
    """The host and port of a `Host` field, an absolute target or an `Origin`; "" is no port."""

    host: str
    port: str

    @classmethod
    def parse(cls, text: str) -> Self | None:
        """None for what is none; a name that ends with a dot is the same name without it."""
        found = _AUTHORITY.fullmatch(text.lower())
        if found is None or int(found[2] or 0) not in _PORTS:
            return None
        host = found[1].removesuffix(".")
        good = _is_address(host) or (len(host) <= LONGEST and _NAME.fullmatch(host))
        return cls(host, found[2] or "") if good else None


class Hosts:
    """The names that are taken beside `localhost`, those below it, and addresses of any kind."""

    def __init__(self, names: Iterable[str]) -> None:
        """Names as they stand in the setting; `*.` begins one that stands for all below it."""
        known = [_checked(name) for name in names]
        self._exact = frozenset(name for name in known if not name.startswith("*"))
        self._below = tuple(name[1:] for name in known if name.startswith("*"))

    @classmethod
    def of(cls, setting: str, bound: str = "") -> Self:
        """From a list with commas, and the host that web listens on. Raises ConfigError."""
        names = [name.strip() for name in setting.split(",") if name.strip()]
        own = Authority.parse(f"[{bound}]" if ":" in bound else bound)
        if own is not None and not _is_address(own.host):
            names.append(own.host)
        return cls(names)

    def check(self, host: str | None, target: str | None, origin: str | None) -> None:
        """Check a request's `Host`, the authority in its target and its `Origin`, where it has
        them.

        Only HTTP/1.0 does without a `Host`; no browser does.

        Raises:
            BadRequest: one of them is no host, or they differ.
            WrongHost: a name that is not taken.
            WrongOrigin: a page of another site asks.
        """
        asked = _parsed(host, "Host")
        meant = _parsed(target, "the target")
        if asked and meant and asked != meant:
            raise BadRequest("the target and Host name different hosts")
        for each in (asked, meant):
            if each and not self._takes(each.host):
                raise WrongHost(_refused(f"this was asked of the host {each.host}"))
        if origin is not None and not self._is_ours(origin, asked or meant):
            raise WrongOrigin(_refused(f"this was asked by a page of {origin}"))

    def _takes(self, host: str) -> bool:
        local = host == "localhost" or host.endswith(".localhost")
        return local or _is_address(host) or self._is_set(host)

    def _is_set(self, host: str) -> bool:
        return host in self._exact or host.endswith(self._below)

    def _is_ours(self, origin: str, asked: Authority | None) -> bool:
        """The same host and port as was asked, or a name that was set: a proxy may have changed
        the `Host`. What TLS was ended before us is not known, so the scheme says nothing."""
        found = _ORIGIN.fullmatch(origin.lower())
        page = Authority.parse(found[1]) if found else None
        return page is not None and (page == asked or self._is_set(page.host))


def _parsed(text: str | None, where: str) -> Authority | None:
    if text is None:
        return None
    found = Authority.parse(text)
    if found is None:
        raise BadRequest(f"{where} names no host")
    return found


def _is_address(host: str) -> bool:
    """Only as it is usually written: a browser never sends `0x7f.1` or `127.1`."""
    try:
        if host.startswith("["):
            ipaddress.IPv6Address(host[1:-1])
        else:
            ipaddress.IPv4Address(host)
    except ValueError:
        return False
    return True


def _checked(name: str) -> str:
    """A name of the setting in the form in which browsers send it."""
    below, _, rest = name.rpartition("*.")
    try:
        host = rest.encode("idna").decode("ascii").lower().removesuffix(".")
    except UnicodeError:
        host = ""
    if below or not _NAME.fullmatch(host) or "*" in host or len(host) > LONGEST:
        raise ConfigError(
            f"{VARIABLE}: {name!r} is no host name; write names alone, without scheme or port, "
            "with commas between, as in router.example.org, *.example.org"
        )
    return f"*.{host}" if name.startswith("*.") else host


def _refused(what: str) -> str:
    shown = what[:MOST_SHOWN].encode("ascii", "backslashreplace").decode("ascii")
    return f"{shown}, which is not known here: if that is yours, add its name to {VARIABLE}"
