"""Random requests give the same through the proxy as straight at the service's socket.

A service echoes what it got, and answers as the request says. What may differ is documented: the
router's own fields, and the framing.
"""

import asyncio
import json
import os
import random
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from hero_router.model import SocketState, Status
from tests.support.hand import NODE, writing
from tests.support.records import put
from tests.support.redis import RedisServer
from tests.support.wait import PATIENCE_SECONDS
from tests.web.live import WINDOW, Live, working
from tests.web.upstream import Visit, service

SEED = int(os.environ.get("FUZZ_SEED", "9"))
EXCHANGES = 400

OWN = ("x-forwarded-", "x-real-ip", "x-request-id", "traceparent", "via")
FRAMING = {"content-length", "transfer-encoding", "connection", "content-security-policy"}
HIDDEN = ["X-Hero-Claims: root", "x_hero_claims: a", "Keep-Alive: x", "TE: trailers", "Via: 1.0 a"]
SHOWN = [
    "Accept: */*", "accept: b", "Cookie: a=b; c=d", "X-Odd: \xe9\xff", "X-Empty: ",
    "x-long: " + "y" * 3000, 'If-None-Match: W/"x"', "Range: bytes=0-4", "X-A: 1, 2",
    "Authorization: Basic eDp5", "User-Agent: t", "Accept-Encoding: br, gzip;q=0",
    "Referer: http://localhost/a", "Content-Type: multipart/form-data; boundary=x",
]  # fmt: skip
ANSWERED = ["Set-Cookie: a=1", "set-cookie: b=2", 'ETag: "x"', "X-O: \xe9", "Date: x", "Server: y"]
PATHS = ["/", "/a/b", "/a%2Fb", "/../x", "//x", "/%zz", "/a;b=c", "/.", "/%C3%A9",
         "/a?b=c&d", "/?", "/a?x=/../y", "/%00", "/~!$&'()*+,;=:@"]  # fmt: skip


class Message(NamedTuple):
    """A request or an answer as it came: first line, fields, body, trailers."""

    line: str
    fields: list[tuple[str, str]]
    body: bytes
    trailers: list[tuple[str, str]]


async def read(reader: asyncio.StreamReader, *, bodiless: bool = False) -> Message:
    """The next message. Raises IncompleteReadError where it breaks off."""
    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
    line, *rest = head[:-4].split("\r\n")
    fields = [_pair(each) for each in rest]
    named = {name.lower(): value for name, value in fields}
    if bodiless:
        return Message(line, fields, b"", [])
    if "chunked" in named.get("transfer-encoding", ""):
        body = b""
        while size := int((await reader.readuntil(b"\r\n")).split(b";")[0], 16):
            body += (await reader.readexactly(size + 2))[:-2]
        trailers = list[tuple[str, str]]()
        while (each := await reader.readuntil(b"\r\n")) != b"\r\n":
            trailers.append(_pair(each.decode("latin-1").rstrip("\r\n")))
        return Message(line, fields, body, trailers)
    if "content-length" in named:
        return Message(line, fields, await reader.readexactly(int(named["content-length"])), [])
    is_answer = line.startswith("HTTP/")
    return Message(line, fields, await reader.read() if is_answer else b"", [])


def _pair(line: str) -> tuple[str, str]:
    name, _, value = line.partition(":")
    return name, value.strip(" ")


def framed(body: bytes, framing: str, chance: random.Random, trailers: str = "") -> bytes:
    """The fields and bytes of a body in one of the ways to frame it."""
    if framing == "length":
        return b"Content-Length: %d\r\n\r\n%b" % (len(body), body)
    if framing == "close":
        return b"\r\n" + body
    chunks = b""
    while body:
        size = chance.randint(1, len(body))
        chunks += b"%x%b\r\n%b\r\n" % (size, chance.choice((b"", b";a=b")), body[:size])
        body = body[size:]
    return b"Transfer-Encoding: chunked\r\n\r\n" + chunks + b"0\r\n" + trailers.encode() + b"\r\n"


async def echo(visit: Visit) -> None:
    """Answer with what came, in the way that the field `X-Answer` wants."""
    while True:
        request = await read(visit.reader)
        wish = json.loads(dict(request.fields)["X-Answer"])
        seen = {
            "line": request.line,
            "fields": [each for each in request.fields if not _is_hop(each)],
            "body": request.body.decode("latin-1"),
        }
        body = json.dumps(seen).encode() + b"\0" * wish["more"]
        head = f"HTTP/1.1 {wish['status']}\r\n" + "".join(f"{each}\r\n" for each in wish["fields"])
        bodiless = request.line.startswith("HEAD") or wish["status"][:3] in ("204", "304")
        rest = framed(body, wish["framing"], random.Random(wish["seed"]), wish["trailers"])
        await visit.send(
            head.encode("latin-1"),
            rest.partition(b"\r\n\r\n")[0] + b"\r\n\r\n" if bodiless else rest,
        )
        if wish["framing"] == "close":
            return


