"""The conditions of a node: reasons why its scanner cannot see all sockets, with remedies.

A condition is logged when it begins and when it ends. The node report contains the conditions, so
that all dashboards can show them.
"""

import errno
import logging
import os
import pwd
from collections.abc import Mapping, Sequence

from hero_router.model import PERMISSION, ROOT
from hero_router.sanitize import readable
from hero_router.scan.inventory import Inventory
from hero_router.settings.config import RouterConfig

log = logging.getLogger(__name__)

_FORBIDDEN = (errno.EACCES, errno.EPERM)
_NOT_REMOVED = "until then none of its services is removed"


class NodeConditions:
    """The present conditions of one scanner, by reason; logs their beginnings and ends."""

    def __init__(self, config: RouterConfig) -> None:
        self._node, self._grace = f"node {config.node.name}", config.scan.stale_seconds
        self._root = f"the root {readable(os.fsencode(config.node.root))}"
        self._current: dict[str, str] = {}

    @property
    def current(self) -> Mapping[str, str]:
        """The details of the present conditions by reason, as in the node report."""
        return dict(self._current)

    def update_walk(self, inventory: Inventory) -> None:
        """Set or clear the condition `root` after a walk: a part of the folder is not readable."""
        self._set(ROOT, self._root_condition(inventory))

    def update_permission(self, denied: Sequence[str]) -> None:
        """Set or clear the condition `permission`; `denied` are all sockets that deny access."""
        self._set(PERMISSION, self._permission_condition(denied) if denied else None)

    def _root_condition(self, inventory: Inventory) -> str | None:
        walk = inventory.walk
        if inventory.unmounted:
            return (
                f"{self._root} is empty, and on another file system than before: is it not "
                "mounted? None of its services is removed until it is mounted or has a socket again"
            )
        if walk.unreadable:
            return self._unreadable(walk.unreadable)
        if walk.truncated is not None:
            return f"{self._root} is not scanned in full: {walk.truncated}, the rest is left out"
        if inventory.replaced:
            return (
                f"{self._root} was replaced by another folder: services that are missing there are "
                f"removed after {self._grace:g} s"
            )
        return None

    def _unreadable(self, folders: Mapping[bytes, int]) -> str:
        if b"" in folders:
            return f"{self._root} {_root_error(folders[b''])}; {_NOT_REMOVED}"
        first, *others = sorted(folders)
        more = f" (and {len(others)} more)" if others else ""
        number = folders[first]
        remedy = f": {_grant_access()}" if number in _FORBIDDEN else ""
        return (
            f"{self._root} is not scanned in full: folder {readable(first)}{more} cannot be read, "
            f"{os.strerror(number)}{remedy}; {_NOT_REMOVED}"
        )

    def _permission_condition(self, paths: Sequence[str]) -> str:
        many = f"{len(paths)} sockets" if len(paths) > 1 else "1 socket"
        which = f"{min(paths)} and others" if len(paths) > 1 else paths[0]
        return (
            f"{many} of {self._root} ({which}) cannot be connected to: the scanner runs as "
            f"{user()}, and connecting needs write permission on the socket file; run the "
            "scanner as the owner of the services, or add its user to their group"
        )

    def _set(self, reason: str, detail: str | None) -> None:
        known = self._current.pop(reason, None)
        if detail is not None:
            text = self._current[reason] = f"{self._node}: {detail}"
            if text != known:
                level = logging.INFO if known else logging.WARNING
                log.log(level, "the scanner cannot see all sockets: %s", text)
        elif known is not None:
            log.info("a problem that kept the scanner from seeing all sockets has ended: %s", known)


def user() -> str:
    """The user of this process: name and number."""
    number = os.geteuid()
    try:
        return f"user {pwd.getpwuid(number).pw_name} (uid {number})"
    except KeyError:  # the user has no name, as in some containers
        return f"uid {number}"


def _root_error(number: int) -> str:
    if number in (errno.ENOENT, errno.ENOTDIR):
        return "does not exist: make it or mount it, or set ROUTER_SOCKET_DIR to the right folder"
    remedy = f": {_grant_access()}" if number in _FORBIDDEN else ""
    return f"cannot be read, {os.strerror(number)}{remedy}"


def _grant_access() -> str:
    return f"let {user()} read and search it, or run the scanner as its owner"
