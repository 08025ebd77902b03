"""Makes the addresses at which a router passes requests on to a service's sockets."""

import re
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import quote, urlsplit

from hero_router.cli.router_options import is_loopback
from hero_router.proxy.address import DEFAULT_CONTEXT, RPC
from hero_router.proxy.table import segments

_LABEL = re.compile(r"(?!-)[a-z0-9_-]{1,63}(?<!-)")


def path_of(record: Mapping[str, Any], segment: str) -> str:
    """The path of one socket below the router's address, without a final slash.

    It always has the context: without one the first segment may be the router's own.
    """
    parts = (str(record["context"]), str(record["name"]), segment)
    return "".join(f"/{quote(part, safe='')}" for part in parts)


def page_of(url: str, domain: str, record: Mapping[str, Any], segment: str) -> str:
    """The URL of one socket for a browser: by the service's own host name, else by path.

    A host name serves only the socket for browsers and, below `/rpc`, the rpc socket. `url` is the
    router's, `domain` its ROUTER_DOMAIN.
    """
    by_host = _origin(url, domain, record)
    if by_host is not None and segment == front(record):
        return f"{by_host}/"
    if by_host is not None and segment == RPC:
        return f"{by_host}/{RPC}/"
    return f"{url}{path_of(record, segment)}/"


def front(record: Mapping[str, Any]) -> str | None:
    """The segment of the socket that a service shows to browsers; None if none can be reached."""
    names: Sequence[str] = segments(record)
    pages = (name for name in names if name not in ("admin", RPC))
    return next(pages, "admin" if "admin" in names else next(iter(names), None))


def _origin(url: str, domain: str, record: Mapping[str, Any]) -> str | None:
    """Scheme, host name and port of a service's own; None if it has no host name that is known.

    Names below `localhost` lead to the machine of the browser, so the router must be on it.
    """
    parts = urlsplit(url)
    labels = [_label(str(record["name"]))]
    if (context := str(record["context"])) != DEFAULT_CONTEXT:
        labels.append(_label(context))
    reaches = is_loopback(parts.hostname or "") or not is_loopback(domain)
    if None in labels or parts.path or not reaches:
        return None
    port = f":{parts.port}" if parts.port else ""
    return f"{parts.scheme}://{'.'.join(map(str, labels))}.{domain}{port}"


def _label(name: str) -> str | None:
    """A name as a label of a host name; None if the label would not stand for the same name."""
    try:
        label = name.encode("idna").decode("ascii")
        same = name == (label.encode().decode("idna") if label.startswith("xn--") else label)
    except UnicodeError:
        return None
    return label if same and _LABEL.fullmatch(label) else None
