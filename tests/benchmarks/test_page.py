"""The page of results: tables, aims and plots, from whatever is kept, and told where nothing is."""

import xml.etree.ElementTree as ET
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pytest

from benchmarks import aims, document, figures
from benchmarks.document import write
from benchmarks.figures import Failure, Figures, Kept, Middle, by_target
from benchmarks.plot import Bar, bars, lines
from benchmarks.sections import Chart, Section
from benchmarks.tables import cell, short, table

SVG = "{http://www.w3.org/2000/svg}"
AIMED = (aims.storm, aims.trim, aims.rolling)
HARM = ("lost", "doubled", "resyncs", "fetches_failed", "ready_refused")


def burst(target: str, cpu: float, number: int = 1, **more: float) -> Figures:
    values = {"cpu_us": cpu, "delivered": 90.0, "lost": 0.0, "undelivered": 0.0, **more}
    return Figures("burst", target, 1000, values, number)


@pytest.mark.parametrize(
    ("value", "text"),
    [(0, "0"), (0.1234, "0.123"), (7.0, "7"), (99.95, "100"), (1234.5, "1,234"), (-250, "-250")],
)
def test_a_number_has_three_digits_that_matter(value: float, text: str) -> None:
    assert short(value) == text


def test_a_number_over_several_runs_is_told_with_its_spread() -> None:
    assert cell(Middle.of([3.0, 1.0, 2.0])) == "2 (1 to 3)"
    assert cell(Middle.of([2.0, 2.0])) == "2"
    assert cell(None) == "-"


def test_a_table_has_a_row_for_each_server_in_the_order_of_running() -> None:
    runs = [burst("b", 2.0), burst("a", 1.0), burst("b", 4.0, 2)]
    assert list(table(runs, {"cpu_us": "CPU", "other": "other"})) == [
        "| server | clients | CPU | other | runs |",
        "|---|---:|---:|---:|---:|",
        "| b | 1,000 | 3 (2 to 4) | - | 2 |",
        "| a | 1,000 | 1 | - | 1 |",
    ]


def test_a_server_without_figures_is_told_below_the_table() -> None:
    told = list(table([burst("a", 1.0)], {"cpu_us": "CPU"}, [Failure("burst", "b", 1, "absent")]))
    assert told[-1] == "- **Not measured**: b, run 1: absent."
    assert list(table([], {"cpu_us": "CPU"})) == ["Not run yet."]


def test_a_value_that_only_some_runs_have_is_of_those() -> None:
    runs = [burst("a", 1.0), burst("a", 1.0, 2, extra=5.0)]
    ((_, _, values),) = by_target(runs)
    assert values["extra"] == Middle(5.0, 5.0, 5.0, 1)


def test_a_ratio_or_difference_is_of_runs_of_the_same_round() -> None:
    """The machine's mood changes from round to round; a floor that failed in one is not asked."""
    ours = [burst("hero_router", 2.0, 1), burst("hero_router", 9.0, 2)]
    floor = [burst("floor-joined", 3.0, 2)]
    assert aims.ratio([*ours, *floor], "burst", "floor-joined") == 3.0
    assert aims.ratio(ours, "burst", "floor-joined") is None
    assert aims.above([*ours, *floor], "burst", "cpu_us", "floor-joined") == 6.0


@pytest.mark.parametrize(("cpu", "met"), [(1.3, True), (1.31, False)])
def test_an_aim_is_met_up_to_its_bound(cpu: float, met: bool) -> None:
    runs = [burst("hero_router", cpu), burst("floor-joined", 1.0)]
    first = next(aims.streaming(runs))
    assert first.met is met
    assert list(aims.lines([first]))[-1].endswith("| met |" if met else "| **missed** |")


@pytest.mark.parametrize("fault", aims.FAULTS)
def test_one_fault_of_the_product_misses_an_aim(fault: str) -> None:
    *_, last = aims.streaming([burst("hero_router", 1.0, 1, **{fault: 1.0})])
    assert not last.met


def test_faults_that_older_runs_did_not_count_are_not_taken_for_none() -> None:
    new, old = burst("a", 1.0, 1, refused=1.0), burst("a", 1.0)
    assert aims.summed([new, new], "lost", "refused") == 2.0
    assert aims.summed([new, old], "lost", "refused") is None
    assert aims.summed([], "lost") is None


def test_an_aim_that_was_not_measured_is_neither_met_nor_hidden() -> None:
    for part in (*AIMED, aims.streaming, aims.idle, aims.stalled):
        told = list(part([]))
        assert told
        assert {one.verdict for one in told} == {"not measured"}


@pytest.mark.parametrize("part", AIMED)
def test_a_fault_in_one_of_many_runs_misses_an_aim(
    part: Callable[[Sequence[Figures]], Iterator[aims.Aim]],
) -> None:
    """A median would hide it."""
    good = dict.fromkeys((*HARM, "snapshots", "silence_most_s", "redis_commands_a_second"), 0.0)
    runs = [Figures("storm", aims.OURS, 5_000, good) for _ in range(3)]
    assert next(part(runs)).met
    runs[1] = Figures("storm", aims.OURS, 5_000, {**good, "lost": 1.0})
    assert not next(part(runs)).met


