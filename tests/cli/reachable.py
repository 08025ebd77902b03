"""A router with services of all kinds, for the commands that reach services through it."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from hero_router.model import SocketState, Status
from tests.support.hand import NODE, Hand
from tests.support.records import put, record
from tests.web.live import Live, working

WILD = "Zoë's 100% a?b#c"
"""A name that no host name can have, and that must be escaped in a path."""

LOSER, WINNER = "id-of-the-loser", "id-of-the-winner"


def sockets(*names: str) -> tuple[SocketState, ...]:
    """The sockets of a service, in the folder `all`, where the tests listen."""
    return tuple(SocketState(name, name, f"all/{name}.sock", Status.HEALTHY) for name in names)


@asynccontextmanager
async def reachable(
    redis: str, hand: Hand, folder: Path, **settings: object
) -> AsyncIterator[Live]:
    """A worker that knows these services, meanwhile."""
    both = sockets("rpc", "web_docs")
    down: dict[str, Any] = {"status": Status.INACTIVE, "reason": "nothing listens"}
    for change in (
        put("shop", node=NODE, sockets=sockets("rpc", "admin", "web_docs", "web_app"),
            methods=("shop.buy", "shop.sell", "list"), methods_count=3),
        put(WILD, node=NODE, sockets=both),
        put("api", node=NODE, sockets=both),
        put("pages", node=NODE, sockets=sockets("web_docs")),
        put("nothing", node=NODE, sockets=sockets("other")),
        put("down", node=NODE, sockets=both, **down),
        put("twice", node=NODE, sockets=both, id=WINNER, conflict="its name is also claimed by x"),
        put("twice", node=NODE, sockets=both, id=LOSER, conflict="its name is taken by twice/"),
        put("shared", node=NODE, sockets=both, id="shared-1"),
        put("shared", node=NODE, sockets=both, id="shared-eu", context="eu"),
    ):  # fmt: skip
        await hand.write(change)
    place = await hand.beside("n9", put("shared", node="n9", sockets=both, id="shared-9"))
    async with working(redis, node=NODE, socket_dir=str(folder), **settings) as live:
        await live.reaches(place)
        yield live


def id_of(name: str) -> str:
    """The id of a service above that has no id of its own."""
    return record(name, NODE).id
