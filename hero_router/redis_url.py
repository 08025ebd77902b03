"""The address of Redis: what is accepted, and how it may be shown. Bottom layer."""

import re
from urllib.parse import SplitResult, parse_qsl, urlsplit

from hero_router.errors import ConfigError

_COMMON = frozenset({"db", "username", "password"})
_TLS = frozenset(
    f"ssl_{name}"
    for name in ("ca_certs", "ca_path", "cert_reqs", "certfile", "check_hostname", "keyfile")
)
_OPTIONS = {"redis": _COMMON, "rediss": _COMMON | _TLS, "unix": _COMMON}
"""What may stand after the "?": anything else is unknown, or would replace a setting of ours."""


_PLAIN = re.compile(
    r"""
    (?P<scheme> [a-z][a-z0-9+.-]* )://
    ( (?P<user> [^:/?\#@]* ) : [^/?\#@]* @ )?
    (?P<place> (?!.*@) ( \[[0-9a-f:.]+\] | [^:/?\#\[\]]* ) ( :[0-9]+ )? ( /[^?\#]* )? )
    (?P<query> ( \?.* )? )
    """,
    re.VERBOSE | re.ASCII | re.IGNORECASE | re.DOTALL,
)
"""A URL in which there is no doubt about where a password would stand."""


def check(url: str) -> None:
    """Raises ConfigError, without its password, unless each part of a URL means what it seems to.

    An empty text is no URL, and accepted.
    """
    if url and not _is_usable(url):
        raise ConfigError(
            f"ROUTER_REDIS_URL is not usable: {masked(url)!r}; it must be redis://host:port/0, "
            "rediss://host:port/0 or unix:///path/to/redis.sock, and a password's special "
            "characters are written as %XX"
        )


def _is_usable(url: str) -> bool:
    if not url.isprintable() or " " in url:
        return False
    try:
        parts = urlsplit(url)
        options = parse_qsl(parts.query, keep_blank_values=True)
        return not parts.fragment and _has_place(parts) and _are_known(parts.scheme, options)
    except ValueError:
        return False


def _has_place(parts: SplitResult) -> bool:
    if parts.scheme == "unix":
        return bool(parts.path) and not parts.hostname
    number_or_none = re.fullmatch(r"/?|/[0-9]+", parts.path)
    return parts.scheme in _OPTIONS and bool(parts.hostname and parts.port != 0 and number_or_none)


def _are_known(scheme: str, options: list[tuple[str, str]]) -> bool:
    values = dict(options)
    known = len(values) == len(options) and values.keys() <= _OPTIONS[scheme]
    return known and values.get("db", "0").isdecimal()


def masked(url: str) -> str:
    """A URL without its password and options, for logs and screens; in doubt without all else."""
    if not url:
        return ""
    found = _PLAIN.fullmatch(url)
    if found is None:
        scheme = url.partition("://")[0]
        return f"{scheme}://***" if scheme in _OPTIONS else "***"
    login = f"{found['user']}:***@" if found["user"] is not None else ""
    return f"{found['scheme']}://{login}{found['place']}{found['query'] and '?***'}"
