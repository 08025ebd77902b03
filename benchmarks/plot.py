"""Plain charts as SVG: bars, and lines over a logarithmic axis. Same figures, same bytes."""

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from xml.sax.saxutils import escape

from benchmarks.tables import short

WIDTH, LABELS, VALUES = 760, 170, 210
"""All of a chart; the room for labels on the left and for values on the right."""
ROW, TOP, BOTTOM = 26, 44, 14
OURS_COLOUR, COLOUR, AXIS = "#0b6e4f", "#9aa5b1", "#52606d"
COLOURS = (OURS_COLOUR, "#c2571a", "#3d5a98", "#8a4f7d", "#7a6a00", COLOUR)
FONT = 'font-family="system-ui, sans-serif" font-size="13"'


@dataclass(frozen=True, slots=True)
class Bar:
    """One bar; `note` stands after its value."""

    label: str
    value: float
    note: str = ""
    ours: bool = False


def bars(title: str, rows: Sequence[Bar]) -> str:
    """A chart of horizontal bars that begin at zero; all are of the same unit."""
    most = max((row.value for row in rows), default=0.0) or 1.0
    room = WIDTH - LABELS - VALUES
    body = list[str]()
    for index, row in enumerate(rows):
        top = TOP + index * ROW
        size = max(row.value / most * room, 0.5)
        body += [
            _text(LABELS - 8, top + 14, row.label, "end", bold=row.ours),
            _box(LABELS, top + 2, size, ROW - 8, OURS_COLOUR if row.ours else COLOUR),
            _text(LABELS + size + 6, top + 14, f"{short(row.value)} {row.note}".rstrip()),
        ]
    return _page(title, TOP + len(rows) * ROW + BOTTOM, body)


Points = Sequence[tuple[float, float]]


def lines(title: str, across: str, series: Mapping[str, Points]) -> str:
    """A chart of lines by name; x is logarithmic, y begins at zero. `across` says what x is."""
    height, left, right, foot = 340, 70, WIDTH - 190, 290
    every = [point for points in series.values() for point in points]
    xs, most = sorted({x for x, _ in every}), max((y for _, y in every), default=0.0) or 1.0
    low, high = (math.log(xs[0]), math.log(xs[-1])) if xs else (0.0, 1.0)

    def place(x: float, y: float) -> tuple[float, float]:
        share = (math.log(x) - low) / (high - low) if high > low else 0.5
        return left + share * (right - left), foot - y / most * (foot - TOP)

    body = [_line(left, foot, right, foot), _line(left, TOP, left, foot)]
    body += [_text(place(x, 0)[0], foot + 18, short(x), "middle") for x in xs]
    body += [
        _text(left - 6, place(xs[0], y)[1] + 4, short(y), "end") for y in (0, most / 2, most) if xs
    ]
    body.append(_text((left + right) / 2, foot + 38, across, "middle"))
    body += _series(series, place, right)
    return _page(title, height, body)


def _series(
    series: Mapping[str, Points], place: Callable[..., tuple[float, float]], right: float
) -> Iterator[str]:
    for index, (name, points) in enumerate(series.items()):
        colour = COLOURS[index % len(COLOURS)]
        path = " ".join(f"{x:.1f},{y:.1f}" for x, y in (place(*point) for point in points))
        yield f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="2"/>'
        top = TOP + 8 + index * 20
        yield _box(right + 16, top - 9, 10, 10, colour)
        yield _text(right + 32, top, name)


def _page(title: str, height: float, body: Sequence[str]) -> str:
    head = (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{height}" '
        f'viewBox="0 0 {WIDTH} {height}" role="img" {FONT}>'
    )
    return "\n".join(
        [
            head,
            f"<title>{escape(title)}</title>",
            '<rect width="100%" height="100%" fill="#ffffff"/>',
            _text(14, 24, title, bold=True),
            *body,
            "</svg>\n",
        ]
    )


def _text(x: float, y: float, text: str, anchor: str = "start", *, bold: bool = False) -> str:
    weight = ' font-weight="600"' if bold else ""
    place = f'x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}"'
    return f'<text {place} fill="#1f2933"{weight}>{escape(text)}</text>'


def _box(x: float, y: float, width: float, height: float, colour: str) -> str:
    size = f'width="{width:.1f}" height="{height:.1f}"'
    return f'<rect x="{x:.1f}" y="{y:.1f}" {size} fill="{colour}"/>'


def _line(x1: float, y1: float, x2: float, y2: float) -> str:
    return f'<line x1="{x1}" y1="{y1}" x2="{x2}" y2="{y2}" stroke="{AXIS}"/>'
