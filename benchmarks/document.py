"""docs/performance.md, written from the runs that are kept: aims first, then all figures."""

from collections.abc import Iterator, Sequence
from pathlib import Path

from benchmarks.figures import Figures, Middle, by_target, kept
from benchmarks.scenario import SCENARIOS

PAGE = Path(__file__).parent.parent / "docs" / "performance.md"
OURS = "hero_router"
STREAMING = {
    "cpu_us": "CPU µs per delivery",
    "p50_ms": "p50 ms",
    "p99_ms": "p99 ms",
    "server_waited": "waited",
    "lost": "lost",
    "doubled": "doubled",
    "resyncs": "resyncs",
}
IDLE = {
    "kb_per_client": "KB per client",
    "connects_per_second": "connects/s",
    "connect_cpu_us": "CPU µs per connect",
    "ping_cpu_us": "CPU µs per keepalive",
}
STALLED = {
    "growth_mb": "growth MB",
    "p50_ms": "p50 ms",
    "p99_ms": "p99 ms",
    "cpu_us": "CPU µs per delivery",
    "waited_seconds": "waited s",
    "missed": "told as missed",
    "inexact": "clients with wrong counts",
}
SLOW = {
    "slow_delivered": "got",
    "slow_missed": "told as missed",
    "slow_resyncs": "resyncs",
    "slow_inexact": "clients with wrong counts",
}
STORM = {
    "seconds_until_live": "s until all are live",
    "came_back": "came back",
    "redis_commands": "Redis commands of all workers",
    "lost": "lost",
    "doubled": "doubled",
    "resyncs": "resyncs",
    "silence_most_s": "longest silence s",
}

INTRODUCTION = """# Performance

Written by `make performance` from the runs in `benchmarks/results/performance/`; do not edit it by
hand. Every number is the median of its runs, with the least and the most in brackets. The machine
is shared and small, so look at ratios within one run first: the *floors* are bare asyncio servers
that do nothing but write prebuilt bytes, each frame alone or joined. The server has one core, its
clients, Redis and the publisher the other one. *Waited* is the share of the time for which other
processes kept the server off its core: where it is large, latency says little.
"""


def write() -> Path:
    """Write the page; returns its path."""
    PAGE.write_text("\n".join(_lines()).rstrip() + "\n", "utf-8")
    return PAGE


def _lines() -> Iterator[str]:
    machine, streaming = kept("streaming")
    _, idle = kept("idle")
    _, stalled = kept("stalled")
    _, storm = kept("storm")
    yield INTRODUCTION
    yield "Ran on: " + ", ".join(f"{name} {value}" for name, value in machine.items()) + "."
    yield "\n## Aims\n\n| what | aim | measured | |\n|---|---|---|---|"
    yield from _streaming_aims(streaming)
    yield from _other_aims(idle, stalled, storm)
    for scenario in SCENARIOS:
        runs = [run for run in streaming if run.experiment == scenario.name]
        yield f"\n## {scenario.name}: {scenario.title}\n"
        yield from _table(runs, STREAMING)
    yield "\n## Ten thousand idle clients\n"
    yield from _table(idle, IDLE)
    yield "\n## Stalled readers: 100 of 1,000 do not read during 20,000 events\n"
    for name, title in (("unstalled", "All read:"), ("stalled", "The 900 that read:")):
        yield f"\n{title}\n"
        yield from _table([run for run in stalled if run.experiment == name], STALLED)
    yield "\nThe 100, once they read on:\n"
    yield from _table([run for run in stalled if run.experiment == "stalled"], SLOW)
    yield "\n## Storm: 5,000 clients on two workers, one of them killed\n"
    yield from _table(storm, STORM)


