"""Which services `list` shows, and in which order."""

import json
from collections.abc import Sequence
from typing import Any

import pytest
from click.testing import CliRunner

from hero_router.cli import main
from hero_router.cli.selection import Selection
from tests.support.records import record


def service(name: str, **fields: Any) -> dict[str, Any]:
    value: dict[str, Any] = json.loads(json.dumps(record(name).to_json()))
    return {**value, **fields}


STATE = {
    "cursor": "7-3",
    "services": [
        service("a", context="one", node="n2", status="healthy", changed_at=3),
        service("b", context="two", node="n1", status="unhealthy", changed_at=1),
        service("a", id="4711", context="two", node="n1", status="of_next_year", changed_at=2),
    ],
}


def picked(selection: Selection) -> list[str]:
    return [f"{item['context']}/{item['name']}" for item in selection.of(STATE)["services"]]


@pytest.mark.parametrize(
    ("selection", "found"),
    [
        (Selection(), ["one/a", "two/a", "two/b"]),
        (Selection(names=frozenset({"a"})), ["one/a", "two/a"]),
        (Selection(names=frozenset({"4711", "b"})), ["two/a", "two/b"]),
        (Selection(statuses=frozenset({"healthy", "unhealthy"})), ["one/a", "two/b"]),
        (Selection(contexts=frozenset({"two"}), names=frozenset({"a"})), ["two/a"]),
        (Selection(nodes=frozenset({"n2"})), ["one/a"]),
        (Selection(order="name"), ["one/a", "two/a", "two/b"]),
        (Selection(order="node"), ["two/b", "two/a", "one/a"]),
        (Selection(order="status"), ["two/b", "one/a", "two/a"]),
        (Selection(order="since"), ["one/a", "two/a", "two/b"]),
    ],
)
def test_only_what_is_wanted_in_the_wanted_order(
    selection: Selection, found: Sequence[str]
) -> None:
    assert picked(selection) == found
    assert selection.of(STATE)["cursor"] == "7-3", "all else stays"


def test_a_name_that_no_service_has_is_missing() -> None:
    assert Selection(names=frozenset({"a", "4711", "y", "x"})).missing(STATE) == ["x", "y"]


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        (("--status", "healthy,odd"), "'odd' is not one of healthy, degraded,"),
        (("--sort", "odd"), "'odd' is not one of"),
        (("--watch", "--fail"), "--fail checks once"),
    ],
)
def test_a_wrong_command_line_is_refused(arguments: Sequence[str], text: str) -> None:
    answer = CliRunner().invoke(main, ["list", *arguments, "--url", "http://127.0.0.1:1"])
    assert (answer.exit_code, text in answer.stderr) == (2, True)
