"""The model: its arithmetic, the costs that docs/scaling.md states, and that its check can fail."""

import re
from collections.abc import Callable
from dataclasses import replace
from math import inf
from pathlib import Path

import pytest

from benchmarks.load.workload_definitions import SCENARIOS, EventWorkload
from benchmarks.results import cost_model
from benchmarks.results.cost_model import Check, Costs, arrivals, checks, share
from benchmarks.results.runs import Kept, Run
from benchmarks.results.runs import kept as kept_runs

PAGE = (Path(__file__).parents[2] / "docs" / "scaling.md").read_text("utf-8")
COSTS = Costs(
    base=0.0, write=10e-6, event=1e-6, reply=1e-3, keepalive=1e-5, connect=200e-6, client_kb=2.0
)


def test_a_lone_event_costs_its_reply_and_a_write_to_each() -> None:
    told = cost_model.simulate(COSTS, 100, [(0.0, 1), (10.0, 1)])
    assert told.cpu == pytest.approx(2 * (1e-3 + 100 * 11e-6))
    assert told.writes == 200
    assert told.p99_ms == pytest.approx(2.0, abs=0.2)


def test_events_that_come_while_the_pace_rests_are_written_together() -> None:
    """The first goes out at once; the others wait for as long as the pace says, and share it."""
    close = [(0.0, 1), (0.004, 1), (0.005, 1), (0.006, 1)]
    told = cost_model.simulate(COSTS, 100, close)
    assert told.writes == 200
    assert told.cpu == pytest.approx(4e-3 + 100 * (2 * 10e-6 + 4 * 1e-6))
    # Written for 1.1 ms from 1 ms on, then rested for seven times that: next at 9.8 ms.
    assert told.p99_ms == pytest.approx(9.8 - 4 + 1.2, abs=0.3)


def test_no_event_waits_longer_than_the_flush_and_the_writes_around_it() -> None:
    steady = [(number / 100, 1) for number in range(500)]
    told = cost_model.simulate(replace(COSTS, event=0.0), 5_000, steady, longest=0.05)
    assert 100 < told.p99_ms < 50 + 50 + 50 + 15, "5,000 writes of 10 µs, a rest, 5,000 writes"


def test_more_clients_never_cost_less() -> None:
    for rate in (0, 1, 100):
        shares = [share(COSTS, clients, rate) for clients in (10, 100, 1_000, 10_000)]
        assert shares == sorted(shares)


def test_a_burst_is_a_few_writes() -> None:
    burst = next(item for item in SCENARIOS if item.name == "burst")
    replies = arrivals(burst)
    assert sum(number for _, number in replies) == burst.events
    assert cost_model.simulate(COSTS, 100, replies).writes <= 100 * len(replies)


def test_replies_come_as_the_scenario_publishes() -> None:
    assert arrivals(EventWorkload("x", "x", events=5, batch=2, rate=4)) == [
        *((0.0, 2), (0.25, 2), (0.5, 1)),
    ]


def test_the_costs_are_those_that_the_page_states() -> None:
    costs = Costs.stated()
    page = PAGE.replace("×", "*")  # noqa: RUF001 - the sign of the page
    work = f"W * {costs.write * 1e6:g} µs + C * E * {costs.event * 1e6:g} µs"
    rest = f"R * {costs.reply * 1e6:g} µs + C / 15 s * {costs.keepalive * 1e6:g} µs"
    for text in (
        f"CPU = {costs.base * 100:g} % + {work} + {rest}",
        f"| a connect, with its hello | {costs.connect * 1e6:g} µs",
        f"| an idle client | {costs.client_kb:g} KB",
    ):
        assert text in page


def test_the_table_of_the_page_is_what_its_costs_give() -> None:
    costs = Costs.stated()
    rows = re.findall(r"\| [^|]+ \| ([\d,]+) \| ([\d,]+) \| ([\d.]+) % \|", PAGE)
    assert len(rows) >= 4
    for clients, rate, percent in rows:
        given = share(costs, int(clients.replace(",", "")), float(rate.replace(",", ""))) * 100
        assert given == pytest.approx(float(percent), rel=0.1)


def kept(cpu: float, p99: float, waited: float = 0.0) -> Callable[[str], Kept]:
    """A steady run in which so much was measured."""
    values = {"cpu_us": cpu, "p50_ms": p99, "p99_ms": p99, "server_waited": waited}
    runs = [Run("steady", "hero_router", 1_000, values)]
    return lambda file: Kept({}, runs if file == "streaming" else [], [])


def steady() -> tuple[float, float]:
    """What is predicted of it."""
    told = list(checks(COSTS, kept(1.0, 1.0)))
    return told[0].predicted, told[2].predicted


