"""The past events that `events` begins with: which of those that the router keeps."""

import time
from collections.abc import AsyncIterator
from typing import Any

import click
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from hero_router.cli.past_events import Past, Since
from hero_router.cli.router_options import Router
from hero_router.feed.filters import Filter
from tests.support.command import run

NOW = 1_000_000


def event(seq: int, at: int, name: str = "api") -> dict[str, Any]:
    service = {"id": f"id-{name}", "name": name, "context": "shop"}
    data = {"at": at, "service": service}
    return {"event": "service_added", "id": f"7-{seq}", "data": data}


@pytest.fixture
def kept() -> list[dict[str, Any]]:
    """What the router keeps: the events 7-1 to 7-4, ten seconds apart, the last just now."""
    return [event(seq, NOW - (4 - seq) * 10_000, f"s{seq % 2}") for seq in range(1, 5)]


@pytest.fixture
def hidden() -> list[dict[str, Any]]:
    """Events that the router keeps and that its caller may not see."""
    return []


@pytest.fixture
async def url(kept: list[dict[str, Any]], hidden: list[dict[str, Any]]) -> AsyncIterator[str]:
    async def recent(request: web.Request) -> web.Response:
        oldest = min(kept + hidden, key=lambda item: int(item["id"].partition("-")[2]))
        edge = {
            "kept": len(kept) + len(hidden),
            "first": {"id": oldest["id"], "at": oldest["data"]["at"]},
        }
        newest = kept[-int(request.query["n"]) :]
        return web.json_response({"events": newest, "cursor": "7-4", "now": NOW, **edge})

    app = web.Application()
    app.add_routes([web.get("/api/events/recent", recent)])
    async with TestServer(app) as server:
        yield str(server.make_url("/")).rstrip("/")


def since(text: str) -> Any:
    return Since().convert(text, None, None)


@pytest.mark.parametrize(
    ("past", "numbers"),
    [
        (Past(None, None), [1, 2, 3, 4]),
        (Past(None, 2), [3, 4]),
        (Past(None, 0), []),
        (Past(None, 9), [1, 2, 3, 4]),
        (Past(since("20s"), None), [2, 3, 4]),
        (Past(since("20s"), 1), [4]),
        (Past(since("1d"), None), [1, 2, 3, 4]),
        (Past(since("2199-01-01"), None), []),
    ],
)
async def test_events_since_a_time_and_at_most_that_many(
    url: str, past: Past, numbers: list[int], capsys: pytest.CaptureFixture[str]
) -> None:
    found = await past.fetch(Router(url), None)
    assert [item["id"] for item in found.events] == [f"7-{number}" for number in numbers]
    assert found.cursor == "7-4"
    assert capsys.readouterr().err == ""


@pytest.mark.parametrize(
    ("wanted", "numbers"),
    [
        (Filter.of([], [], ["s1"]), [1, 3]),
        (Filter.of([], [], ["id-s0"]), [2, 4]),
        (Filter.of([], ["shop"], []), [1, 2, 3, 4]),
        (Filter.of(["scan"], [], []), []),
    ],
)
async def test_the_last_ones_are_counted_among_the_wanted_ones(
    url: str, wanted: Filter, numbers: list[int]
) -> None:
    found = await Past(None, 3).fetch(Router(url), wanted)
    assert [item["id"] for item in found.events] == [f"7-{number}" for number in numbers[-3:]]


async def test_events_that_are_not_kept_any_more_are_mentioned(
    kept: list[dict[str, Any]], url: str, capsys: pytest.CaptureFixture[str]
) -> None:
    del kept[0]
    await Past(since("20s"), None).fetch(Router(url), None)
    assert capsys.readouterr().err == "", "all since then are there"
    await Past(since("30s"), None).fetch(Router(url), None)
    assert "are not kept any more" in capsys.readouterr().err


MANY = 1_500


@pytest.fixture
def many(kept: list[dict[str, Any]]) -> None:
    """The router keeps all events, more than one answer has, and an old one of the service s2."""
    kept[:] = [event(1, NOW - MANY, "s2")]
    kept += [event(seq, NOW - MANY + seq, f"s{seq % 2}") for seq in range(2, MANY + 1)]


CUT = "only the newest 1000 of 1500 kept events can be read\n"


@pytest.mark.usefixtures("many")
@pytest.mark.parametrize(
    ("past", "wanted", "number", "told"),
    [
        (Past(since("1d"), None), [], 1_000, CUT),
        (Past(None, None), [], 1_000, CUT),
        (Past(since("0.5s"), None), [], 501, ""),
        (Past(None, 20), [], 20, ""),
        (Past(since("1d"), 20), ["s1"], 20, ""),
        (Past(None, 20), ["s2"], 0, CUT),
        (Past(since("0.5s"), 20), ["s2"], 0, ""),
    ],
)
async def test_events_that_are_kept_but_not_in_an_answer_are_not_called_gone(
    url: str,
    past: Past,
    wanted: list[str],
    number: int,
    told: str,
    capsys: pytest.CaptureFixture[str],
) -> None:
    found = await past.fetch(Router(url), Filter.of([], [], wanted) if wanted else None)
    assert len(found.events) == number
    assert capsys.readouterr().err == told


async def test_who_sees_some_events_is_not_told_that_the_others_are_gone(
    kept: list[dict[str, Any]],
    hidden: list[dict[str, Any]],
    url: str,
    capsys: pytest.CaptureFixture[str],
) -> None:
    hidden += kept[:3]
    del kept[:3]
    await Past(since("1d"), None).fetch(Router(url), None)
    assert capsys.readouterr().err == ""


async def test_junk_in_the_stream_ends_nothing(kept: list[dict[str, Any]], url: str) -> None:
    kept[:] = [{"event": "of_next_year", "id": "7-1", "data": {"at": "soon", "service": [1]}}]
    assert len((await Past(None, None).fetch(Router(url), Filter.of([], [], ["x"]))).events) == 0
    assert len((await Past(None, None).fetch(Router(url), None)).events) == 1


@pytest.mark.parametrize(
    ("text", "ago_ms"), [("90s", 90_000), ("1.5m", 90_000), ("2h", 7_200_000), ("1d", 86_400_000)]
)
def test_a_time_may_be_how_long_ago(text: str, ago_ms: int) -> None:
    assert since(text)(NOW) == NOW - ago_ms


def test_a_time_may_be_a_date_and_a_time() -> None:
    noon = time.mktime((2026, 3, 5, 12, 30, 0, 0, 0, -1)) * 1000
    assert since("2026-03-05T12:30")(NOW) == noon
    assert since("1970-01-01T00:00:05+00:00")(NOW) == 5_000


@pytest.mark.parametrize("text", ["", "soon", "5", "-5m", "m", "1e5d", "2026-13-01", "99999-01-01"])
def test_any_other_time_is_refused(text: str) -> None:
    with pytest.raises(click.BadParameter):
        since(text)


@pytest.mark.parametrize("wrong", [("--since", "soon"), ("--tail", "1", "--cursor", "0-0")])
def test_events_refuses_what_makes_no_sense(wrong: tuple[str, ...]) -> None:
    assert run("events", *wrong, "--url", "http://127.0.0.1:1").exit_code == 2
