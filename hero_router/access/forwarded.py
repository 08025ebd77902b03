"""Reads the headers that proxies in front of the router add: client address, scheme and host.

It reads `X-Forwarded-For`, `-Proto`, `-Host` and `-Prefix`, else `Forwarded` (RFC 7239), else
`X-Real-IP`, and only if the peer is trusted (`settings.trusted_proxies`). Pure: no I/O, no clock.
"""

import re
from collections.abc import Sequence
from functools import lru_cache
from typing import NamedTuple, Protocol

from hero_router.settings.host_and_origin_check import Authority
from hero_router.settings.trusted_proxies import (
    LOCAL,
    MOST_PEERS,
    Peer,
    TrustedProxies,
    parse_address,
)

MOST_HOPS = 32
"""Maximum number of proxies in a chain that are read, beginning with the nearest one."""

LONGEST_PREFIX = 256
"""Maximum number of characters of an `X-Forwarded-Prefix`."""

LONGEST_FORWARDED = 2048
"""Maximum number of characters of a `Forwarded` that are read: those at its end."""

_FOR, _PROTO, _HOST = b"x-forwarded-for", b"x-forwarded-proto", b"x-forwarded-host"
_PREFIX, _FORWARDED, _REAL_IP = b"x-forwarded-prefix", b"forwarded", b"x-real-ip"
_READ = frozenset({_FOR, _PROTO, _HOST, _PREFIX, _FORWARDED, _REAL_IP})

_SCHEMES = {"http": "http", "https": "https", "ws": "http", "wss": "https"}

_PREFIXES = re.compile(
    r"(?:/(?!\.{1,2}(?:/|$))(?:[A-Za-z0-9._~!$&'()*+,;=:@-]|%[0-9A-Fa-f]{2})+)*/?"
)
_WITH_PORT = re.compile(
    r"(?P<v4>[0-9.]+)(?::[0-9]{1,5})?|\[(?P<v6>[0-9A-Fa-f:.]+)\](?::[0-9]{1,5})?"
)

_PAIR = r'([A-Za-z0-9!#$%&\'*+.^_`|~-]+)=([A-Za-z0-9!#$%&\'*+.^_`|~-]+|"(?:[^"\\]|\\.)*")'
_ELEMENT = re.compile(rf"\s*{_PAIR}(?:\s*;\s*{_PAIR})*\s*;?\s*")
_PAIRS = re.compile(_PAIR)
_ESCAPED = re.compile(r"\\(.)")


class Request(Protocol):
    """The parts of a request that this module reads, as in `aiohttp.web.BaseRequest`."""

    @property
    def remote(self) -> str | None:
        """The peer's IP address; None or "" on a Unix socket."""

    @property
    def secure(self) -> bool:
        """Whether the peer speaks TLS to the router itself."""

    @property
    def raw_headers(self) -> Sequence[tuple[bytes, bytes]]:
        """The header fields."""


class ForwardedFacts(NamedTuple):
    """Where a request comes from, by the headers of trusted proxies.

    `client` is the client's IP address behind trusted proxies, "local" on a Unix socket. `chain`
    are the addresses from the client to the peer, without Unix sockets. `proto` is `http` or
    `https`, as the client spoke to the first trusted proxy. `host` is the host that the client
    asked for, `prefix` the part of the path that a proxy cut; "" if none is told. `is_standard`
    says whether the peer uses `Forwarded`, `is_believed` whether it may say these things at all,
    `trusted` whether it may also say who the user is: ROUTER_TRUSTED_PROXIES names it.
    """

    client: str
    chain: tuple[str, ...]
    proto: str
    host: str
    prefix: str
    is_standard: bool
    is_believed: bool
    trusted: bool

    @property
    def secure(self) -> bool:
        """Whether the client speaks TLS, to the router or to a trusted proxy in front of it."""
        return self.proto == "https"


