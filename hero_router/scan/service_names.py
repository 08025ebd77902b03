"""Groups socket files into services, names the services, and resolves name conflicts.

If several paths have the same service name, `<service>/` wins over `default/<service>/`, and both
win over `<service>.sock`. The other paths are services with the same name and an id of their own,
which stays the same. Pure: no I/O, no clock.
"""

import os
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from hero_router.model import service_id
from hero_router.sanitize import readable
from hero_router.scan.walk import Layout, SocketFile


@dataclass(frozen=True, slots=True)
class DiscoveredService:
    """A service in the socket folder; `conflict` names other paths with the same service name."""

    id: str
    name: str
    context: str
    sockets: tuple[SocketFile, ...]
    conflict: str | None = None


def services(node: str, files: Iterable[SocketFile]) -> dict[str, DiscoveredService]:
    """Group socket files into services, by id; the order of the files does not matter."""
    claims: dict[tuple[bytes, bytes], dict[Layout, list[SocketFile]]] = defaultdict(dict)
    for file in files:
        claims[file.context, file.service].setdefault(file.layout, []).append(file)
    resolved = (
        _service(node, context, name, layout, by_layout)
        for (context, name), by_layout in claims.items()
        for layout in by_layout
    )
    return {item.id: item for item in resolved}


def _service(
    node: str,
    context: bytes,
    name: bytes,
    layout: Layout,
    claims: Mapping[Layout, list[SocketFile]],
) -> DiscoveredService:
    winner = min(claims)
    # No file name has a NUL, so this id cannot equal the id of a service in a real context.
    mark = "" if layout is winner else f"\0{layout.name.lower()}"
    return DiscoveredService(
        id=service_id(node, os.fsdecode(context) + mark, os.fsdecode(name)),
        name=readable(name),
        context=readable(context),
        sockets=tuple(sorted(claims[layout], key=_order)),
        conflict=_conflict(layout, winner, claims),
    )


def _conflict(
    layout: Layout, winner: Layout, claims: Mapping[Layout, list[SocketFile]]
) -> str | None:
    if len(claims) == 1:
        return None
    if layout is not winner:
        return f"its name is taken by {_claimant(claims[winner])}"
    others = ", ".join(_claimant(claims[other]) for other in sorted(claims) if other is not winner)
    return f"its name is also claimed by {others}"


def _claimant(files: list[SocketFile]) -> str:
    """The path that has the service name: a folder, or a socket directly in the socket folder."""
    first = files[0]
    folder = readable(first.raw.rpartition(b"/")[0])
    return f"{folder}/" if folder else first.path


def _order(file: SocketFile) -> tuple[int, bytes]:
    """The sort key for the sockets of a service: `rpc` comes first."""
    roles = ("rpc", "admin", "web", "other")
    return roles.index("web" if file.role.startswith("web_") else file.role), file.raw
