"""The signed token in a request that one node's router forwards to another's. No I/O, no clock.

It says who sends the request and what it asks for, and is signed with the sending node's key. A
router believes nothing of a hop's sender but what the token says.
"""

import base64
import hashlib
import json
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

from hero_router.access.ed25519 import PublicKey
from hero_router.access.forwarded import ForwardedFacts
from hero_router.access.principal import Principal, PrincipalKind
from hero_router.errors import Unauthorized
from hero_router.settings.host_and_origin_check import Authority
from hero_router.settings.trusted_proxies import parse_address

Field = tuple[bytes, bytes]

MOST_MS = 30_000
"""Longest time for which a token is accepted."""

LIFETIME_MS = 20_000
"""How long the tokens last that are made here: less than `MOST_MS`, as clocks differ."""

_PURPOSE = b"hero_router hop 1\n"

_TOKEN = re.compile(rb"([A-Za-z0-9_-]{1,16384})\.([A-Za-z0-9_-]{86})")
_NONCE = re.compile(r"[A-Za-z0-9_-]{16,64}")
_REQUEST_ID = re.compile(r"[A-Za-z0-9._:=+@-]{1,128}")
_PREFIX = re.compile(r"(?:/[!-~]*)?")
_NAME = re.compile(rb"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_VALUE = re.compile(rb"[\t\x20-\x7e\x80-\xff]*")


class HopRefused(Unauthorized):
    """The token of a hop is not accepted; the message says why."""

    code = "hop_refused"


class HopClaims(NamedTuple):
    """The content of a hop token.

    `sender` and `receiver` are nodes. `method` and `target` are those of the request as it is sent,
    `target` with its query. `host` is the host that the client has named, "" without one. `service`
    is the service's id, `role` the role of its socket, `prefix` the part of the target that the
    service does not see. `facts` say where the client's request comes from, `fields` are header
    fields that only routers and trusted proxies may set. `expires_ms` is in Unix milliseconds, and
    `nonce` a random text.
    """

    sender: str
    receiver: str
    method: str
    target: str
    host: str
    service: str
    role: str
    prefix: str
    actor: Principal
    facts: ForwardedFacts
    fields: tuple[Field, ...]
    request_id: str
    expires_ms: int
    nonce: str


def write_token(claims: HopClaims, sign: Callable[[bytes], bytes]) -> bytes:
    """The token with these claims; `sign` signs as the sending node."""
    content = {
        "from": claims.sender,
        "to": claims.receiver,
        "method": claims.method,
        "target": _digest(claims.target),
        "host": claims.host,
        "service": claims.service,
        "role": claims.role,
        "prefix": claims.prefix,
        "actor": _actor(claims.actor),
        "facts": claims.facts._asdict(),
        "fields": [[name.decode("latin-1"), value.decode("latin-1")]
                   for name, value in claims.fields],
        "request_id": claims.request_id,
        "expires": claims.expires_ms,
        "nonce": claims.nonce,
    }  # fmt: skip
    body = _encoded(json.dumps(content, separators=(",", ":")).encode("ascii"))
    return body + b"." + _encoded(sign(_PURPOSE + body))


def read_token(
    token: bytes,
    method: str,
    target: str,
    *,
    node: str,
    keys_of: Callable[[str], Sequence[PublicKey]],
    now_ms: int,
) -> HopClaims:
    """The claims of a token that came with this method and target.

    `node` is this router's own node. `keys_of` gives the keys of a peer, none for an unknown one.
    Whether the token has been used before is not checked here.

    Raises:
        HopRefused: the token is malformed or stale, was not signed by the peer that it names, or
            belongs to another node or another request.
    """
    found = _TOKEN.fullmatch(token)
    content = _decoded(found[1]) if found else None
    if found is None or content is None:
        raise HopRefused("its hop token is missing or cannot be read")
    sender, signed = content.get("from"), _PURPOSE + found[1]
    keys = keys_of(sender) if isinstance(sender, str) else ()
    if not keys:
        raise HopRefused(
            "its token names a node that is no peer (not in ROUTER_PEERS) of this router"
        )
    if not any(key.verifies(_raw(found[2]), signed) for key in keys):
        raise HopRefused("its token is not signed with a key of the node that it names")
    if content.get("to") != node:
        raise HopRefused("its token is for another node")
    if content.get("method") != method:
        raise HopRefused("its token is for another method")
    if content.get("target") != _digest(target):
        raise HopRefused("its token is for another path: something on the way has changed it")
    try:
        claims = _claims(content, target)
    except (KeyError, TypeError, ValueError):
        raise HopRefused("its token has a field that is not understood by this version") from None
    if not now_ms < claims.expires_ms <= now_ms + MOST_MS:
        raise HopRefused("its token is too old, or valid for too long: do the clocks differ?")
    return claims


def _claims(content: Mapping[str, Any], target: str) -> HopClaims:
    """The claims in a signed JSON object. Raises KeyError, TypeError, ValueError."""
    facts, prefix = _facts(content["facts"]), _matching(_PREFIX, content["prefix"])
    if not target.startswith(prefix):
        raise ValueError("the prefix is no part of the target")
    return HopClaims(
        sender=_text(content["from"]),
        receiver=_text(content["to"]),
        method=_text(content["method"]),
        target=target,
        host=_host(content["host"]),
        service=_text(content["service"]),
        role=_text(content["role"]),
        prefix=prefix,
        actor=_principal(content["actor"], facts.client, _text(content["from"])),
        facts=facts,
        fields=tuple(_field(*each) for each in content["fields"]),
        request_id=_matching(_REQUEST_ID, content["request_id"]),
        expires_ms=_number(content["expires"]),
        nonce=_matching(_NONCE, content["nonce"]),
    )


def _actor(principal: Principal) -> dict[str, Any]:
    contexts = principal.contexts
    return {
        "name": principal.name,
        "roles": sorted(principal.roles),
        "contexts": None if contexts is None else sorted(contexts),
    }


def _principal(content: Mapping[str, Any], address: str, peer: str) -> Principal:
    contexts = content["contexts"]
    return Principal(
        name=_text(content["name"]),
        roles=frozenset(map(_text, content["roles"])),
        contexts=None if contexts is None else frozenset(map(_text, contexts)),
        address=address,
        kind=PrincipalKind.HOP,
        peer=peer,
    )


def _facts(content: Mapping[str, Any]) -> ForwardedFacts:
    facts = ForwardedFacts(*(content[name] for name in ForwardedFacts._fields))
    if facts.proto not in ("http", "https"):
        raise ValueError("there is no such scheme")
    chain = tuple(_address(each) for each in facts.chain)
    client = "local" if facts.client == "local" else _address(facts.client)
    flags = (facts.is_standard, facts.is_believed, facts.trusted)
    if not all(isinstance(flag, bool) for flag in flags):
        raise TypeError("a flag is neither true nor false")
    host, prefix = _host(facts.host), _matching(_PREFIX, facts.prefix)
    return facts._replace(client=client, chain=chain, host=host, prefix=prefix)


def _field(name: object, value: object) -> Field:
    raw_name, raw_value = _text(name).encode("latin-1"), _text(value).encode("latin-1")
    if _NAME.fullmatch(raw_name) is None or _VALUE.fullmatch(raw_value) is None:
        raise ValueError("not a header field")
    return raw_name, raw_value


def _host(value: object) -> str:
    host = _text(value)
    if host and Authority.parse(host) is None:
        raise ValueError("not a host")
    return host


def _address(value: object) -> str:
    address = _text(value)
    if parse_address(address) is None:
        raise ValueError("not an address")
    return address


def _matching(pattern: re.Pattern[str], value: object) -> str:
    found = _text(value)
    if pattern.fullmatch(found) is None:
        raise ValueError("not of the form that it should have")
    return found


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError("not a text")
    return value


def _number(value: object) -> int:
    if not isinstance(value, int):
        raise TypeError("not a number")
    return value


def _digest(target: str) -> str:
    return hashlib.sha256(target.encode("utf-8", "surrogateescape")).hexdigest()


def _encoded(data: bytes) -> bytes:
    return base64.urlsafe_b64encode(data).rstrip(b"=")


def _raw(text: bytes) -> bytes:
    return base64.urlsafe_b64decode(text + b"=" * (-len(text) % 4))


def _decoded(body: bytes) -> Mapping[str, Any] | None:
    try:
        found = json.loads(_raw(body))
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, dict) else None
