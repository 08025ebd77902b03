"""Rewrites header fields on their way through the proxy, by fixed rules. Pure: no I/O, no clock.

Fields are raw: names and values as bytes, in order, repeated ones kept. The rules follow RFC 9110,
section 7.6.1: first the fields of one hop go, those that `Connection` names, and those that only
this router and trusted proxies may set. Only then the router's own fields are added.
"""

import re
from collections.abc import Collection, Iterable, Iterator, Sequence
from functools import lru_cache
from typing import NamedTuple

from hero_router.access.forwarded import ForwardedFacts

Field = tuple[bytes, bytes]
Fields = Sequence[Field]

HOP_BY_HOP = frozenset(
    {
        b"connection", b"keep-alive", b"proxy-connection", b"proxy-authenticate",
        b"proxy-authorization", b"te", b"transfer-encoding", b"upgrade", b"http2-settings",
    }
)  # fmt: skip
"""Fields that belong to one connection; framing is made anew for the next one."""

_FRAMING = frozenset({b"content-length", b"trailer", b"expect"})
"""Fields of a request's framing; its trailers are not passed on, so nothing announces them."""

_IDENTITY = re.compile(
    rb"(x-forwarded|x-hero)(-.*)?|forwarded|x-real-ip|x-request-id|traceparent|tracestate"
)
"""What services may believe of a client: only the router and trusted proxies set it."""

_MADE_ANEW = frozenset(
    {b"x-forwarded-for", b"x-forwarded-proto", b"x-forwarded-host", b"x-forwarded-prefix"}
)
_VOUCHED = re.compile(rb"x-hero-claims|x-hero-context|x-forwarded-[a-z0-9-]+")
"""What is passed on as it is from a proxy that may say who the user is, if it is not made anew."""

_SEPARATORS = re.compile(rb"[^0-9a-z]")
_SERVICE_MAY_NOT = frozenset({b"service-worker-allowed", b"clear-site-data"})


NO_HOST = "localhost"
"""The host that a service is told where a client of HTTP/1.0 names none."""


class Hop(NamedTuple):
    """What the router tells a service of a request.

    `facts` say where it comes from. `host` is the host that it names, "" without one, `prefix`
    the part of the address that was cut, `via` this router's name in `Via`, `trace` its trace
    context.
    """

    facts: ForwardedFacts
    host: str
    prefix: str
    request_id: str
    via: str
    trace: Fields = ()


def request_fields(
    fields: Fields,
    hop: Hop,
    own_cookies: Collection[str] = (),
    login_fields: Collection[bytes] = (),
) -> list[Field]:
    """The fields of a request as a service gets them.

    Removed are: what `Connection` names, the fields of one hop, the router's own cookies, and what
    says who the client is, in every spelling that a service could take for it (`X_Hero_Claims`,
    `x.hero.claims`). `login_fields` are more names of that kind, in small letters with hyphens.
    From a proxy that may say who the user is they stay, in their own spelling only; `Connection`
    takes none of them away, else a client could hide who it is by naming them there.
    """
    named = _named_by_connection(fields)
    kept = list[Field]()
    via = b""
    for name, value in fields:
        key, plain, says_who = _read_name(name)
        if key in HOP_BY_HOP or key in _FRAMING:
            continue
        if key == b"via":
            via = via + b", " + value if via else value
            continue
        if says_who or plain in login_fields:
            vouched = _VOUCHED.fullmatch(key) is not None and key not in _MADE_ANEW
            if hop.facts.trusted and (vouched or key in login_fields):
                kept.append((name, value))
            continue
        if key in named:
            continue
        if key == b"cookie" and own_cookies:
            value = _without(value, own_cookies)  # noqa: PLW2901 - the rest of the same field
            if not value:
                continue
        kept.append((name, value))
    if not any(name.lower() == b"host" for name, _ in kept):  # HTTP/1.1 wants one
        kept.append((b"Host", (hop.host or NO_HOST).encode("ascii")))
    own = f"1.1 {hop.via}".encode("ascii")
    return [*kept, *_told(hop), *hop.trace, (b"Via", via + b", " + own if via else own)]


@lru_cache(maxsize=1024)
def _read_name(name: bytes) -> tuple[bytes, bytes, bool]:
    """A field's name in small letters and with hyphens, and whether it says who the client is.

    Cached: nearly all fields have the same names.
    """
    key = name.lower()
    plain = _SEPARATORS.sub(b"-", key)
    return key, plain, _IDENTITY.fullmatch(plain) is not None


def _told(hop: Hop) -> Iterator[Field]:
    """The router's own fields about the client."""
    facts = hop.facts
    host = facts.host or hop.host or NO_HOST
    if facts.chain:
        yield b"X-Forwarded-For", ", ".join(facts.chain).encode("ascii")
        yield b"X-Real-IP", facts.chain[0].encode("ascii")
    yield b"X-Forwarded-Proto", facts.proto.encode("ascii")
    yield b"X-Forwarded-Host", host.encode("ascii")
    if prefix := facts.prefix + hop.prefix:
        yield b"X-Forwarded-Prefix", prefix.encode("ascii")
    if facts.is_standard:
        yield b"Forwarded", _standard(facts, host).encode("ascii")
    yield b"X-Request-Id", hop.request_id.encode("ascii")


