"""Who is who: groups socket files into services and settles who bears a name that several claim.

The rule: `<service>/` wins over `default/<service>/`, and both over `<service>.sock`. The others
are shown under an id of their own, the same each time that the name is contested. Pure.
"""

import os
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from hero_router.model import service_id
from hero_router.scan.sockets import Layout, SocketFile
from hero_router.text import readable


@dataclass(frozen=True, slots=True)
class DiscoveredService:
    """One service as the folder tree shows it. `conflict` names the others who claim its name."""

    id: str
    name: str
    context: str
    sockets: tuple[SocketFile, ...]
    conflict: str | None = None


def services(node: str, found: Iterable[SocketFile]) -> dict[str, DiscoveredService]:
    """All services of a walk by id; the outcome does not depend on the order of `found`."""
    claims: dict[tuple[bytes, bytes], dict[Layout, list[SocketFile]]] = defaultdict(dict)
    for item in found:
        claims[item.context, item.service].setdefault(item.layout, []).append(item)
    settled = (
        _seen(node, context, name, layout, by_layout)
        for (context, name), by_layout in claims.items()
        for layout in by_layout
    )
    return {item.id: item for item in settled}


def _seen(
    node: str,
    context: bytes,
    name: bytes,
    layout: Layout,
    claims: Mapping[Layout, list[SocketFile]],
) -> DiscoveredService:
    winner = min(claims)
    # NUL is in no file name, so a loser's id can never meet that of a real context.
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
        return f"its name is taken by {_place(claims[winner])}"
    others = ", ".join(_place(claims[other]) for other in sorted(claims) if other is not winner)
    return f"its name is also claimed by {others}"


def _place(found: list[SocketFile]) -> str:
    """The folder, or the file of a flat socket, that makes the claim."""
    first = found[0]
    folder = readable(first.raw.rpartition(b"/")[0])
    return f"{folder}/" if folder else first.path


def _order(found: SocketFile) -> tuple[int, bytes]:
    """The socket that stands for the service comes first."""
    roles = ("rpc", "admin", "web", "other")
    return roles.index("web" if found.role.startswith("web_") else found.role), found.raw
