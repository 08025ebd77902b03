"""Reads a request's target (path and query), and hides the secrets in it for logs.

Pure: no I/O, no clock.
"""

import re
from urllib.parse import unquote_plus

from hero_router.access.sign_in_link import PATH as LINK_PATH

SECRETS = frozenset({"token", "code", "state"})
"""Names of the query parameters of our own that hold a secret: tokens and one-time codes."""

HIDDEN = "***"

_ABSOLUTE = re.compile(r"[^:/?]+://[^/?]*(.*)", re.DOTALL)

MAX_DEPTH = 3
"""Maximum number of nested URLs (a URL as a query parameter of a URL) that are searched."""


def origin_form(raw_target: str) -> str:
    """The path and query of a target, which may also name scheme and host."""
    if raw_target.startswith("/"):
        return raw_target
    found = _ABSOLUTE.fullmatch(raw_target)
    if found is None:
        return raw_target
    return found[1] if found[1].startswith("/") else f"/{found[1]}"


def path_of(raw_target: str) -> str:
    """The path of a target, without its query."""
    return origin_form(raw_target).partition("?")[0]


def without_secrets(raw_target: str, depth: int = 0) -> str:
    """The path and query of a target; the router's own tokens and codes are hidden."""
    path, mark, query = origin_form(raw_target).partition("?")
    if path.startswith(LINK_PATH):
        path = LINK_PATH + HIDDEN
    return path + mark + "&".join(_hidden(each, depth) for each in query.split("&"))


def _hidden(parameter: str, depth: int) -> str:
    """A parameter without a secret, also where its value is itself an address."""
    name, mark, value = parameter.partition("=")
    is_secret = unquote_plus(name).strip().lower() in SECRETS
    if mark and (is_secret or _holds_secret(unquote_plus(value), depth + 1)):
        return f"{name}{mark}{HIDDEN}"
    return parameter


def _holds_secret(value: str, depth: int) -> bool:
    """Whether a value is an address with a secret in it, or with too many in each other to say."""
    if "/" not in value:
        return False
    return depth > MAX_DEPTH or without_secrets(value, depth) != origin_form(value)