def _standard(facts: ForwardedFacts, host: str) -> str:
    """The same as `X-Forwarded-*` in the form of RFC 7239."""
    nodes = [f'for="[{each}]"' if ":" in each else f"for={each}" for each in facts.chain]
    nodes = nodes or ["for=unknown"]
    nodes[0] += f';proto={facts.proto};host="{host}"'
    return ", ".join(nodes)


def response_fields(
    status: int,
    fields: Fields,
    prefix: str,
    hosts: Collection[str],
    own_cookies: Collection[str] = (),
    outer: str = "",
) -> list[Field]:
    """The fields of a service's answer as the client gets them; framing fields are left out.

    `hosts` are the names of the router that the service was told. Under a prefix, redirects within
    the service and the paths of its cookies get the prefix, and each answer gets a sandbox: it
    shares the router's origin, so no script in it may call the API. Browsers show many media types
    as documents, so none is excepted. `outer` is the prefix that a proxy in front cut before.
    """
    whole = outer + prefix
    named = _named_by_connection(fields)
    kept = list[Field]()
    for name, value in fields:
        key = name.lower()
        if key in HOP_BY_HOP or key in named or key in _SERVICE_MAY_NOT or key == b"content-length":
            continue
        if key == b"set-cookie":
            if _cookie_name(value) in own_cookies:
                continue
            value = _under(value, whole) if whole else value  # noqa: PLW2901
        elif key in (b"location", b"content-location"):
            value = _moved(value, whole, hosts)  # noqa: PLW2901
        kept.append((name, value))
    if prefix and status >= 200:
        kept.append((b"Content-Security-Policy", SANDBOX))
    return kept


SANDBOX = b"sandbox allow-scripts allow-forms allow-popups allow-modals allow-downloads"
"""Takes a page's origin away, so that the browser treats its requests as those of a stranger."""


def has_loop(fields: Fields, via: str) -> bool:
    """Whether a request has passed through this router before (`Via`, RFC 9110, section 7.6.3)."""
    own = via.encode("ascii")
    entries = (
        entry for name, value in fields if name.lower() == b"via" for entry in value.split(b",")
    )
    return any(entry.split()[1:2] == [own] for entry in entries)


def upgrade_of(fields: Fields) -> bytes | None:
    """The protocols that a message offers to change to; None without `Connection: upgrade`.

    Other versions of HTTP are left out: requests in such a tunnel would reach the service without
    the router's checks, and could say of their sender what they like.
    """
    if b"upgrade" not in _named_by_connection(fields):
        return None
    asked = b", ".join(value for name, value in fields if name.lower() == b"upgrade")
    offers = (offer.strip() for offer in asked.split(b","))
    return b", ".join(each for each in offers if each and not _HTTP.match(each)) or None


_HTTP = re.compile(rb"(?i)h2|http|tls")


def takes_trailers(fields: Fields) -> bool:
    """Whether the sender of a request takes trailers in its answer (RFC 9110, section 10.1.4)."""
    return any(
        word.partition(b";")[0].strip().lower() == b"trailers"
        for name, value in fields
        if name.lower() == b"te"
        for word in value.split(b",")
    )


def serialize(first_line: bytes, fields: Iterable[Field]) -> bytes:
    """The head of a message, with the empty line at its end."""
    return b"\r\n".join([first_line, *(name + b": " + value for name, value in fields), b"", b""])


def _named_by_connection(fields: Fields) -> set[bytes]:
    return {
        token.strip().lower()
        for name, value in fields
        if name.lower() == b"connection"
        for token in value.split(b",")
    } - {b"host"}


def _without(cookies: bytes, names: Collection[str]) -> bytes:
    """A `Cookie` field without the cookies of these names."""
    kept = [each for each in cookies.split(b";") if _cookie_name(each) not in names]
    return b";".join(kept).strip()


def _cookie_name(cookie: bytes) -> str:
    # `=session=x` is a cookie without a name to a browser, which sends it back as `session=x`.
    return cookie.lstrip(b" \t=").partition(b"=")[0].strip().decode("latin-1")


_COOKIE_PATH = re.compile(rb"(;\s*path\s*=\s*)(/[^;]*)", re.IGNORECASE)


def _under(cookie: bytes, prefix: str) -> bytes:
    """A `Set-Cookie` whose path lies under the prefix."""
    head = prefix.encode("ascii")

    def moved(found: re.Match[bytes]) -> bytes:
        path = b"" if found[2].strip() == b"/" else found[2]
        return found[1] + head + (path or b"/")

    return _COOKIE_PATH.sub(moved, cookie)


_ABSOLUTE = re.compile(rb"(?i)(https?:)?//([^/?#]*)(.*)", re.DOTALL)


def _moved(location: bytes, prefix: str, hosts: Collection[str]) -> bytes:
    """A redirect's target under the prefix, if it lies within the service; else as it is.

    Servers on a Unix socket, such as nginx, know no port and leave it out: so the host alone counts
    where the target names no port.
    """
    head, own = prefix.encode("ascii"), {host.lower().encode("ascii") for host in hosts}
    found = _ABSOLUTE.fullmatch(location)
    if found is None:
        return head + location if location.startswith(b"/") else location
    there = found[2].lower()
    if there in own:
        if not prefix:
            return location
    elif there not in {host.rpartition(b":")[0] for host in own}:
        return location
    path = found[3] if found[3].startswith(b"/") else b"/" + found[3]
    return head + path
