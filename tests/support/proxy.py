"""A proxy between a client and a server on Unix sockets, which can lose replies or fall silent."""

import asyncio
import contextlib
import shutil
import tempfile
import weakref
from collections.abc import Iterator
from pathlib import Path
from typing import Self

from tests.support.wait import ACCEPTED_TURNS


class FaultProxy:
    """Forwards everything until a fault is asked for; its own socket is `path`."""

    def __init__(self, upstream: Path) -> None:
        self._upstream = upstream
        self._folder = Path(tempfile.mkdtemp(prefix="proxy"))
        self.path = self._folder / "s"
        self._deaf = self._mute = False
        self._swallowing = b""
        self._losing = 0
        self._left: int | None = None
        self._passing: int | None = None
        self._delay = 0.0
        self._sliced = False
        self.lost: list[bytes] = []
        self._tasks: set[asyncio.Task[None]] = set()
        self._writers = weakref.WeakSet[asyncio.StreamWriter]()

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_unix_server(self._accept, self.path)
        return self

    async def __aexit__(self, *_: object) -> None:
        self._server.close()
        for _turn in range(ACCEPTED_TURNS):
            for task in self._tasks:
                task.cancel()
            await asyncio.gather(*self._tasks, return_exceptions=True)
            for writer in self._writers:
                writer.transport.abort()
            await asyncio.sleep(0)
        shutil.rmtree(self._folder)

    def lose_replies(self, count: int = 1) -> None:
        """End the connection instead of passing on each of the next replies, kept in `lost`."""
        self._losing = count

    def lead_to(self, upstream: Path) -> None:
        """New connections lead to this server; open ones stay where they are."""
        self._upstream = upstream

    def swallow(self, word: bytes) -> None:
        """The next part of a reply that holds this word never arrives; its connection stays."""
        self._swallowing = word

    def slow(self, seconds: float) -> None:
        """Delay each part of a reply by `seconds`; 0 ends it."""
        self._delay = seconds

    def slice(self, on: bool = True) -> None:
        """Pass replies on byte by byte."""
        self._sliced = on

    def reset_after(self, count: int) -> None:
        """End one connection in mid-reply, after `count` more bytes of replies."""
        self._passing = count

    @property
    def is_reset(self) -> bool:
        """Whether that has happened."""
        return self._passing is None

    def freeze(self) -> None:
        """From now on pass nothing in either direction, but keep all connections open."""
        self._deaf = self._mute = True

    def cut_after(self, count: int) -> None:
        """Pass on only `count` more bytes of requests, even if that cuts a command."""
        self._left = count

    @property
    def is_cut(self) -> bool:
        """Whether these bytes have passed."""
        return self._left == 0

    def freeze_replies(self) -> None:
        """From now on requests reach the server, and replies are dropped."""
        self._mute = True

    def thaw(self) -> None:
        """Forward again; what was dropped stays lost."""
        self._deaf = self._mute = False

    def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._writers.add(writer)
        task = asyncio.create_task(self._serve(reader, writer))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        upstream_reader, upstream_writer = await asyncio.open_unix_connection(self._upstream)
        self._writers.add(upstream_writer)
        asking = asyncio.create_task(self._ask(reader, upstream_writer))
        try:
            await self._answer(upstream_reader, writer)
        finally:
            asking.cancel()
            for end in (writer, upstream_writer):
                end.close()
                with contextlib.suppress(ConnectionError):
                    await end.wait_closed()

    async def _ask(self, reader: asyncio.StreamReader, upstream: asyncio.StreamWriter) -> None:
        while data := await reader.read(65536):
            if not self._deaf:
                upstream.write(self._allowed(data))
                await upstream.drain()
        upstream.close()

    def _allowed(self, data: bytes) -> bytes:
        if self._left is None:
            return data
        part = data[: self._left]
        self._left -= len(part)
        return part

    async def _answer(self, upstream: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while data := await upstream.read(65536):
            if self._swallowing and self._swallowing in data:
                self._swallowing = b""
                continue
            if self._losing:
                self._losing -= 1
                self.lost.append(data)
                return
            if self._passing is not None and len(data) > self._passing:
                writer.write(data[: self._passing])
                self._passing = None
                return
            if self._passing is not None:
                self._passing -= len(data)
            await self._pass(data, writer)

    async def _pass(self, data: bytes, writer: asyncio.StreamWriter) -> None:
        if self._delay:
            await asyncio.sleep(self._delay)
        if self._mute:
            return
        for part in _bytes(data) if self._sliced else (data,):
            writer.write(part)
            await writer.drain()
            if self._sliced:
                await asyncio.sleep(0)  # so that each byte is a packet of its own


def _bytes(data: bytes) -> Iterator[bytes]:
    return (data[index : index + 1] for index in range(len(data)))