def _table(runs: Sequence[Figures], columns: dict[str, str]) -> Iterator[str]:
    if not runs:
        yield "Not run yet."
        return
    yield "| server | clients | " + " | ".join(columns.values()) + " | runs |"
    yield "|---|" + "---:|" * (len(columns) + 2)
    for target, clients, values in by_target(runs):
        cells = " | ".join(_cell(values[name]) for name in columns)
        yield f"| {target} | {clients:,} | {cells} | {values[next(iter(columns))].runs} |"


def _cell(middle: Middle) -> str:
    if middle.least == middle.most:
        return _short(middle.value)
    return f"{_short(middle.value)} ({_short(middle.least)} to {_short(middle.most)})"


def _short(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 or value == int(value) else f"{value:.3g}"


def _aim(what: str, value: float, most: float, unit: str = "") -> str:
    return _aim_line(what, f"at most {most:g}{unit}", f"{value:.3g}{unit}", met=value <= most)


def _aim_line(what: str, aim: str, measured: str, *, met: bool) -> str:
    return f"| {what} | {aim} | {measured} | {'met' if met else '**missed**'} |"


def _streaming_aims(runs: Sequence[Figures]) -> Iterator[str]:
    if not runs:
        return
    burst = ratios(runs, "burst", "floor-joined")
    steady = ratios(runs, "steady", "floor-each")
    yield _aim("burst: CPU, times the floor that joins", burst.value, 1.3)
    yield _aim("100 events/s: CPU, times the floor that writes each", steady.value, 0.3)
    yield _aim("100 events/s: p99", _ours(runs, "steady", "p99_ms"), 100, " ms")
    more = _ours(runs, "lone", "p50_ms") - _middle(runs, "lone", "floor-each", "p50_ms")
    yield _aim("a lone event: p50 above the floor's", more, 1, " ms")
    faults = sum(run.values[name] for run in runs if run.target == OURS for name in _FAULTS)
    yield _aim("lost, doubled, out of order, resyncs in all these", faults, 0)


_FAULTS = ("lost", "doubled", "disordered", "resyncs")


def _other_aims(
    idle: Sequence[Figures], stalled: Sequence[Figures], storm: Sequence[Figures]
) -> Iterator[str]:
    if idle:
        yield _aim("10,000 idle: memory of each", _ours(idle, "idle", "kb_per_client"), 3, " KB")
        rate = _ours(idle, "idle", "connects_per_second")
        yield _aim_line("connects a second", "at least 3,000", f"{rate:,.0f}", met=rate >= 3000)
    if stalled:
        growth = [_ours(stalled, name, "growth_mb") for name in ("stalled", "unstalled")]
        yield _aim("100 stalled: growth beyond that without", growth[0] - growth[1], 10, " MB")
        p99 = [_ours(stalled, name, "p99_ms") for name in ("stalled", "unstalled")]
        yield _aim("100 stalled: p99 of the others, times that without", p99[0] / p99[1], 1.5)
        names = ("inexact", "slow_inexact")
        wrong = sum(_ours(stalled, "stalled", name) for name in names)
        yield _aim("100 stalled: clients with wrong counts", wrong, 0)
    if storm:
        faults = sum(_ours(storm, "storm", name) for name in ("lost", "doubled", "resyncs"))
        yield _aim("storm: lost, doubled, resyncs", faults, 0)


def ratios(runs: Sequence[Figures], experiment: str, floor: str) -> Middle:
    """The product's CPU in floors, round by round."""
    ours, theirs = (_numbers(runs, experiment, name, "cpu_us") for name in (OURS, floor))
    return Middle.of([one / other for one, other in zip(ours, theirs, strict=True)])


def _numbers(runs: Sequence[Figures], experiment: str, target: str, name: str) -> list[float]:
    return [
        run.values[name] for run in runs if (run.experiment, run.target) == (experiment, target)
    ]


def _middle(runs: Sequence[Figures], experiment: str, target: str, name: str) -> float:
    return Middle.of(_numbers(runs, experiment, target, name)).value


def _ours(runs: Sequence[Figures], experiment: str, name: str) -> float:
    return _middle(runs, experiment, OURS, name)
