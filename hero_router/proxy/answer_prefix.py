"""Adds the path prefix, which the service does not see, to addresses in an answer's headers.

A service is told the prefix, and may add it itself: what lies under it already stays as it is.
Pure: no I/O, no clock.
"""

import re
from collections.abc import Collection

_COOKIE_PATH = re.compile(rb"(;\s*path\s*=\s*)(/[^;]*)", re.IGNORECASE)


def under(cookie: bytes, prefix: str) -> bytes:
    """A `Set-Cookie` whose path lies under the prefix."""
    head = prefix.encode("ascii")

    def below(found: re.Match[bytes]) -> bytes:
        path = found[2].rstrip()
        return found[0] if _lies_under(path, head, b"/") else found[1] + head + found[2]

    return _COOKIE_PATH.sub(below, cookie)


_ABSOLUTE = re.compile(rb"(?i)(https?:)?//([^/?#]*)(.*)", re.DOTALL)


def moved(location: bytes, prefix: str, hosts: Collection[str]) -> bytes:
    """A redirect's target under the prefix, if it lies within the service; else as it is.

    Servers on a Unix socket, such as nginx, know no port and leave it out: so the host alone counts
    where the target names no port.
    """
    head, own = prefix.encode("ascii"), {host.lower().encode("ascii") for host in hosts}
    found = _ABSOLUTE.fullmatch(location)
    if found is None:
        return _with_prefix(location, head) if location.startswith(b"/") else location
    there = found[2].lower()
    if there in own:
        if not prefix:
            return location
    elif there not in {host.rpartition(b":")[0] for host in own}:
        return location
    path = found[3] if found[3].startswith(b"/") else b"/" + found[3]
    target = _with_prefix(path, head)
    # What begins with two slashes names a host (RFC 3986, section 4.2).
    return b"/." + target if target.startswith(b"//") else target


def _with_prefix(path: bytes, prefix: bytes) -> bytes:
    return path if _lies_under(path, prefix, b"/?#") else prefix + path


def _lies_under(path: bytes, prefix: bytes, ends: bytes) -> bool:
    """Whether a path is the prefix, or begins with it and one of the bytes `ends`."""
    return path.startswith(prefix) and (path == prefix or path[len(prefix)] in ends)
