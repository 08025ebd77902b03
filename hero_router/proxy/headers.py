"""Rewrites header fields of proxied requests and answers, by fixed rules. Pure: no I/O, no clock.

Fields are raw: names and values as bytes, in order, repeated ones kept. The rules follow RFC 9110,
section 7.6.1: first the fields of one hop go, those that `Connection` names, and those that only
this router and trusted proxies may set. Only then the router's own fields are added.
"""

import re
from collections.abc import Collection, Iterable, Iterator, Sequence
from collections.abc import Set as AbstractSet
from functools import lru_cache
from typing import NamedTuple

from hero_router.access.forwarded import ForwardedFacts
from hero_router.proxy.answer_prefix import moved, under

Field = tuple[bytes, bytes]
Fields = Sequence[Field]

_NONE = frozenset[bytes]()

HOP_BY_HOP = frozenset(
    {
        b"connection", b"keep-alive", b"proxy-connection", b"proxy-authenticate",
        b"proxy-authorization", b"te", b"transfer-encoding", b"upgrade", b"http2-settings",
    }
)  # fmt: skip
"""Fields that belong to one connection; framing is made anew for the next one."""

_FRAMING = frozenset({b"content-length", b"trailer", b"expect"})
"""Fields of a request's framing; its trailers are not passed on, so nothing announces them."""

_NOT_PASSED_ON = HOP_BY_HOP | _FRAMING

_IDENTITY = re.compile(
    rb"(x-forwarded|x-hero)(-.*)?|forwarded|x-real-ip|x-request-id|traceparent|tracestate"
)
"""Headers that services trust: only the router and trusted proxies may set them."""

_MADE_ANEW = frozenset(
    {b"x-forwarded-for", b"x-forwarded-proto", b"x-forwarded-host", b"x-forwarded-prefix"}
)
_VOUCHED = re.compile(rb"x-hero-claims|x-hero-context|x-forwarded-[a-z0-9-]+")
"""Headers of a proxy that may name users: passed on unchanged, unless the router sets them."""

_SEPARATORS = re.compile(rb"[^0-9a-z]")
_SERVICE_MAY_NOT = frozenset({b"service-worker-allowed", b"clear-site-data"})
OF_HOPS = frozenset({b"x-hero-hop", b"x-hero-hop-cause", b"x-hero-hop-refused"})
"""Fields of an answer that routers send each other (`proxy.router_to_router_headers`)."""

_NOT_PASSED_BACK = HOP_BY_HOP | _SERVICE_MAY_NOT | OF_HOPS | {b"content-length"}
_RULED_IN_ANSWERS = _NOT_PASSED_BACK | {b"set-cookie", b"location", b"content-location"}


NO_HOST = "localhost"
"""The Host that a service gets if a client of HTTP/1.0 sends none."""


class Hop(NamedTuple):
    """The facts about a request that the router adds to its headers for the service.

    `facts` say where it comes from. `host` is the host that it names, "" without one, `prefix`
    the part of the address that was cut, `via` this router's name in `Via`.
    """

    facts: ForwardedFacts
    host: str
    prefix: str
    via: str


def request_fields(
    fields: Fields,
    hop: Hop,
    own_cookies: Collection[str] = (),
    login_fields: frozenset[bytes] = _NONE,
) -> list[Field]:
    """The fields of a request as a service gets them, without its id and its trace context.

    Equal fields from an equal hop give equal ones: so they can be remembered.

    Removed are: what `Connection` names, the fields of one hop, the router's own cookies, and what
    says who the client is, in every spelling that a service could take for it (`X_Hero_Claims`,
    `x.hero.claims`). `login_fields` are more names of that kind, in small letters. From a proxy
    that may say who the user is they stay, in their own spelling only; `Connection` takes none of
    them away, else a client could hide who it is by naming them there.
    """
    named, login = named_by_connection(fields), _with_hyphens(login_fields)
    kept = list[Field]()
    via, has_host = b"", False
    for field in fields:
        key, plain, is_identity, is_ruled = _read_name(field[0])
        if not is_ruled and plain not in login:
            if key not in named:
                kept.append(field)
        elif key in _NOT_PASSED_ON:
            continue
        elif key == b"via":
            via = via + b", " + field[1] if via else field[1]
        elif is_identity or plain in login:
            vouched = _VOUCHED.fullmatch(key) is not None and key not in _MADE_ANEW
            if hop.facts.trusted and (vouched or key in login_fields):
                kept.append(field)
        elif key not in named:
            has_host = has_host or key == b"host"
            kept += _without_own(field, own_cookies) if key == b"cookie" else (field,)
    if not has_host:  # HTTP/1.1 wants one
        kept.append((b"Host", (hop.host or NO_HOST).encode("ascii")))
    own = f"1.1 {hop.via}".encode("ascii")
    return [*kept, *_told(hop), (b"Via", via + b", " + own if via else own)]