def forwarded(request: Request, proxies: TrustedProxies) -> ForwardedFacts:
    """Find out the client, scheme and host of a request that came through trusted proxies."""
    peer = proxies.peer(request.remote)
    given = dict[bytes, list[str]]()
    if peer.is_believed:
        for name, value in request.raw_headers:
            if (key := name.lower()) in _READ:
                given.setdefault(key, []).append(value.decode("latin-1"))
    if not given:
        return _told_nothing(peer, secure=request.secure)
    claims = _claims(given)
    passed, client = 0, peer
    chain = [] if peer.address == LOCAL else [peer.address]
    for claim in claims:
        if not client.is_believed or (address := _address(claim.client)) is None:
            break
        passed, client = passed + 1, proxies.peer(address)
        chain.append(address)
    first = claims[max(passed - 1, 0)] if claims else _NOTHING
    return ForwardedFacts(
        client.address,
        tuple(reversed(chain)),
        _SCHEMES.get(first.proto) or ("https" if request.secure else "http"),
        first.host if first.host and Authority.parse(first.host) else "",
        _prefix(given.get(_PREFIX, ())),
        _FORWARDED in given,
        peer.is_believed,
        peer.may_name_users,
    )


@lru_cache(maxsize=MOST_PEERS)
def _told_nothing(peer: Peer, *, secure: bool) -> ForwardedFacts:
    """What is known of a request that comes from its peer itself. Cached, as `proxies.peer`."""
    return ForwardedFacts(
        peer.address,
        () if peer.address == LOCAL else (peer.address,),
        "https" if secure else "http",
        "",
        "",
        is_standard=False,
        is_believed=peer.is_believed,
        trusted=peer.may_name_users,
    )


class Claim(NamedTuple):
    """What one proxy states about the request: client, scheme, host; "" if it states none."""

    client: str
    proto: str
    host: str


_NOTHING = Claim("", "", "")


def _claims(given: dict[bytes, list[str]]) -> list[Claim]:
    """What the proxies state, the nearest one first."""
    clients = _listed(given.get(_FOR, ()))
    protos = [proto.lower() for proto in _listed(given.get(_PROTO, ()))]
    hosts = _listed(given.get(_HOST, ()))
    if not (clients or protos or hosts) and _FORWARDED in given:
        return _elements(",".join(given[_FORWARDED]))
    clients = clients or _listed(given.get(_REAL_IP, ()))[:1] or [""]
    hops = len(clients)
    return [
        Claim(client, _at(protos, number, hops), _at(hosts, number, hops))
        for number, client in enumerate(clients)
    ]


def _listed(values: Sequence[str]) -> list[str]:
    """The entries of a field, the last one first; at most `MOST_HOPS`."""
    entries = [entry.strip() for value in values for entry in value.split(",")]
    return entries[: -MOST_HOPS - 1 : -1]


def _at(entries: Sequence[str], number: int, hops: int) -> str:
    """What a proxy says in a field with an entry for each proxy; else what the nearest one says."""
    if not entries:
        return ""
    return entries[number] if len(entries) == hops else entries[0]


def _elements(text: str) -> list[Claim]:
    """The elements of `Forwarded`, the last one first, as far as they are well formed.

    Read from the end: what a client wrote before, such as a quotation mark that does not end,
    cannot spoil what a proxy added behind it.
    """
    found = list[Claim]()
    text = text[-LONGEST_FORWARDED:]
    start = end = len(text)
    while start >= 0 and len(found) < MOST_HOPS:
        start = text.rfind(",", 0, start)
        if element := _ELEMENT.fullmatch(text, start + 1, end):
            pairs = {name.lower(): _unquoted(value) for name, value in _PAIRS.findall(element[0])}
            named = [pairs.get(name, "") for name in ("for", "proto", "host")]
            found.append(Claim(named[0], named[1].lower(), named[2]))
            end = start
    return found


def _unquoted(value: str) -> str:
    return _ESCAPED.sub(r"\1", value[1:-1]) if value.startswith('"') else value


def _address(text: str) -> str | None:
    """The IP address in an entry, which may have a port or brackets; None if there is none."""
    found = _WITH_PORT.fullmatch(text)
    address = parse_address((found["v4"] or found["v6"]) if found else text)
    return None if address is None or "%" in text else str(address)


def _prefix(values: Sequence[str]) -> str:
    """The prefix that the nearest proxy tells, without a slash at its end; "" if it is none."""
    prefix = values[-1].strip() if values else ""
    good = len(prefix) <= LONGEST_PREFIX and _PREFIXES.fullmatch(prefix)
    return prefix.rstrip("/") if good else ""
