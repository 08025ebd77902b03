"""Services that would use up the scanner: endless interim answers, and many large documents."""

import asyncio
import json
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from hero_router.scan import document_parser
from hero_router.scan.document_parser import Parsed
from hero_router.scan.prober import DOCUMENT_LIMIT, LARGE_AT_ONCE, Prober
from hero_router.scan.walk import Finder
from hero_router.upstream.outcome import Outcome
from hero_router.upstream.response_parser import MOST_INTERIM
from tests.scan.probing import TIMEOUT, facts
from tests.scan.probing import probe as look
from tests.scan.services import Services, Talk, http, request, says
from tests.support.wait import PATIENCE_SECONDS

SHARED = sorted(Path(document_parser.__file__).parent.parent.glob("demo/openrpc/*.json"))
SCANS = 7
MOST_SENT = 50_000
"""Interim answers that a scanner lets one service send in one scan: buffers hold many."""
MOST_MEMORY_KB = 140_000
LARGE, TOO_LARGE, ENDLESS = 10, 20, 8
INTERIM = b"HTTP/1.1 100 Continue\r\n\r\n"


def document(size: int) -> bytes:
    """A good answer to `rpc.discover` of about so many bytes, most of them methods."""
    head = b'{"jsonrpc":"2.0","id":1,"result":{"info":{"title":"Large"},"methods":['
    method = b'{"name":"method","params":[]},'
    return head + method * ((size - len(head) - 10) // len(method)) + b'{"name":"m"}]}}'


def offers(body: bytes, asked: list[str] | None = None) -> Talk:
    """A service that is well and gives this to whoever asks for its OpenRPC document.

    It notes what it was asked.
    """

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        line = await request(reader)
        if asked is not None:
            asked.append(line)
        small = http(b"{}", "404 Not Found" if "heroservice" in line else "200 OK")
        writer.write(small if line.startswith("GET") else http(body))
        await writer.drain()

    return talk


def endless(sent: list[int]) -> Talk:
    """A service that has everybody wait for its answer, busily; it notes how often it says so."""

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await request(reader)
        while not writer.is_closing():
            writer.write(INTERIM * 1_000)
            await writer.drain()
            sent.append(1_000)

    return talk


async def test_endless_interim_answers_end_at_their_bound(root: Path, services: Services) -> None:
    await services.talk("svc/rpc.sock", endless([]))
    seen = await look(root)
    assert (seen.outcome, seen.error) == (
        Outcome.FAILED,
        f"sends more than {MOST_INTERIM} interim answers (1xx) and no other",
    )


@pytest.mark.parametrize("status", ["100 Continue", "102 Processing", "103 Early Hints"])
async def test_a_few_interim_answers_are_passed_over(
    root: Path, services: Services, status: str
) -> None:
    interim = f"HTTP/1.1 {status}\r\nLink: </x>\r\n\r\n".encode() * MOST_INTERIM
    await services.talk("svc/admin.sock", says(interim + http(b'{"status": "ok"}')))
    assert (await look(root)).outcome is Outcome.ANSWERED


async def test_interim_answers_one_byte_at_a_time_end_at_the_deadline(
    root: Path, services: Services
) -> None:
    left = [*(INTERIM * 100)]

    async def drip(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await request(reader)
        while left:
            writer.write(bytes([left.pop(0)]))
            await writer.drain()
            await asyncio.sleep(0.02)

    await services.talk("svc/rpc.sock", drip)
    assert (await look(root, limit=TIMEOUT)).outcome is Outcome.LATE
    assert left, "it did not wait for all of them"


async def test_the_known_documents_fit_many_times(root: Path, services: Services) -> None:
    assert SHARED
    for place in SHARED:
        assert place.stat().st_size * 10 < DOCUMENT_LIMIT
    await services.talk("svc/rpc.sock", offers(document(DOCUMENT_LIMIT - 100)))
    assert facts(await look(root)).title == "Large"


async def test_large_documents_are_read_in_turns_and_their_time_is_not_the_services(
    root: Path, services: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each takes half the time that a probe has; none is late for having to wait."""
    now, most, limit = 0, 0, 2.0

    def slowly(parse: Callable[[bytes], Parsed]) -> Callable[[bytes], Parsed]:
        def read(body: bytes) -> Parsed:
            nonlocal now, most
            now += 1
            most = max(most, now)
            time.sleep(limit / 2)
            now -= 1
            return parse(body)

        return read

    monkeypatch.setattr(document_parser, "discovered", slowly(document_parser.discovered))
    for number in range(4):
        await services.talk(f"s{number}.sock", offers(document(200_000)))
    prober = Prober(limit, time.monotonic)
    found = Finder(root).walk().sockets
    seen = await asyncio.gather(*(prober(item, ask_documents=True) for item in found))
    assert [facts(item).title for item in seen] == ["Large"] * 4
    assert most == LARGE_AT_ONCE


async def test_a_large_bad_document_leaves_the_deadline_in_force(
    root: Path, services: Services
) -> None:
    """The question after it hangs."""
    bad = b'{"result": "' + b"x" * 200_000 + b'"}'

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        line = await request(reader)
        if "openrpc" in line:
            await reader.read()
        writer.write(http(bad if "rpc" in line else b"{}"))
        await writer.drain()

    await services.talk("svc/rpc.sock", talk)
    async with asyncio.timeout(PATIENCE_SECONDS):
        seen = await look(root, limit=2.0)
    assert seen.documents is not None
    assert seen.documents.late


async def test_a_small_document_does_not_wait_for_large_ones(
    root: Path, services: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    prober = Prober(PATIENCE_SECONDS, time.monotonic)
    monkeypatch.setattr(prober, "_large", asyncio.Semaphore(0))
    await services.talk("small.sock", offers(document(1_000)))
    (found,) = Finder(root).walk().sockets
    assert facts(await prober(found, ask_documents=True)).title == "Large"


async def test_a_greedy_crowd_is_read_and_asked_little_and_takes_little_memory(
    root: Path, services: Services
) -> None:
    """A scanner as a process of its own; these services are served here."""
    sent, asked = list[int](), list[str]()
    for number in range(ENDLESS):
        await services.talk(f"endless{number}.sock", endless(sent))
    for number in range(LARGE):
        large = offers(document(DOCUMENT_LIMIT - 100), asked)
        await services.talk(f"large{number}.sock", large)
    for number in range(TOO_LARGE):
        too_large = offers(document(4 * DOCUMENT_LIMIT), asked)
        await services.talk(f"too_large{number}.sock", too_large)
    command = [sys.executable, "-m", "tests.scan.process", "alone", str(root), str(SCANS)]
    scanner = await asyncio.create_subprocess_exec(*command, stdout=asyncio.subprocess.PIPE)
    said, _ = await asyncio.wait_for(scanner.communicate(), 170)
    told: dict[str, Any] = json.loads(said)
    assert told["statuses"] == {
        **{f"endless{number}": "unhealthy" for number in range(ENDLESS)},
        **{f"large{number}": "healthy" for number in range(LARGE)},
        **{f"too_large{number}": "degraded" for number in range(TOO_LARGE)},
    }
    assert sum(sent) < MOST_SENT * ENDLESS * SCANS
    questions = [line for line in asked if not line.startswith("GET /health")]
    assert len(questions) < 3 * (LARGE + TOO_LARGE) * SCANS / 2, "in each scan all three anew"
    assert told["memory_kb"] < MOST_MEMORY_KB, told
