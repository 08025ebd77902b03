"""Reads a request's target (RFC 9112, section 3.2), and shows it without what is secret in it.

Pure: no I/O, no clock.
"""

from urllib.parse import unquote_plus

SECRETS = frozenset({"token", "code", "state"})
"""Names of the query parameters of our own that hold a secret: tokens and one-time codes."""

HIDDEN = "***"


def origin_form(raw_target: str) -> str:
    """The path and query of a target, which may also name scheme and host."""
    if raw_target.startswith("/"):
        return raw_target
    _, mark, rest = raw_target.partition("://")
    path = rest.partition("/")
    return f"/{path[2]}" if mark else raw_target


def path_of(raw_target: str) -> str:
    """The path of a target, without its query."""
    return origin_form(raw_target).partition("?")[0]


def without_secrets(raw_target: str) -> str:
    """The path and query of a target; the values of our own secrets are hidden."""
    path, mark, query = origin_form(raw_target).partition("?")
    return path + mark + "&".join(map(_hidden, query.split("&")))


def _hidden(parameter: str) -> str:
    name, mark, _ = parameter.partition("=")
    is_secret = unquote_plus(name).strip().lower() in SECRETS
    return f"{name}{mark}{HIDDEN}" if is_secret and mark else parameter
