"""What the scanner cannot see, in words that say what to do, and told to the log once.

The node's report carries it, and the workers tell it to all pages.
"""

import errno
import logging
import os
import pwd
from collections.abc import Mapping, Sequence

from hero_router.model import PERMISSION, ROOT
from hero_router.scan.inventory import Inventory
from hero_router.settings.config import RouterConfig
from hero_router.text import readable

log = logging.getLogger(__name__)

_FORBIDDEN = (errno.EACCES, errno.EPERM)


class NodeConditions:
    """One scanner's doubts by reason; what begins is a WARNING, what ends an INFO."""

    def __init__(self, config: RouterConfig) -> None:
        self._node, self._grace = f"node {config.node.name}", config.scan.stale_seconds
        self._root = f"the root {readable(os.fsencode(config.node.root))}"
        self._current: dict[str, str] = {}

    @property
    def current(self) -> Mapping[str, str]:
        """The detail of each doubt by its reason, as the node's report carries it."""
        return dict(self._current)

    def look(self, sightings: Inventory) -> None:
        """Take what the last walk could not see."""
        self._note(ROOT, self._unseen(sightings))

    def knock(self, denied: Sequence[str]) -> None:
        """Take the paths of all sockets that may not be connected to."""
        self._note(PERMISSION, self._denied(denied) if denied else None)

    def _unseen(self, sightings: Inventory) -> str | None:
        walk = sightings.walk
        if sightings.unmounted:
            return (
                f"{self._root} is empty and not the file system on which the services were: is it "
                "not mounted? Until it is, or a socket appears in it, none of them leaves"
            )
        if walk.blind:
            return self._blind(walk.blind)
        if walk.cut is not None:
            return f"{self._root} is not seen in full: {walk.cut}, and the rest is not looked at"
        if sightings.replaced:
            return (
                f"{self._root} was replaced by another folder: what is missing in it, and does not "
                f"come back within {self._grace:g} s, leaves"
            )
        return None

    def _blind(self, blind: Mapping[bytes, int]) -> str:
        if b"" in blind:
            return (
                f"{self._root} {_root_trouble(blind[b''])}; until then none of its services leaves"
            )
        first, *others = sorted(blind)
        more = f" (and {len(others)} more)" if others else ""
        number = blind[first]
        cure = f": {_let_read()}" if number in _FORBIDDEN else ""
        return (
            f"{self._root} is not seen in full: folder {readable(first)}{more} cannot be read, "
            f"{os.strerror(number)}{cure}; until then none of its services leaves"
        )

    def _denied(self, paths: Sequence[str]) -> str:
        many = f"{len(paths)} sockets" if len(paths) > 1 else "1 socket"
        which = f"{min(paths)} and others" if len(paths) > 1 else paths[0]
        return (
            f"{many} of {self._root} ({which}) may not be connected to by {user()}, as whom the "
            "scanner runs: connecting needs write permission on the socket file, so run the "
            "scanner as the owner of the services, or add its user to their group"
        )

    def _note(self, reason: str, detail: str | None) -> None:
        known = self._current.pop(reason, None)
        if detail is not None:
            text = self._current[reason] = f"{self._node}: {detail}"
            if text != known:
                log.log(logging.INFO if known else logging.WARNING, "%s", text)
        elif known is not None:
            log.info("no longer: %s", known)


def user() -> str:
    """As whom this process acts: the name and the number."""
    number = os.geteuid()
    try:
        return f"user {pwd.getpwuid(number).pw_name} (uid {number})"
    except KeyError:  # as in a container that was told a number only
        return f"uid {number}"


def _root_trouble(number: int) -> str:
    if number in (errno.ENOENT, errno.ENOTDIR):
        return "does not exist: make it or mount it, or set ROUTER_SOCKET_DIR to the right folder"
    cure = f": {_let_read()}" if number in _FORBIDDEN else ""
    return f"cannot be read, {os.strerror(number)}{cure}"


def _let_read() -> str:
    return f"let {user()} read and search it, or run the scanner as its owner"
