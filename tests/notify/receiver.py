"""A receiver of webhooks on this machine, which answers as a test wants."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import NamedTuple

OK = b"HTTP/1.1 204 No Content\r\nContent-Length: 0\r\n\r\n"


class Request(NamedTuple):
    """One request: its first line, header fields in small letters, and body."""

    line: str
    fields: Mapping[str, str]
    body: bytes


class Receiver:
    """Gives the next of `answers` to each request, the last one again and again; None: it hangs."""

    def __init__(self) -> None:
        self.answers: list[bytes | None] = [OK]
        self.requests = list[Request]()
        self.port = 0

    @property
    def url(self) -> str:
        """The address of the receiver."""
        return f"http://127.0.0.1:{self.port}/hook?key=secret"

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Take one request."""
        try:
            head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
            line, *rest = head.rstrip().split("\r\n")
            fields = {
                name.lower(): value for name, _, value in (each.partition(": ") for each in rest)
            }
            body = await reader.readexactly(int(fields.get("content-length", 0)))
            self.requests.append(Request(line, fields, body))
            answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
            if answer is None:
                await reader.read()  # until the sender gives up
            else:
                writer.write(answer)
                await writer.drain()
        except (OSError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()


@asynccontextmanager
async def receiver() -> AsyncIterator[Receiver]:
    """A receiver that listens on a free port."""
    made = Receiver()
    server = await asyncio.start_server(made.serve, "127.0.0.1", 0)
    made.port = server.sockets[0].getsockname()[1]
    async with server:
        yield made
