"""The state and other JSON in gzip: right in every client, and made once for all who ask."""

import asyncio
import gzip
import json
import shutil
import subprocess
import zlib
from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import pytest
from aiohttp import web
from aiohttp.test_utils import make_mocked_request
from hypothesis import given
from hypothesis import strategies as st

from hero_router.web import encoding, state_compressor
from hero_router.web.encoding import GzipPrefix
from tests.support.hand import Hand
from tests.support.redis import RedisServer
from tests.support.wait import PATIENCE_SECONDS, eventually
from tests.web.live import Live, working
from tests.web.raw import Answer, ask, get, post

GZIP = "Accept-Encoding: gzip"


@pytest.fixture
async def live(redis7: RedisServer, hand: Hand) -> AsyncIterator[Live]:
    """A worker that knows enough services for the state to be worth packing."""
    for number in range(8):
        place = await hand.change(f"s{number}")
    async with working(redis7.url) as worker:
        await worker.reaches(place)
        yield worker


def state(answer: Answer) -> Any:
    """The JSON of an answer, without the time of the answer."""
    packed = answer.fields.get("content-encoding") == "gzip"
    told = json.loads(gzip.decompress(answer.body) if packed else answer.body)
    assert isinstance(told.pop("now"), int)
    assert isinstance(told.pop("as_of"), int)
    return told


@given(st.binary(), st.binary(max_size=65_535))
def test_a_stream_that_was_begun_and_ended_is_one_member_of_gzip(
    beginning: bytes, end: bytes
) -> None:
    begun = GzipPrefix(beginning)
    for each in (end, b"", b"x"):
        unpacker = zlib.decompressobj(16 + zlib.MAX_WBITS)
        assert unpacker.decompress(begun.ended(each)) == beginning + each
        assert unpacker.eof
        assert unpacker.unused_data == b""


async def test_the_state_is_the_same_in_both_forms(live: Live) -> None:
    plain = await ask(live.port, get("/api/services"))
    packed = await ask(live.port, get("/api/services", "localhost", GZIP))
    assert "content-encoding" not in plain.fields
    assert packed.fields["content-encoding"] == "gzip"
    assert len(packed.body) < len(plain.body) / 2
    assert state(plain) == state(packed)
    for answer in (plain, packed):
        assert answer.fields["vary"] == "Accept-Encoding"
        assert answer.fields["etag"].startswith('W/"')
    assert plain.fields["etag"] == packed.fields["etag"]


async def test_a_client_that_has_the_state_in_either_form_gets_304(live: Live, hand: Hand) -> None:
    tag = (await ask(live.port, get("/api/services"))).fields["etag"]
    for coding in ("gzip", "identity"):
        fields = (f"Accept-Encoding: {coding}", f"If-None-Match: {tag}")
        answer = await ask(live.port, get("/api/services", "localhost", *fields))
        assert (answer.status, answer.body, answer.fields["etag"]) == (304, b"", tag)
        assert answer.fields["vary"] == "Accept-Encoding"
        assert "content-encoding" not in answer.fields
    await live.reaches(await hand.change("s99"))
    answer = await ask(live.port, get("/api/services", "localhost", f"If-None-Match: {tag}"))
    assert answer.status == 200


