"""Parses which service a request is for, from its path or host name. Pure: no I/O, no clock.

By path an address is `/{service}/{socket}/…` or `/{context}/{service}/{socket}/…`. By host name it
is `{service}.{domain}` or `{service}.{context}.{domain}`. The rest of the target is never decoded:
the service gets the very bytes that the client sent.
"""

import re
from collections.abc import Sequence
from functools import lru_cache
from typing import NamedTuple
from urllib.parse import unquote_to_bytes

from hero_router.errors import BadRequest

DEFAULT_CONTEXT = "default"
"""The context of an address that names none."""

RPC = "rpc"

RESERVED = frozenset(
    {
        "", "api", "events", "rpc", "static", "health", "ready", "metrics", "openrpc.json",
        ".well-known", "favicon.ico", "sign-in", "sign-out", "status", "status.txt", "badge",
        "wall",
    }
)  # fmt: skip
"""First segments of the router's own addresses. A service of such a name is reached by host name,
or with its context."""

_FORBIDDEN = re.compile(r"[\x00-\x1f\x7f/\\]")
_BROKEN_ESCAPE = re.compile(r"%(?![0-9A-Fa-f]{2})")


class Address(NamedTuple):
    """One way to read a request's address: context, service and socket.

    `context` is None where the address names none. `socket` is the segment that chooses the socket,
    None where the host name chooses the service. `prefix` is the part of the raw target that the
    service does not see, `rest` what it sees, with the query.
    """

    context: str | None
    service: str
    socket: str | None
    prefix: str
    rest: str


def readings(host: str, domain: str, target: str) -> Sequence[Address]:
    """All ways to read an address, the best first; none for an address of the router itself.

    `host` and `domain` are as for `by_host`, `target` as for `by_path`. Raises BadRequest.
    """
    if (found := by_host(host, domain, target)) is not None:
        return (found,)
    return () if is_own(target) else by_path(target)


def is_own(target: str) -> bool:
    """Whether a raw target is a page or API of the router itself, not of a service."""
    first = target.partition("?")[0].split("/", 2)[1:2]
    return not first or first[0] in RESERVED


def by_path(target: str) -> Sequence[Address]:
    """The readings of a raw target (RFC 9112, section 3.2.1), the longest prefix first.

    Raises:
        BadRequest: a segment that every reading needs hides a slash, a backslash, a dot segment or
            a control character, or is empty.
    """
    segments = target.partition("?")[0].split("/", 4)[1:4]
    head = "/" + "/".join(segments)
    found = _read(head) if len(head) <= LONGEST_REMEMBERED else _read.__wrapped__(head)
    return [Address(*each, target[len(each[-1]) :]) for each in found]


LONGEST_REMEMBERED = 128
"""Most characters of an address's first segments that are remembered."""


@lru_cache(maxsize=1024)
def _read(head: str) -> Sequence[tuple[str | None, str, str, str]]:
    """The readings of a path's first three segments, without the rest.

    Remembered: nearly all requests are for few services.
    """
    segments = head.split("/")[1:]
    if len(segments) < 2:
        return ()
    names = [_name(segment) for segment in segments]
    if None in names[:2]:
        raise BadRequest("the address has an empty, dotted or encoded segment")
    found = list[tuple[str | None, str, str, str]]()
    for count in range(len(names), 1, -1):
        *context, service, socket = names[:count]
        if service is not None and socket is not None:
            prefix = "/" + "/".join(segments[:count])
            found.append((context[0] if context else None, service, socket, prefix))
    return found


def by_host(host: str, domain: str, target: str) -> Address | None:
    """The address in a host name below the router's domain; None for another host name.

    `host` is in small letters and has no port. Below a service's own host name `/rpc` is the
    service's rpc socket, everything else its page.
    """
    if not host.endswith(f".{domain}"):
        return None
    labels = host.removesuffix(f".{domain}").split(".")
    if len(labels) > 2:
        return None
    service, *context = map(_label, labels)
    path, mark, query = target.partition("?")
    if path == f"/{RPC}" or path.startswith(f"/{RPC}/"):
        prefix = f"/{RPC}"
        rest = path[len(prefix) :] + mark + query
        return Address(context[0] if context else None, service, RPC, prefix, rest)
    return Address(context[0] if context else None, service, None, "", target)


def _name(segment: str) -> str | None:
    """The name that a raw segment stands for, decoded once; None where it may stand for none."""
    if _BROKEN_ESCAPE.search(segment):
        return None
    try:
        name = unquote_to_bytes(segment).decode("utf-8")
    except UnicodeDecodeError:
        return None
    if name in ("", ".", "..") or _FORBIDDEN.search(name):
        return None
    return name


def _label(label: str) -> str:
    """A label of a host name; an internationalised one as the name that it stands for."""
    if not label.startswith("xn--"):
        return label
    try:
        return label.encode("ascii").decode("idna")
    except UnicodeError:
        return label
