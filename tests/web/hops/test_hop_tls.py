"""TLS between the routers of two nodes: only a router that proves who it is is talked to."""

import asyncio
import contextlib
import ssl
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.support.certificates import Certificate, certificate
from tests.support.redis import RedisServer
from tests.support.wait import PATIENCE_SECONDS
from tests.web.hops.fleet import Fleet, closed, fleet, listener, moved, tunnel
from tests.web.raw import Answer, ask, get
from tests.web.upstream import OK, Visit, accept, answers, service

GET = get("/shop/page/")


@contextlib.asynccontextmanager
async def by_tls(two: Fleet, shown: Certificate, host: str = "127.0.0.1") -> AsyncIterator[None]:
    """The far node's router is behind a proxy with TLS, as routers speak none themselves."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(shown.file, shown.key)

    async def script(visit: Visit) -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", two.far.port)

        async def pump(source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
            while data := await source.read(65_536):
                sink.write(data)
            sink.close()

        try:
            await asyncio.gather(pump(visit.reader, writer), pump(reader, visit.writer))
        finally:
            writer.transport.abort()
            await closed(writer)

    async with listener(script, context) as port:
        await moved(two, f"https://{host}:{port}")
        yield


@pytest.fixture
def ours(tmp_path: Path) -> Certificate:
    return certificate(tmp_path, "ours")


@pytest.fixture
async def tls(redis7: RedisServer, tmp_path: Path, ours: Certificate) -> AsyncIterator[Fleet]:
    async with fleet(redis7.url, tmp_path, near={"peers_ca": str(ours.file)}) as made:
        yield made


async def test_a_peer_is_reached_by_tls_with_a_certificate_of_its_own(
    tls: Fleet, ours: Certificate
) -> None:
    async with by_tls(tls, ours):
        async with service(tls.page, answers(OK)):
            assert (await ask(tls.near.port, GET)).body == b"ok"
        tls.page.unlink()
        async with service(tls.page, accept):
            reader, writer = await tunnel(tls)
            writer.write(b"abc")
            async with asyncio.timeout(PATIENCE_SECONDS):
                assert await reader.readexactly(3) == b"abc"
            writer.close()


async def test_another_certificate_or_another_name_is_not_talked_to(
    tls: Fleet, tmp_path: Path, ours: Certificate
) -> None:
    async def refused() -> Answer:
        async with service(tls.page, answers(OK)) as seen:
            answer = await ask(tls.near.port, GET)
        assert (answer.status, seen.visits) == (502, 0)
        tls.page.unlink()
        return answer

    async with by_tls(tls, certificate(tmp_path, "theirs")):
        assert "shows a certificate that is not accepted" in (await refused()).error["message"]
    async with by_tls(tls, ours, "localhost"):
        assert "Hostname mismatch" in (await refused()).error["message"]

    async def plain(visit: Visit) -> None:
        await visit.send(b"HTTP/1.1 200 OK\r\n\r\n")

    async with listener(plain) as port:
        await moved(tls, f"https://127.0.0.1:{port}")
        assert "does not speak TLS" in (await refused()).error["message"]
