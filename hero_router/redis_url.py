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
        options = dict(parse_qsl(parts.query, keep_blank_values=True))
        return not parts.fragment and _has_place(parts) and _are_known(parts.scheme, options)
    except ValueError:
        return False


def _has_place(parts: SplitResult) -> bool:
    if parts.scheme == "unix":
        return bool(parts.path) and not parts.hostname
    number_or_none = re.fullmatch(r"/?|/[0-9]+", parts.path)
    return parts.scheme in _OPTIONS and bool(parts.hostname and parts.port != 0 and number_or_none)


def _are_known(scheme: str, options: dict[str, str]) -> bool:
    return options.keys() <= _OPTIONS[scheme] and options.get("db", "0").isdecimal()


def masked(url: str) -> str:
    """A URL without its password and options, for logs and screens; in doubt without all else."""
    scheme, _, rest = url.partition("://")
    login, at, place = rest.rpartition("@")
    if not rest:
        return "***" if set(url) & set("@?") else url
    if set(login) & set("/?#"):
        return f"{scheme}://***"
    user, colon, _ = login.partition(":")
    place, query, _ = place.partition("?")
    return f"{scheme}://{user}{colon and ':***'}{at}{place}{query and '?***'}"
