"""Checks the Redis URL (ROUTER_REDIS_URL), parses it, and masks its passwords for display."""

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Literal
from urllib.parse import SplitResult, parse_qsl, unquote, urlsplit

from hero_router.errors import ConfigError

HostPort = tuple[str, int]
"""Host and port."""


@dataclass(frozen=True, slots=True, repr=False)
class Address:
    """A parsed Redis URL. `url` names one server, with login, database and options.

    If `kind` is "sentinel" or "cluster", `seeds` are the Sentinels or Cluster nodes that are asked
    for the address of the primary. `primary` is the name that Sentinels have for the primary.
    """

    kind: Literal["", "sentinel", "cluster"]
    url: str
    seeds: tuple[HostPort, ...] = ()
    primary: str = ""


_COMMON = frozenset({"db", "username", "password"})
_TLS = frozenset(
    f"ssl_{name}"
    for name in ("ca_certs", "ca_path", "cert_reqs", "certfile", "check_hostname", "keyfile")
)
_LOGIN = frozenset({"username", "password"})
_SENTINEL = frozenset({"sentinel_username", "sentinel_password"})
_OPEN = (_COMMON | _TLS | _SENTINEL) - {"password", "sentinel_password"}
"""Options of a URL that hold no password."""

_OPTIONS = {
    "redis": _COMMON,
    "rediss": _COMMON | _TLS,
    "unix": _COMMON,
    "redis+sentinel": _LOGIN | _SENTINEL,
    "rediss+sentinel": _LOGIN | _SENTINEL | _TLS,
    "redis+cluster": _LOGIN,
    "rediss+cluster": _LOGIN | _TLS,
}
"""Options accepted after the "?". The Redis library knows more: some would replace our options."""

_PATHS = {
    "": re.compile(r"(?P<primary>)/?(?P<db>[0-9]*)", re.ASCII),
    "sentinel": re.compile(r"/(?P<primary>[\w.-]+)(/(?P<db>[0-9]*))?", re.ASCII),
    "cluster": re.compile(r"(?P<primary>)(?P<db>)/?"),
}
"""The path after the hosts: name of the primary, and database. A Cluster has only one database."""

_PORTS = {"sentinel": 26379, "cluster": 6379}

_PLAIN = re.compile(
    r"""
    (?P<scheme> [a-z][a-z0-9+.-]* )://
    ( (?P<user> [^:/?\#@]* ) : (?P<password> [^/?\#@]* ) @ )?
    (?P<address>
        (?!.*@)
        ( \[[0-9a-f:.]+\] | [^:/?\#\[\]]* ) ( :[0-9]+ )?
        ( , ( \[[0-9a-f:.]+\] | [^:/?\#\[\],]+ ) ( :[0-9]+ )? )*
        ( /[^?\#]* )?
    )
    (?P<query> ( \?.* )? )
    """,
    re.VERBOSE | re.ASCII | re.IGNORECASE | re.DOTALL,
)
"""A URL in which the password, if any, can be found for certain."""


def check(url: str) -> None:
    """Raises ConfigError if `url` is not a usable Redis URL; an empty text is accepted.

    A URL with an unknown or ambiguous part is not usable. The error does not show the password.
    """
    if url and not _is_usable(url):
        raise ConfigError(
            f"ROUTER_REDIS_URL is not usable: {masked(url)!r}; it must be redis://host:port/0, "
            "rediss://host:port/0, unix:///path/to/redis.sock, "
            "redis+sentinel://host:port,host:port/name-of-the-primary/0 or "
            "redis+cluster://host:port,host:port, and a password's special characters are written "
            "as %XX"
        )


def parse(url: str) -> Address:
    """Parse a Redis URL that `check` has accepted."""
    parts = urlsplit(url)
    kind = _kind(parts.scheme)
    if kind == "":
        return Address("", url)
    seeds = _hosts(parts, _PORTS[kind])
    path = _PATHS[kind].fullmatch(parts.path)
    if path is None:
        raise ValueError("a URL that was not checked")
    login = parts.netloc.rpartition("@")[0]
    host, port = seeds[0]
    netloc = f"{login}{login and '@'}{f'[{host}]' if ':' in host else host}:{port}"
    single = parts._replace(
        scheme=parts.scheme.partition("+")[0], netloc=netloc, path=f"/{path['db'] or 0}"
    )
    return Address(kind, single.geturl(), seeds, path["primary"])


def _kind(scheme: str) -> Literal["", "sentinel", "cluster"]:
    name = scheme.partition("+")[2]
    return "sentinel" if name == "sentinel" else "cluster" if name == "cluster" else ""


def _hosts(parts: SplitResult, default: int) -> tuple[HostPort, ...]:
    """The hosts of a URL with their ports. Raises ValueError if one is malformed."""
    found = []
    for text in parts.netloc.rpartition("@")[2].split(","):
        one = urlsplit(f"//{text}")
        if not one.hostname or one.port == 0:
            raise ValueError("not a host")
        found.append((one.hostname, one.port or default))
    return tuple(found)


def _is_usable(url: str) -> bool:
    if not url.isprintable() or " " in url:
        return False
    try:
        parts = urlsplit(url)
        options = parse_qsl(parts.query, keep_blank_values=True)
        return not parts.fragment and _has_address(parts) and _are_known(parts.scheme, options)
    except ValueError:
        return False


def _has_address(parts: SplitResult) -> bool:
    if parts.scheme == "unix":
        return bool(parts.path) and not parts.hostname
    if parts.scheme not in _OPTIONS or not parts.hostname:
        return False
    kind = _kind(parts.scheme)
    hosts = _hosts(parts, _PORTS.get(kind, 6379))
    return (len(hosts) == 1 or kind != "") and _PATHS[kind].fullmatch(parts.path) is not None


def _are_known(scheme: str, options: list[tuple[str, str]]) -> bool:
    values = dict(options)
    known = len(values) == len(options) and values.keys() <= _OPTIONS[scheme]
    return known and values.get("db", "0").isdecimal()


def socket_files(url: str) -> list[Path]:
    """The Unix socket in a URL, if it has one: in the socket folder it is no service."""
    parts = urlsplit(url)
    return [Path(unquote(parts.path))] if parts.scheme == "unix" else []


def masked(url: str) -> str:
    """A Redis URL for logs and screens, with *** for its passwords.

    If the password cannot be found for certain, everything after the scheme is masked.
    """
    if not url:
        return ""
    found = _PLAIN.fullmatch(url)
    if found is None:
        scheme = url.partition("://")[0]
        return f"{scheme}://***" if scheme in _OPTIONS else "***"
    stars = "***" if found["password"] else ""
    login = "" if found["user"] is None else f"{found['user']}:{stars}@"
    return f"{found['scheme']}://{login}{found['address']}{_masked_query(found['query'])}"


def _masked_query(query: str) -> str:
    """The options after the "?", or `?***` if one of them may hold a password."""
    names = {name for name, _ in parse_qsl(query.removeprefix("?"), keep_blank_values=True)}
    return query if names <= _OPEN else "?***"