@lru_cache(maxsize=1024)
def _read_name(name: bytes) -> tuple[bytes, bytes, bool, bool]:
    """A field's name in small letters and with hyphens, whether it says who the client is, and
    whether any rule for requests names it.

    Cached: nearly all fields have the same names.
    """
    key = name.lower()
    plain = _SEPARATORS.sub(b"-", key)
    is_identity = _IDENTITY.fullmatch(plain) is not None
    is_named = key in _NOT_PASSED_ON or key in (b"via", b"cookie", b"host")
    return key, plain, is_identity, is_identity or is_named


@lru_cache(maxsize=8)
def _with_hyphens(names: frozenset[bytes]) -> frozenset[bytes]:
    """Names in small letters, with hyphens. Cached: the settings give all of them."""
    return frozenset(_SEPARATORS.sub(b"-", name) for name in names)


def says_who(name: bytes, login_fields: frozenset[bytes] = _NONE) -> bool:
    """Whether a field may name the client; only this router and trusted proxies set it."""
    _, plain, is_identity, _ = _read_name(name)
    return is_identity or plain in _with_hyphens(login_fields)


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
    named = named_by_connection(fields)
    kept = list[Field]()
    for field in fields:
        name, value = field
        key = name.lower()
        if key not in _RULED_IN_ANSWERS:
            if key not in named:
                kept.append(field)
            continue
        if key in _NOT_PASSED_BACK or key in named:
            continue
        if key == b"set-cookie":
            if _cookie_name(value) in own_cookies:
                continue
            value = under(value, whole) if whole else value
        else:
            value = moved(value, whole, hosts)
        kept.append((name, value))
    if prefix and status >= 200:
        kept.append((b"Content-Security-Policy", SANDBOX))
    return kept


SANDBOX = b"sandbox allow-scripts allow-forms allow-popups allow-modals allow-downloads"
"""Gives a page an opaque origin, so that the browser treats its requests as cross-origin."""


def upgrade_of(fields: Fields) -> bytes | None:
    """The protocols that a message offers to change to; None without `Connection: upgrade`.

    Other versions of HTTP are left out: requests in such a tunnel would reach the service without
    the router's checks, and could say of their sender what they like.
    """
    if b"upgrade" not in named_by_connection(fields):
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
    return first_line + b"\r\n" + lines(fields) + b"\r\n"


def lines(fields: Iterable[Field]) -> bytes:
    """The lines of header fields, each with its end."""
    return b"".join([name + b": " + value + b"\r\n" for name, value in fields])


def named_by_connection(fields: Fields) -> AbstractSet[bytes]:
    """The names in `Connection`, which belong to one connection; `Host` is never one of them."""
    values = [value for name, value in fields if name.lower() == b"connection"]
    if not values:
        return _NONE
    return {token.strip().lower() for value in values for token in value.split(b",")} - {b"host"}


def _without_own(cookies: Field, names: Collection[str]) -> Sequence[Field]:
    """A `Cookie` field without the cookies of these names; nothing if none is left."""
    value = _without(cookies[1], names) if names else cookies[1]
    return ((cookies[0], value),) if value or not names else ()


def _without(cookies: bytes, names: Collection[str]) -> bytes:
    """A `Cookie` field without the cookies of these names."""
    kept = [each for each in cookies.split(b";") if _cookie_name(each) not in names]
    return b";".join(kept).strip()


def _cookie_name(cookie: bytes) -> str:
    # `=session=x` is a cookie without a name to a browser, which sends it back as `session=x`.
    return cookie.lstrip(b" \t=").partition(b"=")[0].strip().decode("latin-1")
