"""The lines of `events`: each event in a few words, harmless, with its own time."""

import json
import time
from typing import Any

import pytest

from hero_router.cli.events import line, summary
from tests.support.records import record

RECORD: dict[str, Any] = json.loads(json.dumps(record().to_json()))


@pytest.mark.parametrize(
    ("event", "data", "told"),
    [
        ("service_added", {"service": RECORD}, "default/api ● healthy"),
        ("service_updated", {"service": {**RECORD, "status": "odd"}}, "default/api ? odd"),
        (
            "status_change",
            {"service": RECORD, "from": "healthy", "to": "unhealthy", "reason": "no answer"},
            "default/api ● healthy → ✖ unhealthy  no answer",
        ),
        (
            "status_change",
            {"service": RECORD, "from": "unknown", "to": "healthy", "reason": ""},
            "default/api ? unknown → ● healthy",
        ),
        (
            "service_removed",
            {"context": "shop", "name": "api", "node": "n1", "reason": "gone"},
            "shop/api removed from node n1: its sockets are gone",
        ),
        (
            "service_removed",
            {"context": "shop", "name": "api", "node": "n1", "reason": "of_next_year"},
            "shop/api removed from node n1: of_next_year",
        ),
        ("service_removed", {"name": "api"}, "name=api"),
        (
            "scan",
            {"node": "n1", "discovered": 4, "added": 1, "removed": 2, "changed": 0},
            "node n1: 4 services; 1 added, 2 removed, 0 changed",
        ),
        ("scan", {"node": "n1", "changed": 0, "requests": []}, "node=n1 changed=0"),
        ("stale", {"reason": "redis", "node": None, "detail": "Redis is away"}, "Redis is away"),
        ("fresh", {"reason": "redis", "node": None}, "no longer stale: redis"),
        ("fresh", {"reason": "scanner", "node": "n1"}, "no longer stale: scanner of node n1"),
        ("conflated", {"superseded": 7}, "7 older events are left out"),
        ("hello", {"cursor": "7-3", "worker": "n1/9"}, "connected to worker n1/9, after 7-3"),
        ("hello", {"cursor": None, "worker": "n1/9"}, "connected to worker n1/9, after a gap"),
        (
            "resync",
            {"dropped": 12, "reason": "lagged", "after_ms": 3},
            "missed 12 events (lagged); `hero_router list` has the state",
        ),
        (
            "resync",
            {"dropped": None, "reason": "store_changed", "after_ms": 3},
            "missed an unknown number of events (store_changed); `hero_router list` has the state",
        ),
    ],
)
def test_an_event_is_a_few_words(event: str, data: dict[str, Any], told: str) -> None:
    assert summary(event, data).plain == told


def test_a_line_has_the_time_of_its_event_with_the_date_unless_it_is_today(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    noon, now = (time.mktime((2026, 3, day, 12, 30, 1, 0, 0, -1)) * 1000 for day in (5, 6))
    localtime = time.localtime
    monkeypatch.setattr(time, "localtime", lambda at=now / 1000: localtime(at))
    assert line("scan", {"at": noon}).plain.startswith("2026-03-05 12:30:01 scan")
    assert line("hello", {"now": noon}).plain.startswith("2026-03-05 12:30:01 hello")
    assert line("scan", {"at": now}).plain.startswith("12:30:01 scan")
    for junk in (None, "soon", float("inf"), 1e300):
        assert line("scan", {"at": junk}).plain.isprintable()


@pytest.mark.parametrize("event", ["status_change", "service_updated", "scan", "of_next_year"])
@pytest.mark.parametrize(
    "data", [{}, {"service": {}}, {"service": None}, {"service": {"name": [1], "status": {}}}]
)
def test_an_event_that_lacks_what_is_usual_ends_nothing(event: str, data: dict[str, Any]) -> None:
    assert summary(event, data).plain.isprintable()


def test_nothing_in_an_event_steers_the_terminal() -> None:
    evil = {**RECORD, "name": "[red]x\x1b[2J\r\n\u202e", "status": "\x1b]0;x\x07"}
    for event in ("service_updated", "status_change", "service_removed"):
        changes = {"from": "\x9b", "to": "\x1b", "reason": "\x1b"}
        told = summary(event, {"service": evil, "name": evil["name"], **changes})
        assert told.plain.isprintable()
        assert "[red]x" in told.plain
    assert summary("scan", {"node": "\x1b[2J"}).plain.isprintable()