def test_commands_that_grow_with_the_clients_miss_an_aim() -> None:
    def stormed(clients: int, commands: float) -> Figures:
        values = {**dict.fromkeys(HARM, 0.0), "redis_commands_a_second": commands}
        return Figures("storm", aims.OURS, clients, values)

    *_, flat = aims.storm([stormed(500, 400.0), stormed(5_000, 410.0)])
    *_, grown = aims.storm([stormed(500, 400.0), stormed(5_000, 4_000.0)])
    assert (flat.met, grown.met) == (True, False)


def test_bars_are_as_long_as_their_values() -> None:
    drawn = ET.fromstring(bars("a < b", [Bar("one", 5.0), Bar("two", 10.0, "(3% lost)")]))
    _, one, two = drawn.iter(f"{SVG}rect")
    assert float(two.attrib["width"]) == pytest.approx(2 * float(one.attrib["width"]), rel=0.01)
    told = [text.text for text in drawn.iter(f"{SVG}text")]
    assert told == ["a < b", "one", "5", "two", "10 (3% lost)"]


def test_lines_rise_with_their_values_and_go_right_with_their_sizes() -> None:
    drawn = ET.fromstring(lines("t", "clients", {"ours": [(100, 1.0), (1000, 2.0), (10_000, 4.0)]}))
    (line,) = drawn.iter(f"{SVG}polyline")
    points = [tuple(map(float, pair.split(","))) for pair in line.attrib["points"].split()]
    (x1, y1), (x2, y2), (x3, y3) = points
    assert x2 - x1 == pytest.approx(x3 - x2, abs=0.2)
    assert y1 > y2 > y3
    assert y1 - y2 == pytest.approx((y2 - y3) / 2, abs=0.2)


@pytest.mark.parametrize("drawn", [bars("t", []), lines("t", "x", {}), lines("t", "x", {"a": []})])
def test_a_chart_of_nothing_is_still_a_chart(drawn: str) -> None:
    assert ET.fromstring(drawn).tag == f"{SVG}svg"


def reading(**files: Kept) -> Callable[[str], Kept]:
    return lambda file: files.get(file, Kept({}, [], []))


def test_the_page_is_written_with_its_plots_and_the_same_twice(tmp_path: Path) -> None:
    runs = [burst("hero_router", 1.0), burst("nchan", 9.0, undelivered=10.0)]
    failures = [Failure("burst", "aiohttp-sse", 1, "process 7 ended")]
    read = reading(streaming=Kept({"cores": 2}, runs, failures))
    first = {path: path.read_text("utf-8") for path in write(tmp_path, read)}
    page = first[tmp_path / "performance.md"]
    assert "| nchan | 1,000 | 9 |" in page
    assert page.count("aiohttp-sse, run 1: process 7 ended") == 1
    assert "(plots/burst-cpu.svg)" in page
    assert "9 (10% undelivered)" in first[tmp_path / "plots" / "burst-cpu.svg"]
    assert {path: path.read_text("utf-8") for path in write(tmp_path, read)} == first


def test_what_was_measured_at_several_sizes_can_be_drawn_as_lines(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    chart = Chart("growth", "t", "cpu_us", across="clients")
    section = Section("growth", "growth", "", {"cpu_us": "CPU"}, charts=(chart,))
    monkeypatch.setattr(document, "SECTIONS", [section])
    sizes = {1000: 2.0, 100: 1.0}
    runs = [Figures("growth", "hero_router", size, {"cpu_us": it}) for size, it in sizes.items()]
    _, plot = write(tmp_path, reading(growth=Kept({}, runs, [])))
    (line,) = ET.parse(plot).iter(f"{SVG}polyline")
    first, last = (float(pair.split(",")[1]) for pair in line.attrib["points"].split())
    assert first > last, "100 clients come first, and 1,000 are higher"


def test_the_page_can_be_written_when_nothing_ran(tmp_path: Path) -> None:
    (tmp_path / "plots").mkdir()
    (tmp_path / "plots" / "old.svg").touch()
    (page,) = write(tmp_path, reading())
    assert list((tmp_path / "plots").iterdir()) == []
    assert page.read_text("utf-8").count("Not run yet.") > 5


def test_what_is_kept_is_read_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(figures, "KEPT", tmp_path)
    runs, failures = [burst("a", 1.0, 2)], [Failure("burst", "b", 1, "absent")]
    figures.keep("streaming", runs, failures)
    again = figures.kept("streaming", tmp_path)
    assert (again.runs, again.failures) == (runs, failures)
    assert again.machine["aiohttp"]
    assert figures.kept("never", tmp_path) == Kept({}, [], [])


def test_every_plot_on_the_page_is_there() -> None:
    docs = Path(__file__).parents[2] / "docs"
    told = {line.partition("(")[2].rstrip(")") for line in _plots(docs / "performance.md")}
    assert told == {f"plots/{path.name}" for path in (docs / "plots").iterdir()}


def _plots(page: Path) -> list[str]:
    return [line for line in page.read_text("utf-8").splitlines() if line.startswith("![")]
