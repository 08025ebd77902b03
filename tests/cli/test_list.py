"""The table of services: everything that a record says, and nothing that it should not do."""

import io
import json
import time
from collections.abc import Sequence
from typing import Any

import pytest
from rich.console import Console

from hero_router.cli.selection import Selection
from hero_router.cli.services import MARKS, View, ignored, is_well, mark, services_table
from hero_router.cli.terminal import age
from hero_router.model import Status
from tests.support.records import record

RECORD: dict[str, Any] = json.loads(json.dumps(record(methods_count=3).to_json()))


def lines(
    *services: dict[str, Any], doubts: Sequence[dict[str, Any]] = (), width: int = 200
) -> list[str]:
    """The table as it is printed."""
    out = io.StringIO()
    state = {"services": services, "stale": doubts}
    Console(file=out, width=width).print(services_table(state, width))
    return [line.rstrip() for line in out.getvalue().splitlines()]


@pytest.fixture
def now(monkeypatch: pytest.MonkeyPatch) -> int:
    """The time, which stands still (Unix ms)."""
    seconds = int(time.time())
    monkeypatch.setattr(time, "time", lambda: float(seconds))
    return seconds * 1000


def test_a_row_says_what_is_known_of_a_service(now: int) -> None:
    head, row = lines({**RECORD, "changed_at": now - 90_000, "reason": "slow"})
    assert head.split() == [
        "status", "context", "service", "node", "sockets", "methods", "since", "reason",
    ]  # fmt: skip
    assert row.split() == ["●", "healthy", "default", "api", "n1", "rpc:healthy", "3", "1m", "slow"]


def test_services_of_a_lost_node_show_why_and_since_when(now: int) -> None:
    """Not since when the services had not changed: until then they were well."""
    unknown = {**RECORD, "status": "unknown", "reason": "node_lost", "changed_at": now - 7_200_000}
    detail = "no scanner is running for node n1"
    doubt = {"reason": "scanner", "node": "n1", "since": now - 4_200, "detail": detail}
    other = {"reason": "redis", "node": None, "since": 1, "detail": "away"}
    assert lines(unknown, doubts=[other, doubt])[1].endswith(f"4s     {detail}")


def test_only_a_lost_scanner_replaces_the_reasons_of_all_its_services() -> None:
    """What a scanner cannot see concerns some of them, whose own reasons say so."""
    doubt = {"reason": "root", "node": "n1", "since": 1, "detail": "folder b cannot be read"}
    assert lines({**RECORD, "reason": "slow"}, doubts=[doubt])[1].endswith("slow")


@pytest.mark.parametrize(
    ("width", "columns"),
    [
        (200, "status context service node sockets methods since reason"),
        (82, "status context service node sockets since reason"),
        (70, "status context service node since reason"),
        (62, "status context service since reason"),
        (55, "status context service reason"),
        (46, "status service reason"),
        (20, "status service"),
    ],
)
def test_a_narrow_terminal_has_fewer_columns_and_no_name_is_cut(width: int, columns: str) -> None:
    head, row, *_ = lines({**RECORD, "name": "service7", "reason": "no answer " * 5}, width=width)
    assert head.split() == columns.split()
    assert row.startswith("● healthy")
    assert "service7" in row
    assert all(len(line) <= width for line in (head, row))


def test_all_is_well_only_if_nothing_may_be_out_of_date() -> None:
    def well(*services: dict[str, Any], doubted: str | None = "", **fields: Any) -> bool:
        stale = [] if doubted == "" else [{"node": doubted, **fields}]
        return is_well({"services": services, "stale": stale})

    assert well(RECORD)
    assert well()
    assert not well(RECORD, {**RECORD, "status": "degraded"})
    assert not well(RECORD, doubted=None)
    assert not well(RECORD, doubted="n1")
    assert well(RECORD, doubted="another")


def test_ignored_files_are_one_line_for_each_node() -> None:
    three = {"a.sock": "it is not a socket", "b.sock": "x", "c.sock": "x"}
    nodes: list[dict[str, Any]] = [
        {"node": "n1", "ignored_count": 1, "ignored": {"a.sock": "it is not a socket"}},
        {"node": "n2", "ignored_count": 60, "ignored": {**three, "d.sock": "x"}},
        {"node": "n3", "ignored_count": 0, "ignored": {}},
        {"node": "older"},
        {"node": "junk", "ignored_count": "2", "ignored": [1]},
    ]
    one, many = ignored(nodes)
    assert one == "node n1: 1 ignored file: a.sock (it is not a socket)"
    assert many.startswith("node n2: 60 ignored files: a.sock (it is not a socket), b.sock")
    assert many.endswith(", c.sock (x), and 57 more")


def test_every_status_has_a_shape_of_its_own_so_that_colour_is_not_needed() -> None:
    assert MARKS.keys() == set(Status)
    shapes = [shape for shape, _ in MARKS.values()]
    assert len(set(shapes)) == len(shapes)
    assert mark("of_next_year").plain == "? of_next_year"


@pytest.mark.parametrize(
    ("seconds", "told"),
    [(-5, "0s"), (0, "0s"), (59, "59s"), (60, "1m"), (3_599, "59m"), (3_600, "1h"),
     (86_399, "23h"), (86_400, "1d"), (864_000, "10d")],
)  # fmt: skip
def test_an_age_is_in_its_largest_unit(seconds: int, told: str, now: int) -> None:
    assert age(now - seconds * 1000 - 200) == told


def test_a_record_of_another_version_has_empty_cells_instead_of_ending_the_table() -> None:
    needed = {"id", "name", "context", "node", "status", "reason", "sockets"}
    bare = {name: RECORD[name] for name in needed} | {"sockets": [{}]}
    assert lines(bare)[1].split() == ["●", "healthy", "default", "api", "n1", "None:None"]
    odd = {**RECORD, "changed_at": "soon", "methods_count": [1], "title": None}
    assert len(lines(odd)) == 2


def test_texts_of_services_are_shown_literally() -> None:
    evil = "[bold red]x[/] \x1b[2J\x07\r\n\u202e"
    told = lines({**RECORD, "name": evil, "reason": evil, "context": evil, "status": evil})
    assert len(told) == 2
    assert all(line.isprintable() for line in told)
    assert told[1].count("[bold red]x[/]") == 4


def test_a_watch_says_while_its_table_may_be_old(monkeypatch: pytest.MonkeyPatch) -> None:
    view = View(Selection(names=frozenset({"api"})))

    def shown() -> list[str]:
        out = io.StringIO()
        Console(file=out, width=200).print(view.render())
        return out.getvalue().splitlines()

    assert shown() == []
    state = {"services": [RECORD, {**RECORD, "name": "other"}], "stale": [], "nodes": []}
    view.update(state)
    assert [line.split()[0] for line in shown()] == ["status", "●"]
    with monkeypatch.context() as clock:
        soon = time.time() + 20
        clock.setattr(time, "time", lambda: soon)
        assert shown()[0].startswith("nothing received from the router since ")
    view.lose("the router is\x1b[2J away")
    first = shown()[0]
    later = time.time() + 60
    monkeypatch.setattr(time, "time", lambda: later)
    view.lose("it is still away")
    second = shown()[0]
    assert first.startswith("not current since ")
    assert first.endswith("connecting again: the router is\ufffd[2J away")
    assert second.split(",")[0] == first.split(",")[0], "since the first loss"
    view.update({**state, "stale": [{"reason": "redis", "node": None, "detail": "Redis is away"}]})
    assert shown()[0] == "stale: Redis is away"