def _is_hop(field: tuple[str, str]) -> bool:
    name = field[0].lower()
    hidden = {each.partition(":")[0].lower() for each in HIDDEN}
    return name in FRAMING | hidden or name.startswith(OWN)


class Request(NamedTuple):
    """One random request: the method, the target behind the prefix, and all that follows it."""

    method: str
    target: str
    rest: bytes
    bodiless: bool
    ends: bool

    def to(self, prefix: str) -> bytes:
        return f"{self.method} {prefix}{self.target} HTTP/1.1\r\n".encode("latin-1") + self.rest


def request(chance: random.Random) -> Request:
    method = chance.choice(["GET", "GET", "POST", "PUT", "DELETE", "PATCH", "HEAD", "OPTIONS"])
    status = chance.choice(
        ["200 OK", "200 ", "201 Made", "204 No", "304 Not", "404 Where", "500 x"]
    )
    framing = chance.choice(["length", "length", "chunked", "close"])
    wish = {
        "status": status,
        "framing": framing,
        "fields": ["Content-Type: a/b", *chance.sample(ANSWERED, 3)],
        "more": chance.choice([0, 0, 1, 70_000, 300_000]),
        "trailers": chance.choice(["", "X-Sum: 1\r\n"]),
        "seed": chance.random(),
    }  # fmt: skip
    lines = ["Host: localhost", f"X-Answer: {json.dumps(wish)}"]
    lines += chance.sample(SHOWN, chance.randint(0, 6)) + chance.sample(
        HIDDEN, chance.randint(0, 3)
    )
    chance.shuffle(lines)
    head = "".join(f"{line}\r\n" for line in lines).encode("latin-1")
    body = chance.randbytes(chance.choice([0, 1, 100, 5000, 200_000]))
    has_body = method in ("POST", "PUT", "PATCH", "DELETE") and chance.random() < 0.8
    rest = head + (
        framed(body, chance.choice(["length", "chunked"]), chance) if has_body else b"\r\n"
    )
    bodiless = method == "HEAD" or status[:3] in ("204", "304")
    return Request(method, chance.choice(PATHS), rest, bodiless, framing == "close")


class Link:
    """A connection that is made anew when it has ended."""

    def __init__(self, prefix: str, **where: Any) -> None:
        self._prefix, self._where = prefix, where
        self._ends: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None

    async def exchange(self, request: Request) -> Message:
        if self._ends is None:
            opening = (
                asyncio.open_unix_connection if "path" in self._where else asyncio.open_connection
            )
            self._ends = await opening(limit=2**20, **self._where)
        reader, writer = self._ends
        writer.write(request.to(self._prefix))
        answer = await read(reader, bodiless=request.bodiless)
        if request.ends or ("close" in dict(answer.fields).get("Connection", "")):
            self.close()
        return answer

    def close(self) -> None:
        if self._ends is not None:
            self._ends[1].close()
            self._ends = None


@pytest.fixture
async def live(redis7: RedisServer, tmp_path: Path) -> AsyncIterator[Live]:
    sockets = (SocketState("web_page", "web_page", "shop/web_page.sock", Status.HEALTHY),)
    async with (
        writing(redis7.url, WINDOW) as hand,
        working(redis7.url, node=NODE, socket_dir=str(tmp_path)) as worker,
    ):
        await worker.reaches(await hand.write(put("shop", node=NODE, sockets=sockets)))
        yield worker


async def test_random_requests_give_the_same_as_straight_at_the_socket(
    live: Live, tmp_path: Path
) -> None:
    chance = random.Random(SEED)
    path = tmp_path / "shop/web_page.sock"
    straight = Link("", path=str(path))
    through = Link("/shop/page", host="127.0.0.1", port=live.port)
    async with service(path, echo):
        for number in range(EXCHANGES):
            asked = request(chance)
            async with asyncio.timeout(PATIENCE_SECONDS):
                expected, found = await straight.exchange(asked), await through.exchange(asked)
            assert unlike(expected, found) == {}, (SEED, number, asked)
    straight.close()
    through.close()


def unlike(expected: Message, found: Message) -> dict[str, Any]:
    """Where two answers differ, less what is documented."""
    pairs = {
        "line": (expected.line, found.line),
        "fields": (_shown(expected), _shown(found)),
        "trailers": (expected.trailers, found.trailers if expected.trailers else []),
        "body": tuple(one.body for one in (expected, found)),
    }  # fmt: skip
    return {name: pair for name, pair in pairs.items() if pair[0] != pair[1]}


def _shown(message: Message) -> list[tuple[str, str]]:
    return [each for each in message.fields if each[0].lower() not in FRAMING]
