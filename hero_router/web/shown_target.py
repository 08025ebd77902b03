"""Reads a request's target (RFC 9112, section 3.2), and shows it without what is secret in it.

Pure: no I/O, no clock.
"""

import re
from urllib.parse import unquote_plus

from hero_router.access.sign_in_link import PATH as LINK_PATH

SECRETS = frozenset({"token", "code", "state"})
"""Names of the query parameters of our own that hold a secret: tokens and one-time codes."""

HIDDEN = "***"

_ABSOLUTE = re.compile(r"[^:/?]+://[^/?]*(.*)", re.DOTALL)


def origin_form(raw_target: str) -> str:
    """The path and query of a target, which may also name scheme and host."""
    if raw_target.startswith("/"):
        return raw_target
    found = _ABSOLUTE.fullmatch(raw_target)
    if found is None:
        return raw_target
    return found[1] if found[1].startswith("/") else f"/{found[1]}"


def path_of(raw_target: str) -> str:
    """The path of a target, without its query; the code of a sign-in link is hidden."""
    path = origin_form(raw_target).partition("?")[0]
    return f"{LINK_PATH}{HIDDEN}" if path.startswith(LINK_PATH) else path


def without_secrets(raw_target: str) -> str:
    """The path and query of a target; the values of our own secrets are hidden."""
    _, mark, query = origin_form(raw_target).partition("?")
    return path_of(raw_target) + mark + "&".join(map(_hidden, query.split("&")))


def _hidden(parameter: str) -> str:
    name, mark, _ = parameter.partition("=")
    is_secret = unquote_plus(name).strip().lower() in SECRETS
    return f"{name}{mark}{HIDDEN}" if is_secret and mark else parameter
