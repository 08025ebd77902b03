"""Tables of Markdown from figures: a row for each target and number of clients. Pure."""

from collections.abc import Iterator, Mapping, Sequence

from benchmarks.figures import Failure, Figures, Middle, by_target

NOTHING = "-"


def table(
    runs: Sequence[Figures], columns: Mapping[str, str], failures: Sequence[Failure] = ()
) -> Iterator[str]:
    """The lines of a table; `columns` are the titles of values by name."""
    if runs:
        yield "| server | clients | " + " | ".join(columns.values()) + " | runs |"
        yield "|---|" + "---:|" * (len(columns) + 2)
    for target, clients, values in by_target(runs):
        cells = " | ".join(cell(values.get(name)) for name in columns)
        yield f"| {target} | {clients:,} | {cells} | {max(one.runs for one in values.values())} |"
    if failures:
        yield ""
    for failure in failures:
        what = f"{failure.target}, run {failure.round}"
        yield f"- **Not measured**: {what}: {failure.reason}."
    if not runs and not failures:
        yield "Not run yet."


def cell(middle: Middle | None) -> str:
    """A number over several runs."""
    if middle is None:
        return NOTHING
    if middle.least == middle.most:
        return short(middle.value)
    return f"{short(middle.value)} ({short(middle.least)} to {short(middle.most)})"


def short(value: float) -> str:
    """A number with three digits, or without a fraction from a hundred on."""
    return f"{value:,.0f}" if abs(value) >= 100 or value == int(value) else f"{value:.3g}"
