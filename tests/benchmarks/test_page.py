"""The page of results: tables and aims of the kept runs, and a plain word where nothing ran."""

from collections.abc import Callable, Sequence
from operator import sub, truediv
from pathlib import Path

import pytest

from benchmarks.results import aims
from benchmarks.results.performance_md import PAGE, write
from benchmarks.results.runs import Failure, Kept, Run, Spread, by_target, keep, kept
from benchmarks.results.tables import cell, markdown, short, table, title

HARM = ("lost", "doubled", "resyncs", "fetches_failed", "ready_refused")


def burst(target: str, cpu: float, number: int = 1, **more: float) -> Run:
    values = {"cpu_us": cpu, **dict.fromkeys(aims.FAULTS, 0.0), **more}
    return Run("burst", target, 1000, values, number)


@pytest.mark.parametrize(
    ("value", "text"),
    [(0, "0"), (0.1234, "0.123"), (7.0, "7"), (99.95, "100"), (1234.5, "1,234"), (-250, "-250")],
)
def test_a_number_has_three_significant_digits(value: float, text: str) -> None:
    assert short(value) == text


def test_a_number_over_several_runs_has_its_spread() -> None:
    assert cell(Spread.of([3.0, 1.0, 2.0])) == "2 (1 to 3)"
    assert cell(Spread.of([2.0, 2.0])) == "2"
    assert cell(None) == "-"


def test_a_title_spells_units_as_usual() -> None:
    assert title("connect_cpu_us") == "connect CPU µs"
    assert title("kb_per_client") == "KB per client"


def test_a_table_aligns_its_columns() -> None:
    assert list(markdown("lr", ("a", ""), [("x", "1")])) == ["| a | |", "|---|---:|", "| x | 1 |"]


def test_a_table_has_a_row_for_each_server_in_the_order_of_running() -> None:
    runs = [burst("b", 2.0), burst("a", 1.0), burst("b", 4.0, 2)]
    assert list(table(runs, ["cpu_us", "other"])) == [
        "| server | clients | CPU µs | other | runs |",
        "|---|---:|---:|---:|---:|",
        "| b | 1,000 | 3 (2 to 4) | - | 2 |",
        "| a | 1,000 | 1 | - | 1 |",
    ]


def test_a_failure_stands_below_the_table() -> None:
    told = list(table([burst("a", 1.0)], ["cpu_us"], [Failure("burst", "b", 1, "absent")]))
    assert told[-1] == "- **Not measured**: b, run 1: absent."
    assert list(table([], ["cpu_us"])) == ["Not run yet."]


def test_the_spread_of_a_number_is_of_the_runs_that_have_it() -> None:
    runs = [burst("a", 1.0), burst("a", 1.0, 2, extra=5.0)]
    ((_, _, values),) = by_target(runs)
    assert values["extra"] == Spread(5.0, 5.0, 5.0, 1)


def test_a_comparison_with_a_floor_is_of_runs_of_the_same_round() -> None:
    """The machine's speed changes from round to round; a failed run of the floor has no part."""
    ours = [burst("hero_router", 2.0, 1), burst("hero_router", 9.0, 2)]
    floor = [burst("floor-joined", 3.0, 2)]
    ratio = aims.beside("floor-joined", "burst", "cpu_us", truediv)
    assert ratio([*ours, *floor]) == 3.0
    assert ratio(ours) is None
    assert aims.beside("floor-joined", "burst", "cpu_us", sub)([*ours, *floor]) == 6.0


@pytest.mark.parametrize(("cpu", "verdict"), [(1.3, "met"), (1.31, "**missed**")])
def test_an_aim_is_met_up_to_its_bound(cpu: float, verdict: str) -> None:
    runs = [burst("hero_router", cpu), burst("floor-joined", 1.0)]
    assert aims.AIMS["streaming"][0].row(runs)[-1] == verdict


@pytest.mark.parametrize(("rate", "verdict"), [(3000, "met"), (2999, "**missed**")])
def test_an_aim_from_below_is_met_from_its_bound_on(rate: float, verdict: str) -> None:
    runs = [Run("idle", aims.OURS, 10_000, {"connects_per_second": rate})]
    assert aims.AIMS["idle"][1].row(runs)[1:] == ("at least 3,000", f"{rate:,}", verdict)


@pytest.mark.parametrize("fault", aims.FAULTS)
def test_one_fault_of_the_product_misses_an_aim(fault: str) -> None:
    aim = aims.AIMS["streaming"][-1]
    floor = burst("floor-each", 1.0, 1, **{fault: 1.0})
    assert aim.row([burst("hero_router", 1.0), floor])[-1] == "met"
    assert aim.row([burst("hero_router", 1.0, 1, **{fault: 1.0})])[-1] == "**missed**"


