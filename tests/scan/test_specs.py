"""Documents from real sockets: huge, endless, encoded, wrong or late ones degrade, no more."""

import asyncio
import gzip
import json
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from hero_router.scan.prober import DOCUMENT_LIMIT
from hero_router.upstream.outcome import Outcome
from tests.scan.probing import bad, probe
from tests.scan.services import (
    OPENRPC,
    Services,
    http,
    request,
)


def documents_answer(answer: bytes) -> Callable[..., Awaitable[None]]:
    """A service that is well, but answers both questions for its OpenRPC document with this."""

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        line = await request(reader)
        paths = {"/health": http(b"{}"), "/.well-known/heroservice.json": http(b"", "404 No")}
        writer.write(paths.get(line.split()[1], answer))
        await writer.drain()

    return talk


HUGE = json.dumps({**OPENRPC, "x": "y" * DOCUMENT_LIMIT}).encode()
BAD_SPECS = {
    "garbage": (http(b"{nonsense"), "bad spec: not JSON"),
    "not a document": (http(b'{"result": {"a": 1}}'), "bad spec: no list of methods"),
    "wrong type": (http(json.dumps(OPENRPC).encode(), media="text/html"),
                   "bad spec: its content type is not JSON"),
    "bomb": (http(gzip.compress(b" " * 10_000_000), more="Content-Encoding: gzip\r\n"),
             "bad spec: encoded, though no encoding was requested"),
    "huge": (http(HUGE), f"bad spec: larger than {DOCUMENT_LIMIT} bytes"),
    "says 1 GB": (http(b"{" * (DOCUMENT_LIMIT + 1)).replace(b"Length: ", b"Length: 1000"),
                  f"bad spec: larger than {DOCUMENT_LIMIT} bytes"),
    "fails": (http(b"{}", "500 Oops"), "bad spec: answers 500"),
    "deep": (http(b'{"result":' + b"[" * 20_000 + b"]" * 20_000 + b"}"),
             "bad spec: not JSON: nested too deeply"),
}  # fmt: skip


@pytest.mark.parametrize(("answer", "reason"), BAD_SPECS.values(), ids=BAD_SPECS)
async def test_a_bad_document_is_not_a_dead_service(
    root: Path, services: Services, answer: bytes, reason: str
) -> None:
    """Size, encoding, type and form are checked; the service itself still answers."""
    await services.talk("svc/rpc.sock", documents_answer(answer))
    seen = await probe(root)
    assert (seen.outcome, seen.error) == (Outcome.ANSWERED, None)
    assert reason in bad(seen)


async def test_an_endless_spec_ends_at_the_limit(root: Path, services: Services) -> None:
    async def flood(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        line = await request(reader)
        if "/health" in line:
            writer.write(http(b"{}"))
            return
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n")
        while not writer.is_closing():
            writer.write(b"[" * 65_536)
            await writer.drain()

    await services.talk("svc/rpc.sock", flood)
    assert "larger than" in bad(await probe(root))


async def test_a_spec_that_hangs_leaves_the_service_answering(
    root: Path, services: Services
) -> None:
    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if "/health" in await request(reader):
            writer.write(http(b"{}"))
        else:
            await reader.read()

    await services.talk("svc/rpc.sock", talk)
    seen = await probe(root, limit=2.0)
    assert (seen.outcome, bad(seen)) == (Outcome.ANSWERED, "no answer in 2 s")
    assert seen.documents is not None
    assert seen.documents.late


async def test_redirects_are_not_followed(root: Path, services: Services) -> None:
    seen_lines: list[str] = []

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        seen_lines.append(await request(reader))
        writer.write(http(b"", "302 Found", more="Location: http://localhost/delete-all\r\n"))

    await services.talk("svc/rpc.sock", talk)
    await probe(root)
    assert not any("delete-all" in line for line in seen_lines)
