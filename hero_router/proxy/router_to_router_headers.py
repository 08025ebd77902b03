"""Header fields of a request between two routers (a hop), and of its answer. No I/O, no clock.

What only routers and trusted proxies may set travels in the hop's token (`access.hop_token`), as
anything on the way could change or add a field. The router that the client has asked rewrites the
answer; the other one passes it on, with these fields:

    X-Hero-Hop: NONCE             the router has accepted the hop with this nonce
    X-Hero-Hop-Cause: CAUSE       the router itself answers, in place of the service
    X-Hero-Hop-Refused: REASON    the router has not accepted the hop
"""

from collections.abc import Sequence

from hero_router.proxy.headers import (
    HOP_BY_HOP,
    OF_HOPS,
    Field,
    Fields,
    named_by_connection,
    says_who,
)

TOKEN = "X-Hero-Hop"  # noqa: S105 - a name
"""The field of a request that holds the token of a hop."""

ANSWERED, CAUSE, REFUSED = "X-Hero-Hop", "X-Hero-Hop-Cause", "X-Hero-Hop-Refused"

_MADE_ANEW = frozenset(
    {
        b"x-forwarded-for", b"x-forwarded-proto", b"x-forwarded-host", b"x-forwarded-prefix",
        b"x-real-ip", b"forwarded", b"x-request-id",
    }
)  # fmt: skip
"""Fields that the router at the end makes from the token's facts."""


def hop_fields(
    fields: Sequence[Field], login_fields: frozenset[bytes]
) -> tuple[list[Field], list[Field]]:
    """A request's fields for a hop, without `Host`, and those that travel in its token instead.

    `fields` are those that a service of the own node would get.
    """
    plain, vouched = list[Field](), list[Field]()
    for item in fields:
        key = item[0].lower()
        if not says_who(key, login_fields):
            if key != b"host":
                plain.append(item)
        elif key not in _MADE_ANEW:
            vouched.append(item)
    return plain, vouched


def client_fields(
    fields: Fields, host: str, vouched: Sequence[Field], login_fields: frozenset[bytes]
) -> list[Field]:
    """The fields of a client's request again, from those of a hop and from its token."""
    kept = [
        (name, value)
        for name, value in fields
        if name.lower() != b"host" and not says_who(name, login_fields)
    ]
    named = [(b"Host", host.encode("ascii"))] if host else []
    return [*named, *kept, *vouched]


def relayed_fields(fields: Fields, nonce: str) -> list[Field]:
    """The fields of a service's answer for the router that has sent the hop with this nonce."""
    left_out = named_by_connection(fields) | HOP_BY_HOP | OF_HOPS | {b"content-length"}
    kept = [item for item in fields if item[0].lower() not in left_out]
    return [*kept, (ANSWERED.encode("ascii"), nonce.encode("ascii"))]


def told_by_peer(fields: Fields) -> dict[str, str]:
    """What a router says of a hop in the fields of its answer, by name."""
    names = {name.lower().encode("ascii"): name for name in (ANSWERED, CAUSE, REFUSED)}
    return {
        names[key]: value.decode("latin-1")
        for name, value in fields
        if (key := name.lower()) in names
    }
