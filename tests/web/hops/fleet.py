"""Two nodes with a worker each: the services are on `far`, and the clients ask `near`."""

import asyncio
import contextlib
import ssl
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hero_router.access.ed25519 import NodeKey
from hero_router.access.forwarded import ForwardedFacts
from hero_router.access.hop_token import LIFETIME_MS, HopClaims, write_token
from hero_router.access.principal import Principal
from hero_router.model import SocketState, Status
from tests.support.hand import NODE, Hand, writing
from tests.support.records import put
from tests.support.wait import PATIENCE_SECONDS, eventually
from tests.web.live import WINDOW, Live, working
from tests.web.upstream import UPGRADE, Script, Visit

NEAR, FAR = "n1", NODE

SHORT = {"proxy_answer_seconds": 0.8, "proxy_silence_seconds": 0.8}
"""Limits of a router that waits for nobody for long."""

SOCKETS = tuple(
    SocketState(name, name, f"shop/{name}.sock", Status.HEALTHY)
    for name in ("rpc", "admin", "web_page")
)


@dataclass
class Fleet:
    """Two nodes; `root` holds the sockets of the far one, `file` is the list of peers of both."""

    near: Live
    far: Live
    hand: Hand
    root: Path
    file: Path
    keys: dict[str, NodeKey]

    @property
    def page(self) -> Path:
        """The socket of the shop's page."""
        return self.root / "shop/web_page.sock"

    @property
    def record(self) -> Any:
        """The shop as the near node knows it."""
        (found,) = self.near.feed.mirror.by_name("shop")
        return found

    def tell(self, **changes: Sequence[str]) -> None:
        """Write the list of peers; `near` and `far` are the words after a node's name."""
        words = {
            NEAR: [self.near.url, self.keys[NEAR].public],
            FAR: [self.far.url, self.keys[FAR].public],
        } | {{"near": NEAR, "far": FAR}[name]: [*each] for name, each in changes.items()}
        lines = [" ".join([node, *each]) for node, each in words.items() if each]
        new = self.file.with_name("new")
        new.write_text("\n".join([*lines, ""]))
        new.replace(self.file)

    async def reach(self, *, reached: bool = True) -> None:
        """Wait until the near node reaches the shop, or does so no more."""
        await eventually(
            lambda: self.near.parts.proxy.table.reaches(self.record) is reached,
            message=self.near.parts.proxy.table.obstacle(self.record) or "it is not reached",
        )


@contextlib.asynccontextmanager
async def fleet(
    redis_url: str, folder: Path, near: Any = None, far: Any = None
) -> AsyncIterator[Fleet]:
    """Two nodes that trust each other; `near` and `far` are more settings."""
    file, root, keys = folder / "peers", folder / "far", dict[str, NodeKey]()
    file.write_text("")
    for name in (NEAR, FAR):
        (folder / f"{name}.key").unlink(missing_ok=True)
        keys[name] = NodeKey.make()
        keys[name].write(folder / f"{name}.key")
        (folder / name).mkdir()
    root.mkdir(exist_ok=True)

    def settings(name: str, root: Path, more: Any) -> dict[str, Any]:
        peering = {"peers_file": str(file), "node_key_file": str(folder / f"{name}.key")}
        return {"node": name, "socket_dir": str(root), **peering, **(more or {})}

    async with (
        writing(redis_url, WINDOW) as hand,
        working(redis_url, **settings(NEAR, folder / NEAR, near)) as one,
        working(redis_url, **settings(FAR, root, far)) as other,
    ):
        made = Fleet(one, other, hand, root, file, keys)
        await hand.report(advertise_url=other.url)
        place = await hand.write(put("shop", node=FAR, sockets=SOCKETS))
        await one.reaches(place)
        await other.reaches(place)
        made.tell()
        await made.reach()
        yield made


def token(two: Fleet, nonce: str = "n" * 22, signer: str = NEAR, **changes: Any) -> str:
    """The token of a request for the shop's page, as the near node makes it, with these changes."""
    claims = HopClaims(
        sender=NEAR,
        receiver=FAR,
        method="GET",
        target="/shop/page/x",
        host="shop.example",
        service=str(two.record["id"]),
        role="web_page",
        prefix="/shop/page",
        actor=Principal("ann", address="198.51.100.1"),
        facts=FACTS,
        fields=(),
        request_id="r-1",
        expires_ms=two.far.feed.freshness.now_ms() + LIFETIME_MS,
        nonce=nonce,
    )
    made = write_token(claims._replace(**changes), two.keys[signer].sign)
    return made.decode("ascii")


FACTS = ForwardedFacts(
    "198.51.100.1", ("198.51.100.1",), "https", "public.example", "/apps",
    is_standard=False, is_believed=True, trusted=False,
)  # fmt: skip


@contextlib.asynccontextmanager
async def listener(script: Script, tls: ssl.SSLContext | None = None) -> AsyncIterator[int]:
    """A server at a port of this machine, meanwhile."""
    tasks = set[asyncio.Task[None]]()

    async def play(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        tasks.add(task)
        try:
            await script(Visit(reader, writer))
        except (ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError):
            pass
        finally:
            writer.transport.abort()
            await closed(writer)

    server = await asyncio.start_server(play, "127.0.0.1", 0, ssl=tls)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def closed(writer: asyncio.StreamWriter) -> None:
    with contextlib.suppress(OSError):
        await writer.wait_closed()


async def moved(two: Fleet, url: str) -> None:
    """The far node's router is said to be at this URL, by itself and by the list."""
    two.tell(far=(url, two.keys[FAR].public))
    await two.hand.report(advertise_url=url)
    await two.reach()


async def tunnel(two: Fleet) -> "tuple[asyncio.StreamReader, asyncio.StreamWriter]":
    """A tunnel to the shop's page."""
    reader, writer = await asyncio.open_connection("127.0.0.1", two.near.port)
    writer.write(UPGRADE)
    async with asyncio.timeout(PATIENCE_SECONDS):
        assert (await reader.readuntil(b"\r\n\r\n")).startswith(b"HTTP/1.1 101 ")
    return reader, writer
