"""A TCP proxy between browser and router that can stop reading the stream, as a slow phone does."""

import asyncio
import re
import socket
from typing import Self

from tests.support.wait import ACCEPTED_TURNS

STREAM = re.compile(rb"GET \S*/api/events[ ?]")

BUFFER_BYTES = 8 * 1024
"""What the kernel may hold for the proxy: a stall is felt by the router at once."""


class StallProxy:
    """Passes everything on; while `stalled`, connections that carry a stream are not read.

    `streams` is how many of these there were, `open` how many there are. What comes from a stream
    is passed on after `delay` seconds, which may only grow: `passed` times until now.
    """

    def __init__(self, port: int) -> None:
        self._upstream, self.delay, self.passed = port, 0.0, 0
        self._flowing = asyncio.Event()
        self._flowing.set()
        self._tasks: set[asyncio.Task[None]] = set()
        self.port = self.streams = self.open = 0

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._accept, "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *_: object) -> None:
        self._server.close()
        for _turn in range(ACCEPTED_TURNS):
            for task in self._tasks:
                task.cancel()
            await asyncio.gather(*self._tasks, return_exceptions=True)
            await asyncio.sleep(0)
        await self._server.wait_closed()

    def stall(self) -> None:
        """Read no stream from now on."""
        self._flowing.clear()

    def flow(self) -> None:
        """Read on."""
        self._flowing.set()

    def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.create_task(self._serve(reader, writer))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        narrow = socket.socket()
        narrow.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, BUFFER_BYTES)
        narrow.setblocking(False)
        await asyncio.get_running_loop().sock_connect(narrow, ("127.0.0.1", self._upstream))
        up_reader, up_writer = await asyncio.open_connection(sock=narrow, limit=BUFFER_BYTES)
        carries_stream = asyncio.Event()
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(self._ask(reader, up_writer, carries_stream))
                group.create_task(self._answer(up_reader, writer, carries_stream))
        except* OSError:
            pass  # either side hung up
        finally:
            self.open -= carries_stream.is_set()
            writer.close()
            up_writer.close()

    async def _ask(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, stream: asyncio.Event
    ) -> None:
        """Browsers use a connection for one request after the other: any may be for the stream."""
        while data := await reader.read(BUFFER_BYTES):
            if STREAM.search(data):
                self.streams += 1
                self.open += not stream.is_set()
                stream.set()
            writer.write(data)
            await writer.drain()
        writer.close()

    async def _answer(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, stream: asyncio.Event
    ) -> None:
        while data := await reader.read(BUFFER_BYTES):
            if stream.is_set():
                await self._flowing.wait()
            if stream.is_set() and self.delay:
                asyncio.get_running_loop().call_later(self.delay, self._pass_on, writer, data)
            else:
                writer.write(data)
                await writer.drain()
        writer.close()

    def _pass_on(self, writer: asyncio.StreamWriter, data: bytes) -> None:
        if not writer.is_closing():
            writer.write(data)
            self.passed += 1
