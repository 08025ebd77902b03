"""`report`: saves what the router gives as one file, whole or not at all."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from click.testing import Result

from hero_router.web.report_page import DATA_END
from tests.cli.reachable import reachable
from tests.support.command import run
from tests.support.hand import Hand
from tests.support.redis import RedisServer
from tests.web.live import Live


@pytest.fixture
async def live(redis7: RedisServer, hand: Hand, tmp_path: Path) -> AsyncIterator[Live]:
    async with reachable(redis7.url, hand, tmp_path) as worker:
        yield worker


async def ran(*arguments: str, url: str) -> Result:
    """What the command gives, while the router in this process answers it."""
    return await asyncio.to_thread(run, "report", *arguments, ROUTER_URL=url)


def files(folder: Path, pattern: str) -> list[Path]:
    return list(folder.glob(pattern))


async def test_a_report_is_saved_under_its_own_name_or_a_given_one_or_printed(
    live: Live, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    named = await ran(url=live.url)
    assert named.exit_code == 0, named.output
    (saved,) = files(tmp_path, "hero_router-*.html")
    assert named.stdout == f"{saved.name}\n"
    assert saved.read_text("utf-8").endswith(DATA_END)
    given = await ran("here.html", url=live.url)
    assert given.stdout == "here.html\n"
    assert (tmp_path / "here.html").read_text("utf-8").endswith(DATA_END)
    assert files(tmp_path, "*.part") == []
    printed = await ran("-", url=live.url)
    assert printed.stdout.startswith("<!doctype html>")
    assert printed.stdout.endswith(DATA_END)


async def test_what_cannot_be_written_is_said(live: Live, tmp_path: Path) -> None:
    missing = await ran(str(tmp_path / "nosuch" / "x.html"), url=live.url)
    assert missing.exit_code == 1
    assert missing.stderr.endswith("x.html cannot be written: No such file or directory\n")
    device = await ran("/dev/null", url=live.url)
    assert device.stderr == "hero_router: /dev/null is no file; - stands for the standard output\n"
    assert files(Path("/dev"), "null.part") == []


async def other(request: web.Request) -> web.StreamResponse:
    """Begins a report and breaks off, or is another program."""
    response = web.StreamResponse()
    if "cut" in request.path:
        name = 'attachment; filename="hero_router-n1-20261129T191003Z.html"'
        response.headers["Content-Disposition"] = name
    response.enable_chunked_encoding()
    await response.prepare(request)
    await response.write(b"<!doctype html>" * 1000)
    if "cut" in request.path and request.transport is not None:
        request.transport.abort()
    return response


@pytest.mark.parametrize(
    ("prefix", "words"),
    [
        ("cut", "has broken off its answer"),
        ("foreign", "gives no reports"),
        ("none", "answers 404"),
    ],
)
async def test_nothing_is_saved_of_what_is_no_whole_report(
    tmp_path: Path, prefix: str, words: str
) -> None:
    app = web.Application()
    app.add_routes([web.get(f"/{each}/api/report", other) for each in ("cut", "foreign")])
    async with TestServer(app) as server:
        answer = await ran(str(tmp_path / "x.html"), url=str(server.make_url(f"/{prefix}")))
    assert answer.exit_code == 1
    assert words in answer.stderr
    assert files(tmp_path, "*") == []
