"""A way to Redis over TCP that can lead elsewhere: what is open stays where it is, as in a failover
that moves only some connections. It runs in a thread of its own, as the soak's loop is often busy.
"""

import asyncio
import threading
from contextlib import suppress

from tests.support.ports import free_port

SOURCE = "127.0.0.9"
"""Its connections come from here, so that Redis tells them from all others."""


class Detour:
    """Listens at `port`; each new connection leads to the port that is `target` then."""

    def __init__(self, target: int) -> None:
        self.port, self.target = free_port(), target
        self._loop = asyncio.new_event_loop()
        self._ready = threading.Event()
        self._thread = threading.Thread(target=self._loop.run_until_complete, args=(self._run(),))
        self._ended = asyncio.Event()

    def start(self) -> None:
        """Listen from now on."""
        self._thread.start()
        self._ready.wait()

    def close(self) -> None:
        """End all connections."""
        if self._thread.is_alive():
            self._loop.call_soon_threadsafe(self._ended.set)
            self._thread.join()
        self._loop.close()

    async def _run(self) -> None:
        server = await asyncio.start_server(self._serve, "127.0.0.1", self.port)
        self._ready.set()
        await self._ended.wait()
        server.close()
        others = asyncio.all_tasks() - {asyncio.current_task()}
        for task in others:
            task.cancel()
        await asyncio.gather(*others, return_exceptions=True)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            up_reader, up_writer = await asyncio.open_connection(
                "127.0.0.1", self.target, local_addr=(SOURCE, 0)
            )
        except OSError:
            writer.close()
            return
        ways = [_pass(reader, up_writer), _pass(up_reader, writer)]
        tasks = [asyncio.create_task(way) for way in ways]
        try:
            await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in tasks:
                task.cancel()
            for end in (writer, up_writer):
                end.close()


async def _pass(source: asyncio.StreamReader, target: asyncio.StreamWriter) -> None:
    with suppress(ConnectionError):
        while data := await source.read(65536):
            target.write(data)
            await target.drain()
