"""Requests that were changed byte by byte: no anonymous one gives a 500 or a trace in the log."""

import asyncio
import contextlib
import gzip
import logging
import os
import random
import re

import pytest

from tests.support.redis import RedisServer
from tests.web.live import Live, working
from tests.web.raw import get, post
from tests.web.test_request_checks import CALL, JSON, ROUTES, SIZE

SEED = int(os.environ.get("FUZZ_SEED", "9"))
ROUNDS = int(os.environ.get("FUZZ_ROUNDS", "50"))
TOGETHER = 16
QUIET_TURNS, TURN_SECONDS = 15, 0.01
"""Who says nothing for so many turns waits for the rest of a request, or streams.

They are turns of the loop in which the worker runs, too: it had its chance, however busy the
machine is.
"""

CHUNKED = (
    b"5\r\n" + CALL[:5] + b"\r\n%x\r\n" % (len(CALL) - 5) + CALL[5:] + b"\r\n0\r\nX: y\r\n\r\n"
)
PACKED = gzip.compress(CALL)

SEEDS = [
    *(get(path, "localhost", "Accept-Encoding: gzip;q=0.5, *", 'If-None-Match: "x"')
      for path in ROUTES),
    get("/api/events?cursor=1-2&types=scan&context=a&service=b&conflate=1", "127.0.0.1:80",
        "Last-Event-ID: 17-4", "Accept: text/event-stream"),
    get("http://localhost/api/services/%c3%bc?x=%00", "localhost", "Origin: http://localhost"),
    get("/health", "[::1]:9988", "Expect: 100-continue", "Upgrade: websocket", "Range: bytes=0-1"),
    get("/" + "x" * 300, "localhost", "Cookie: a=b; c", "X-Forwarded-For: 1.2.3.4"),
    post(JSON, SIZE, "Expect: 100-continue", body=CALL),
    post(JSON, "Transfer-Encoding: chunked", "Trailer: X", body=CHUNKED),
    post(JSON, f"Content-Length: {len(PACKED)}", "Content-Encoding: gzip", body=PACKED),
    post("Content-Type: multipart/form-data; boundary=x", "Content-Length: 9",
         body=b"--x\r\n\r\n--"),
    b"OPTIONS * HTTP/1.1\r\nHost: localhost\r\n\r\nCONNECT a:1 HTTP/1.1\r\nHost: a\r\n\r\n",
]  # fmt: skip

PIECES = [
    b"\r\n", b"\n", b"\r", b"\0", b" ", b":", b"\xff", b"%ff", b"%00", b"/../", b"//", b"?", b"#",
    b"\xc3\x28", b"\xed\xa0\x80", b"HTTP/1.0", b"HTTP/2.0", b"Content-Length: 0\r\n", b"9" * 20,
    b"-1", b"Transfer-Encoding: chunked\r\n", b"Content-Encoding: br\r\n", b"Host: a\r\n", b"@",
    b"Connection: upgrade\r\n", b"[", b"]", b"\\", b",", b";q=", b'"', b"W/", b"*", b"=",
    b"x" * 9_000, b"{" * 2_000, b"Origin: null\r\n", b"0\r\n\r\n", b"ffffffff\r\n",
]  # fmt: skip


def changed(chance: random.Random) -> bytes:
    """One of the requests, or two in a row, with a few changes."""
    data = bytearray(b"".join(chance.choices(SEEDS, k=chance.choice((1, 1, 1, 2)))))
    for _ in range(chance.choice((0, 1, 1, 2, 3, 6, 12))):
        place = chance.randrange(len(data) + 1)
        end = min(place + chance.choice((0, 0, 1, 1, 4, 40)), len(data))
        piece = chance.choice(PIECES) if chance.random() < 0.6 else chance.randbytes(1)
        match chance.randrange(4):
            case 0:
                data[place:end] = piece
            case 1:
                del data[place:end]
            case 2:
                data[place:place] = data[place:end] * chance.randint(1, 3)
            case _:
                data[place:place] = piece
    return bytes(data[: chance.randrange(len(data))] if chance.random() < 0.05 else data)


async def told(port: int, data: bytes, pieces: int) -> bytes:
    """Send it in some pieces, end the connection on our side, and hear what comes."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    came = bytearray()
    reading = asyncio.create_task(heard(reader, came))
    try:
        for number in range(pieces):
            size = len(data) // pieces + 1
            writer.write(data[number * size : (number + 1) * size])
            await asyncio.sleep(0)  # so that a piece may be read alone
        quiet = 0
        while quiet < QUIET_TURNS and not reading.done():
            before = len(came)
            await asyncio.wait([reading], timeout=TURN_SECONDS)
            quiet = quiet + 1 if len(came) == before else 0
    finally:
        writer.transport.abort()
        await reading
    return bytes(came)


async def heard(reader: asyncio.StreamReader, came: bytearray) -> None:
    """Note all that comes until the end."""
    with contextlib.suppress(ConnectionError):
        while chunk := await reader.read(65_536):
            came += chunk


async def test_no_bytes_make_an_anonymous_request_fail_in_an_unforeseen_way(
    redis7: RedisServer, caplog: pytest.LogCaptureFixture
) -> None:
    """`FUZZ_SEED` and `FUZZ_ROUNDS` choose other bytes and more of them."""
    chance = random.Random(SEED)
    statuses = set[bytes]()
    caplog.set_level(logging.INFO)
    async with working(redis7.url, head_seconds=1, body_seconds=1) as live:
        for _ in range(ROUNDS):
            batch = [changed(chance) for _ in range(TOGETHER)]
            answers = await asyncio.gather(
                *(told(live.port, data, chance.choice((1, 1, 2, 5))) for data in batch)
            )
            for data, answer in zip(batch, answers, strict=True):
                found = set(re.findall(rb"HTTP/1\.[01] (\d{3}) ", answer))
                assert b"500" not in found, f"seed {SEED}: {data!r} gives {answer!r}"
                assert b"Traceback" not in answer
                statuses |= found
            _check_log(caplog, batch)
        await _still_well(live)
    assert {b"200", b"400", b"404", b"405", b"421", b"431", b"501", b"505"} <= statuses


def _check_log(caplog: pytest.LogCaptureFixture, batch: list[bytes]) -> None:
    bad = [item for item in caplog.records if item.exc_info or item.levelno >= logging.ERROR]
    assert not bad, f"seed {SEED}: one of {batch!r} is logged as {bad[0].getMessage()!r}"
    caplog.clear()


async def _still_well(live: Live) -> None:
    assert await live.is_ready()
    assert (await live.state())["services"] == []