async def test_each_answer_tells_the_time_though_it_is_packed_once(
    live: Live, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = list[int]()

    class Counted(GzipPrefix):
        def __init__(self, beginning: bytes) -> None:
            made.append(len(beginning))
            super().__init__(beginning)

    monkeypatch.setattr(state_compressor, "GzipPrefix", Counted)
    request = get("/api/services", "localhost", GZIP)
    first = await asyncio.gather(*(ask(live.port, request) for _ in range(50)))
    await asyncio.sleep(0.12)  # the clock goes on, in steps of a tenth of a second
    last = await ask(live.port, request)
    assert len(made) == 1
    times = [json.loads(gzip.decompress(each.body))["now"] for each in (first[0], last)]
    assert times[0] < times[1]


async def test_a_burst_of_changes_packs_one_state_at_a_time(
    live: Live, hand: Hand, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And nobody gets an older state than the one that was there when it asked."""
    running, most = 0, 0

    async def slowly(function: Any) -> Any:
        nonlocal running, most
        running += 1
        most = max(most, running)
        await asyncio.sleep(0.02)
        running -= 1
        return function()

    monkeypatch.setattr(asyncio, "to_thread", slowly)
    request = get("/api/services", "localhost", GZIP)
    asked = list[tuple[str, asyncio.Task[Answer]]]()
    for number in range(20):
        await live.reaches(await hand.change(f"b{number}"))
        asked += [(f"b{number}", asyncio.create_task(ask(live.port, request))) for _ in range(5)]
    for name, task in asked:
        assert name in {item["name"] for item in state(await task)["services"]}
    assert most == 1


async def test_a_client_that_leaves_takes_the_state_from_nobody(
    live: Live, monkeypatch: pytest.MonkeyPatch
) -> None:
    over = asyncio.Event()

    async def held(function: Any) -> Any:
        await over.wait()
        return function()

    monkeypatch.setattr(asyncio, "to_thread", held)
    request = get("/api/services", "localhost", GZIP)
    waiters = _noted(monkeypatch)
    _, leaving = await asyncio.open_connection("127.0.0.1", live.port)
    leaving.write(request)
    await eventually(lambda: len(waiters) == 1, message="the first one waits")
    staying = asyncio.create_task(ask(live.port, request))
    await eventually(lambda: len(waiters) == 2, message="so does the second one")
    leaving.transport.abort()
    await eventually(waiters[0].done, message="the first one has left")
    over.set()
    assert state(await staying)["services"]


def _noted(monkeypatch: pytest.MonkeyPatch) -> list["asyncio.Task[Any]"]:
    """The tasks of those who wait for a packed state."""
    waiters = list[asyncio.Task[Any]]()
    real = state_compressor.StateCompressor.latest

    async def latest(self: state_compressor.StateCompressor) -> Any:
        task = asyncio.current_task()
        assert task is not None
        waiters.append(task)
        return await real(self)

    monkeypatch.setattr(state_compressor.StateCompressor, "latest", latest)
    return waiters


async def test_head_is_the_same_head(live: Live) -> None:
    request = get("/api/services", "localhost", GZIP)
    asked, head = (
        await ask(live.port, request),
        await ask(live.port, request.replace(b"GET", b"HEAD")),
    )
    assert head.body == b""
    names = ("content-encoding", "content-type", "etag", "vary", "cache-control")
    assert [head.fields[name] for name in names] == [asked.fields[name] for name in names]
    assert abs(int(head.fields["content-length"]) - int(asked.fields["content-length"])) < 2


async def test_other_json_is_packed_where_it_is_large(live: Live) -> None:
    call = b'{"jsonrpc":"2.0","id":1,"method":"%b"}'
    kind = "Content-Type: application/json"

    async def called(method: bytes) -> Answer:
        body = call % method
        return await ask(live.port, post(kind, GZIP, f"Content-Length: {len(body)}", body=body))

    answer = await called(b"router.list")
    assert answer.fields["content-encoding"] == "gzip"
    assert json.loads(gzip.decompress(answer.body))["result"]["services"]
    answer = await called(b"router.health")
    assert "content-encoding" not in answer.fields
    assert json.loads(answer.body)["result"]["ready"]
    answer = await ask(live.port, get("/openrpc.json", "localhost", GZIP))
    assert json.loads(gzip.decompress(answer.body))["methods"]
    assert answer.fields["etag"].startswith('"')


async def test_a_stream_is_never_packed(live: Live) -> None:
    async with (
        aiohttp.ClientSession(auto_decompress=False) as session,
        session.get(f"{live.url}/api/events", headers={"Accept-Encoding": "gzip"}) as answer,
    ):
        assert "Content-Encoding" not in answer.headers
        assert b"event: hello" in await answer.content.readany()


async def test_clients_of_all_kinds_unpack_the_state(live: Live) -> None:
    """A browser does, too: the tests of the page load it so."""
    wanted = state(await ask(live.port, get("/api/services")))["services"]
    address = f"{live.url}/api/services"
    async with (
        aiohttp.ClientSession() as session,
        session.get(address) as answer,
    ):
        assert "gzip" in answer.request_info.headers["Accept-Encoding"]
        assert (await answer.json())["services"] == wanted
    node = "fetch(process.argv[1]).then(a => a.text()).then(t => console.log(t))"
    commands = [["curl", "-sS", "--compressed", address], ["node", "-e", node, address]]
    for command in commands:
        if shutil.which(command[0]) is None:
            continue
        ran = await asyncio.to_thread(
            subprocess.run, command, capture_output=True, timeout=PATIENCE_SECONDS, check=True
        )
        assert json.loads(ran.stdout)["services"] == wanted


async def test_a_large_answer_is_packed_off_the_loop(monkeypatch: pytest.MonkeyPatch) -> None:
    threads = list[object]()
    real = asyncio.to_thread

    async def noted(function: Any, *args: Any, **options: Any) -> Any:
        threads.append(function)
        return await real(function, *args, **options)

    monkeypatch.setattr(asyncio, "to_thread", noted)
    request = make_mocked_request("GET", "/", {"Accept-Encoding": "gzip"})
    answer = await encoding.packed(request, b"x" * 5_000, "text/plain", "no-store")
    assert isinstance(answer, web.Response)
    assert threads == [gzip.compress]
