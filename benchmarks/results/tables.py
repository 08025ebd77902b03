"""Markdown tables: of any rows, and of runs with a row for each server and number of clients."""

from collections.abc import Iterable, Iterator, Sequence

from benchmarks.results.runs import Failure, Run, Spread, by_target

NOTHING = "-"
SPELLED = {"cpu": "CPU", "us": "µs", "kb": "KB", "mb": "MB"}
ALIGNED = {"l": "---", "r": "---:"}


def markdown(align: str, titles: Sequence[str], rows: Iterable[Sequence[str]]) -> Iterator[str]:
    """The lines of a table; `align` has an l or r for each column."""
    yield _row(titles)
    yield "|" + "".join(f"{ALIGNED[side]}|" for side in align)
    yield from map(_row, rows)


def _row(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |".replace("|  |", "| |")


def table(
    runs: Sequence[Run], names: Sequence[str], failures: Sequence[Failure] = ()
) -> Iterator[str]:
    """The lines of a table with these numbers of each run, and failures below."""
    if runs:
        titles = ("server", "clients", *map(title, names), "runs")
        yield from markdown("l" + "r" * (len(titles) - 1), titles, _rows(runs, names))
    if failures:
        yield ""
    for failure in failures:
        yield f"- **Not measured**: {failure.target}, run {failure.round}: {failure.reason}."
    if not runs and not failures:
        yield "Not run yet."


def title(name: str) -> str:
    """The title of a number's column."""
    return " ".join(SPELLED.get(word, word) for word in name.split("_"))


def _rows(runs: Sequence[Run], names: Sequence[str]) -> Iterator[Sequence[str]]:
    for target, clients, values in by_target(runs):
        cells = (cell(values.get(name)) for name in names)
        yield target, f"{clients:,}", *cells, str(max(one.runs for one in values.values()))


def cell(spread: Spread | None) -> str:
    """A number over several runs."""
    if spread is None:
        return NOTHING
    if spread.least == spread.most:
        return short(spread.median)
    return f"{short(spread.median)} ({short(spread.least)} to {short(spread.most)})"


def short(value: float) -> str:
    """A number with three digits, or without a fraction from a hundred on."""
    return f"{value:,.0f}" if abs(value) >= 100 or value == int(value) else f"{value:.3g}"
