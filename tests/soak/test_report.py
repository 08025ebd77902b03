"""What a soak says when something is wrong: enough to find it, and to see it again."""

from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest

from hero_router.position import Position
from tests.soak.log import OPENED, Entry, Log
from tests.soak.report import findings, keep, summary
from tests.soak.soak import Outcome, judge
from tests.soak.truth import Event, Truth

SEED = 4711
EVENTS = [Event(Position(1, seq), "scan", '{"node":"n"}', seq) for seq in range(1, 6)]


@pytest.fixture
def outcome() -> Outcome:
    """Of two clients, of which one was not sent the third event and nobody said so."""
    truth = Truth(EVENTS, {}, 4)
    logs = [told("c1", 1, 2, 3, 4, 5), told("c2", 1, 2, 4, 5)]
    done = Counter({"burst": 2})
    return Outcome(SEED, logs, truth, done, [], 8, judge(logs, truth), [], {}, [0, 1, 3, 6])


def told(name: str, *numbers: int) -> Log:
    log = Log(name)
    hello = Entry("hello", Position(1, 0), '{"run_id":"x"}')
    snapshot = Entry("*snapshot", None, '{"cursor":"1-0","run_id":"x","stale":[],"state":{}}')
    sent = [Entry("scan", EVENTS[number - 1].place, EVENTS[number - 1].sent) for number in numbers]
    for second, entry in enumerate([Entry(OPENED), hello, snapshot, *sent]):
        log.add(entry, float(second))
    return log


def test_a_finding_names_seed_client_validator_and_lines(outcome: Outcome) -> None:
    assert not outcome.ok
    head, *lines = findings(outcome).splitlines()
    assert head == "seed 4711, client c2, reliable: a silent jump from 1-2 to 1-4"
    (marked,) = [line for line in lines if line.startswith(">")]
    assert "scan 1-4" in marked
    assert "scan 1-2" in lines[lines.index(marked) - 1]


def test_troubles_of_the_deployment_are_told_too(outcome: Outcome) -> None:
    off = replace(outcome, findings=(), troubles=["web-1: the books of a worker are off by 3"])
    assert not off.ok
    assert findings(off).endswith("off by 3")


def test_the_summary_has_all_figures(outcome: Outcome) -> None:
    lines = dict(line.split(":", 1) for line in summary(outcome).splitlines())
    assert lines["seed"].strip() == "4711"
    assert lines["events published"].strip() == "5"
    assert lines["deliveries"].strip() == "9"
    assert lines["what went wrong"].strip() == "2 (2 burst)"
    assert lines["losses"].strip() == "1 (1 reliable)"
    assert lines["longest silence"].strip() == "2.0 s (c2)"


def test_logs_are_kept_on_demand(outcome: Outcome, tmp_path: Path) -> None:
    (tmp_path / "web-1.log").write_text("said\n")
    keep(outcome, tmp_path, tmp_path / "kept")
    assert "scan 1-4" in (tmp_path / "kept" / "c2.log").read_text()
    assert "1-3 scan" in (tmp_path / "kept" / "history.log").read_text()
    assert (tmp_path / "kept" / "process-web-1.log").read_text() == "said\n"