def test_a_fault_that_was_not_counted_is_not_taken_for_none() -> None:
    new, old = burst("a", 1.0, 1, refused=1.0), burst("a", 1.0)
    assert aims.faults("lost", "refused")([new, new]) == 2.0
    assert aims.faults("lost", "refused")([new, old]) is None
    assert aims.faults("lost")([]) is None


def test_stalled_clients_are_compared_with_the_runs_without() -> None:
    runs = [
        Run(name, aims.OURS, 1_000, {"p99_ms": value})
        for name, value in (("stalled", 30.0), ("unstalled", 20.0), ("unstalled", 20.0))
    ]
    assert aims.stalled("p99_ms", truediv)(runs) == 1.5
    assert aims.stalled("p99_ms", sub)(runs) == 10.0
    assert aims.stalled("p99_ms", sub)(runs[:1]) is None


def test_an_aim_without_runs_is_not_measured() -> None:
    rows = list(aims.rows(reading()))
    assert len(rows) > 15
    assert {row[-1] for row in rows} == {"not measured"}


@pytest.mark.parametrize("file", ["storm", "trim", "rolling"])
def test_a_fault_in_one_of_many_runs_misses_an_aim(file: str) -> None:
    """A median would hide it."""
    good = dict.fromkeys(HARM, 0.0)
    runs = [Run("storm", aims.OURS, 5_000, good) for _ in range(3)]
    aim = aims.AIMS[file][0]
    assert aim.row(runs)[-1] == "met"
    runs[1] = Run("storm", aims.OURS, 5_000, {**good, "lost": 1.0})
    assert aim.row(runs)[-1] == "**missed**"


def test_commands_that_grow_with_the_clients_miss_an_aim() -> None:
    def stormed(clients: int, commands: float) -> Run:
        return Run("storm", aims.OURS, clients, {"redis_commands_a_second": commands})

    aim = aims.AIMS["storm"][-1]
    assert aim.row([stormed(500, 400.0), stormed(5_000, 410.0)])[-1] == "met"
    assert aim.row([stormed(500, 400.0), stormed(5_000, 4_000.0)])[-1] == "**missed**"
    assert aim.row([stormed(5_000, 4_000.0)])[-1] == "not measured"


def reading(**files: Kept) -> Callable[[str], Kept]:
    return lambda file: files.get(file, Kept({}, [], []))


def test_the_page_shows_runs_and_failures_and_is_the_same_twice(tmp_path: Path) -> None:
    runs: Sequence[Run] = [burst("hero_router", 1.0), burst("nchan", 9.0)]
    failures = [Failure("burst", "aiohttp-sse", 1, "process 7 ended")]
    read = reading(streaming=Kept({"cores": 2}, [*runs], failures))
    first = write(tmp_path / "page.md", read).read_text("utf-8")
    assert "Ran on: cores 2." in first
    assert first.count("| nchan | 1,000 | 9 |") == 1
    assert first.count("aiohttp-sse, run 1: process 7 ended") == 1
    assert write(tmp_path / "page.md", read).read_text("utf-8") == first


def test_the_page_can_be_written_when_nothing_ran(tmp_path: Path) -> None:
    page = write(tmp_path / "page.md", reading()).read_text("utf-8")
    assert page.count("Not run yet.") > 5
    assert "{" not in page


def test_the_page_in_docs_is_what_the_kept_runs_give(tmp_path: Path) -> None:
    assert write(tmp_path / "page.md").read_text("utf-8") == PAGE.read_text("utf-8")


def test_kept_runs_are_read_again(tmp_path: Path) -> None:
    runs, failures = [burst("a", 1.0, 2)], [Failure("burst", "b", 1, "absent")]
    keep("streaming", runs, failures, folder=tmp_path)
    again = kept("streaming", tmp_path)
    assert (again.runs, again.failures) == (runs, failures)
    assert again.machine["aiohttp"]
    assert kept("never", tmp_path) == Kept({}, [], [])


def test_what_was_interrupted_replaces_no_kept_runs(tmp_path: Path) -> None:
    whole, part = [burst("a", 1.0, 2), burst("b", 2.0, 2)], [burst("a", 3.0, 2)]
    keep("streaming", whole, folder=tmp_path)
    unfinished = keep("streaming", part, done=False, folder=tmp_path)
    assert kept("streaming", tmp_path).runs == whole
    assert keep("streaming", part, folder=tmp_path) != unfinished
    assert kept("streaming", tmp_path).runs == part
    assert not unfinished.exists()
