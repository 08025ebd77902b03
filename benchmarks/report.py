"""Results as tables for people and raw JSON for programs; the aims as ratios to the floors."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from benchmarks.figures import machine
from benchmarks.run import Result
from benchmarks.scenario import SCENARIOS

RESULTS = Path(__file__).parent / "results"


@dataclass(frozen=True, slots=True)
class Aim:
    """The product's CPU per delivery is to be at most `most` times that of a floor."""

    scenario: str
    floor: str
    most: float


AIMS = (
    Aim("steady", "floor-each", 0.3),
    Aim("burst", "floor-joined", 1.3),
)

FAULTS = ("lost", "undelivered", "doubled", "disordered", "resyncs")

_COLUMNS = (
    *("target", "CPU µs/delivery", "p50 ms", "p90 ms", "p99 ms", "max ms", "KB/client"),
    *("server CPU", "waited", "client CPU", "delivered", *FAULTS),
)


def best(results: Sequence[Result], scenario: str, target: str) -> Result | None:
    """The round with the least server CPU: what else runs on the machine only ever adds."""
    rounds = [item for item in results if (item.scenario, item.target) == (scenario, target)]
    return min(rounds, key=lambda item: item.cpu_us, default=None)


def tables(results: Sequence[Result], product: str) -> Iterator[str]:
    """The lines of all tables, and how the product stands to its aims."""
    for scenario in SCENARIOS:
        rounds = [item for item in results if item.scenario == scenario.name]
        if rounds:
            size, clients = rounds[0].frame_bytes, rounds[0].clients
            about = f"{clients:,} clients, frames of {size:.0f} bytes"
            yield f"{scenario.name}: {scenario.title}, {about}"
            targets = dict.fromkeys(item.target for item in rounds)
            rows = [_row([one for one in rounds if one.target == name]) for name in targets]
            yield from _aligned([_COLUMNS, *rows])
            yield ""
    yield from _aims(results, product)


def _row(rounds: Sequence[Result]) -> tuple[str, ...]:
    """The best round's figures; deliveries and faults are the sums of all rounds."""
    item = min(rounds, key=lambda one: one.cpu_us)
    wait = item.latency
    milliseconds = (f"{value:.1f}" for value in (wait.p50, wait.p90, wait.p99, wait.most))
    sums = (f"{sum(getattr(one, name) for one in rounds):,}" for name in ("delivered", *FAULTS))
    return (
        item.target,
        f"{item.cpu_us:.2f}",
        *milliseconds,
        f"{item.memory_bytes / 1024:.1f}",
        f"{item.server_load:.0%}",
        f"{item.server_waited:.0%}",
        f"{item.client_load:.0%}",
        *sums,
    )


def _aligned(rows: Sequence[Sequence[str]]) -> Iterator[str]:
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for name, *cells in rows:
        numbers = (cell.rjust(width) for cell, width in zip(cells, widths[1:], strict=True))
        yield "  ".join((name.ljust(widths[0]), *numbers))


def _aims(results: Sequence[Result], product: str) -> Iterator[str]:
    for aim in AIMS:
        ours = best(results, aim.scenario, product)
        floor = best(results, aim.scenario, aim.floor)
        if ours is None or floor is None:
            continue
        ratio = ours.cpu_us / floor.cpu_us
        faults = _faults(results, aim.scenario, product)
        word = "met" if ratio <= aim.most and not faults else "MISSED"
        yield (
            f"{aim.scenario}: {product} takes {ratio:.2f} x the CPU of {aim.floor} "
            f"(aim: at most {aim.most:g}), {faults:,} faulty deliveries (aim: 0): {word}"
        )


def _faults(results: Sequence[Result], scenario: str, target: str) -> int:
    rounds = (item for item in results if (item.scenario, item.target) == (scenario, target))
    return sum(getattr(item, name) for item in rounds for name in FAULTS)


def keep(results: Sequence[Result]) -> Path:
    """Write all rounds as JSON, with what they ran on; returns the file."""
    RESULTS.mkdir(exist_ok=True)
    now = datetime.now(UTC)
    value = {"machine": machine(), "results": [item.to_json() for item in results]}
    path = RESULTS / f"{now:%Y%m%d-%H%M%S}.json"
    path.write_text(json.dumps(value, indent=1) + "\n", "utf-8")
    return path
