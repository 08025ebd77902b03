"""Asks a running router for the one service with a given name or id."""

from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

from hero_router.cli.router_options import Router
from hero_router.cli.terminal import warn
from hero_router.client.http import RequestRefused, fetch
from hero_router.errors import NotFound
from hero_router.model import Status
from hero_router.proxy.table import segments
from hero_router.sanitize import clean

Record = Mapping[str, Any]

FIELDS = ("id", "name", "context", "sockets", "stale")
"""Fields of the answer that every router gives."""

LOST_NAME = "its name is taken"
"""How the field `conflict` begins of a service that lost its name to another one on its node."""


async def find_service(router: Router, name: str) -> Record:
    """Ask the router for a service. Raises RouterAway, or NotFound if none or several match."""
    path = f"/api/services/{quote(name, safe='')}"
    try:
        found: Record = await fetch(router.url, path, *FIELDS, token=router.token)
    except RequestRefused as error:
        if error.status == 404:
            raise NotFound(f"no service has the name or id {clean(name)!r}") from None
        if candidates := error.details.get("candidates"):
            ids = ", ".join(map(clean, candidates)) if isinstance(candidates, list) else ""
            raise NotFound(f"several services have the name {clean(name)!r}: {ids}") from None
        raise
    return found


async def find_reachable(router: Router, name: str) -> Record:
    """Find a service; warn if it is not healthy, or if its address may lead to another one.

    Raises:
        NotFound: no or several services have this name or id, or no address leads to the service.
        RouterAway: the router does not answer or refuses.
    """
    record = await find_service(router, name)
    conflict = clean(record.get("conflict"))
    if conflict.startswith(LOST_NAME):
        raise NotFound(f"no address leads to the service {clean(name)!r}: {conflict}")
    if name != record.get("name"):
        await _warn_of_namesakes(router, record)
    for condition in record["stale"]:
        warn(f"stale: {clean(condition.get('detail'))}")
    if record.get("status") in (Status.UNHEALTHY, Status.INACTIVE):
        reason = f": {record['reason']}" if record.get("reason") else ""
        warn(f"the service {record.get('name')} is {record['status']}{reason}")
    return record


async def _warn_of_namesakes(router: Router, record: Record) -> None:
    """Warn if services of other nodes have the address of this one, which was named by its id."""
    state = await fetch(router.url, "/api/services", "services", token=router.token)
    nodes = [item["node"] for item in state["services"] if _is_namesake(item, record)]
    if nodes:
        names = ", ".join(map(clean, sorted(nodes)))
        warn(f"a service of this name is also on {names}: the router chooses which of them answers")


def _is_namesake(item: Record, record: Record) -> bool:
    place = ("name", "context")
    lost = str(item.get("conflict") or "").startswith(LOST_NAME)
    return (
        item["id"] != record["id"]
        and not lost
        and all(item.get(key) == record.get(key) for key in place)
    )


def require_socket(record: Record, segment: str) -> str:
    """The path segment of a socket of the service: `rpc`, `admin`, or a web socket's name.

    `segment` may also be `ui`, or the role `web_<name>`. Raises NotFound with what exists.
    """
    name, known = clean(record.get("name")), segments(record)
    if not known:
        raise NotFound(f"the service {name!r} has no socket that can be reached")
    for each in (segment, segment.removeprefix("web_"), {"ui": "admin"}.get(segment)):
        if each in known:
            return each
    names = ", ".join(map(clean, known))
    raise NotFound(f"the service {name!r} has no socket {clean(segment)!r}; it has {names}")
