"""Bytes as they are, sent to a worker, and what comes back."""

import asyncio
import json
from collections.abc import Mapping
from typing import Any, NamedTuple

from tests.support.wait import PATIENCE_SECONDS


class Answer(NamedTuple):
    """One answer: its status, its header fields in small letters, its body and all that came."""

    status: int
    fields: Mapping[str, str]
    body: bytes
    raw: bytes

    @property
    def error(self) -> Any:
        """What an error says."""
        assert self.fields["content-type"].startswith("application/json")
        error = json.loads(self.body)["error"]
        assert error["request_id"] == self.fields["x-request-id"] != ""
        return error


async def ask(port: int, data: bytes) -> Answer:
    """Send, and read until the worker closes the connection."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        writer.write(data)
        async with asyncio.timeout(PATIENCE_SECONDS):
            return parse(await reader.read())
    finally:
        writer.close()


def parse(raw: bytes) -> Answer:
    """The first answer in these bytes; one that tells only to go on is an answer, too."""
    head, _, body = raw.partition(b"\r\n\r\n")
    line, *fields = head.decode("latin-1").split("\r\n")
    assert line.startswith("HTTP/1."), raw[:200]
    pairs = (field.partition(": ") for field in fields)
    return Answer(
        int(line.split()[1]), {name.lower(): value for name, _, value in pairs}, body, raw
    )


def get(
    path: str = "/health", host: str = "localhost", *fields: str, version: str = "1.1"
) -> bytes:
    """A request, after which the connection is closed."""
    lines = [f"GET {path} HTTP/{version}", f"Host: {host}", "Connection: close", *fields, "", ""]
    return "\r\n".join(lines).encode("utf-8", "surrogateescape")


def post(*fields: str, body: bytes = b"", path: str = "/rpc") -> bytes:
    """A call with these fields."""
    lines = [f"POST {path} HTTP/1.1", "Host: localhost", "Connection: close", *fields, "", ""]
    return "\r\n".join(lines).encode() + body