def test_a_measured_number_near_the_predicted_one_holds() -> None:
    cpu, p99 = steady()
    told = list(checks(COSTS, kept(cpu * 1.2, p99)))
    assert [one.holds for one in (told[0], told[2])] == [True, True]
    assert told[0].deviation == pytest.approx(1 / 1.2 - 1)


@pytest.mark.parametrize("factor", [0.7, 1.5])
def test_cpu_that_is_off_by_more_than_a_third_does_not_hold(factor: float) -> None:
    cpu, p99 = steady()
    first, *_ = checks(COSTS, kept(cpu * factor, p99))
    assert not first.holds
    assert "does not hold" in first.verdict


def test_nothing_of_a_stream_is_judged_where_the_server_was_kept_off_its_core() -> None:
    """It joins what it could not send in time, so it makes fewer writes than it would have."""
    cpu, p99 = steady()
    busy = list(checks(COSTS, kept(cpu / 3, p99 * 50, waited=0.5)))
    quiet = list(checks(COSTS, kept(cpu / 3, p99 * 50)))
    assert {one.verdict for one in busy} == {"not judged: the server was kept off its core"}
    assert {one.verdict for one in quiet} == {"**does not hold**"}


def test_the_run_in_which_the_server_had_its_core_is_the_one_that_counts() -> None:
    runs = [
        Run(
            "steady",
            "hero_router",
            1_000,
            {"cpu_us": cpu, "p50_ms": 1.0, "p99_ms": 1.0} | {"server_waited": waited},
        )
        for cpu, waited in ((9.0, 0.4), (2.0, 0.05), (8.0, 0.3))
    ]
    first, *_ = checks(COSTS, lambda file: Kept({}, runs if file == "streaming" else [], []))
    assert first.measured == 2.0


def test_what_matters_to_nobody_is_no_deviation() -> None:
    assert Check("x", 1.0, 3.0, 1.35, slack=2.0).holds
    assert not Check("x", 1.0, 3.1, 1.35, slack=2.0).holds


def test_a_worker_costs_something_even_if_nothing_happens() -> None:
    dearer = replace(COSTS, base=0.01)
    for rate in (0, 100):
        assert share(dearer, 100, rate) - share(COSTS, 100, rate) == pytest.approx(0.01)


def test_a_check_against_nothing_is_no_success() -> None:
    assert not Check("x", 1.0, 0.0, 1.35).holds
    assert list(checks(COSTS, lambda _: Kept({}, [], []))) == []


def test_a_growing_crowd_is_checked_at_each_size_and_number_of_workers() -> None:
    sizes = (("1 worker", 100), ("1 worker", 10_000), ("4 workers", 4_000))
    values = {"cpu_us": 11.0, "p50_ms": 1.0, "p99_ms": 2.0}
    runs = [Run("growth", target, clients, values) for target, clients in sizes]
    told = list(checks(COSTS, lambda file: Kept({}, runs if file == "growth" else [], [])))
    cpu = {one.what: one.predicted for one in told if "CPU" in one.what}
    assert cpu == {
        "growth, 100 clients: CPU per delivery, µs": pytest.approx(11 + 1e3 / 100),
        "growth, 10,000 clients: CPU per delivery, µs": pytest.approx(11 + 1e3 / 10_000),
        "growth, 4,000 clients of 4 workers: CPU per delivery, µs": pytest.approx(12),
    }


def test_memory_and_the_costs_of_a_crowd_are_checked() -> None:
    values = {"kb_per_client": 2.0, "connect_cpu_us": 200.0, "ping_cpu_us": 10.0}
    idle = [Run("idle", "hero_router", 10_000, values)]
    told = list(checks(COSTS, lambda file: Kept({}, idle if file == "idle" else [], [])))
    assert [one.holds for one in told] == [True, True, True]
    fat = list(checks(replace(COSTS, client_kb=3.0), lambda _: Kept({}, idle, [])))
    assert not fat[0].holds


def test_a_number_that_does_not_hold_is_a_problem() -> None:
    good, bad = Check("x", 1.1, 1.0, 1.35), Check("x", 3.0, 1.0, 1.35)
    assert cost_model.summary([good]) == ""
    assert cost_model.summary([good, bad]) == "1 of 2 numbers deviate by more than is allowed"
    *_, row = cost_model.table([bad])
    assert row == "| x | 3 | 1 | +200% | factor 1.35 | **does not hold** |"


@pytest.mark.parametrize("nothing", [[], [Check("x", 3.0, 1.0, inf)]])
def test_nothing_to_compare_is_a_problem(nothing: list[Check]) -> None:
    assert cost_model.summary(nothing).startswith("0 of 0")


def test_the_model_holds_for_the_kept_runs() -> None:
    assert cost_model.summary(checks(Costs.stated(), kept_runs)) == ""
