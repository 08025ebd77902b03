"""What passing on to a service costs: small requests, large bodies, event streams and tunnels.

`python -m benchmarks.experiments.proxying` runs all of it, or some loads, and prints the tables;
`make performance` keeps the runs. Counted is the CPU time of the proxy alone.
"""

import argparse
import asyncio
import json
import sys
import time
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import asdict, dataclass, replace
from functools import partial
from math import inf

from benchmarks.experiments.step_sequence import STEP_SECONDS, Runner, Step, interruptible
from benchmarks.experiments.streaming import streaming
from benchmarks.load.caller import Load
from benchmarks.load.process import Child, child
from benchmarks.load.resource_usage import (
    LOAD_CORE,
    Meter,
    allow_files,
    forget_peaks,
    memory_bytes,
    peak_bytes,
    pinned,
)
from benchmarks.load.workload_definitions import SCENARIOS, EventWorkload
from benchmarks.results.runs import Run
from benchmarks.results.tables import table
from benchmarks.targets.product import Product
from benchmarks.targets.reverse_proxy import HELLO, PLAIN, PREFIX, PROXIES, Proxied, Proxy, serving
from benchmarks.targets.target import Server

MB = 1024 * 1024
STEADY = next(scenario for scenario in SCENARIOS if scenario.name == "steady")
CONNECT_SECONDS = 60.0
ANSWER_SECONDS = 60.0
"""So long after its time the calling process may say what it has counted, on a busy machine."""
REST_SECONDS, WARM_SECONDS, SECONDS = 2.0, 1.0, 3.0
ROUNDS = 3
FILES = 4096


@dataclass(frozen=True, slots=True)
class Shape:
    """A load, whatever proxy is before the service; as `load.caller.Load`."""

    kind: str
    path: str
    clients: int
    sent: int = 0


SHAPES: Mapping[str, Shape] = {
    "small": Shape("requests", "/bytes/1024", 64),
    "megabyte": Shape("requests", f"/bytes/{MB}", 4),
    "download": Shape("requests", f"/bytes/{100 * MB}", 1),
    "upload": Shape("requests", "/bytes/0", 1, sent=100 * MB),
    "frames": Shape("frames", "/events", 1_000),
    "tunnels": Shape("echoes", "/", 100),
    "idle_tunnels": Shape("idle", "/", 1_000),
}
"""All loads by name."""

_SMALL = "cpu_us per_cpu_second load rest_percent p99_ms"
_LARGE = "cpu_ms_per_gb load peak_growth_mb"
_STREAMS = "p50_ms p99_ms server_load server_waited lost undelivered"
NUMBERS: Mapping[str, str] = {
    "small": _SMALL,
    "megabyte": _LARGE,
    "download": _LARGE,
    "upload": _LARGE,
    "frames": _SMALL.removesuffix(" p99_ms"),
    "tunnels": _SMALL,
    "idle_tunnels": "kb_per_client",
    "streams": _STREAMS,
    "streams_busy": _STREAMS,
}
"""The numbers in the tables of each load."""


async def proxying(proxy: Proxy, name: str) -> Run:
    """Put one load on one proxy. Raises Broken.

    What the proxy uses at rest is measured first, and is no part of the cost of what it carries.
    """
    shape = SHAPES[name]
    async with serving() as folder, proxy.before(folder) as proxied:
        resting = Meter(proxied.pids)
        await asyncio.sleep(REST_SECONDS)
        rest = resting.read()[0] / REST_SECONDS
        before = memory_bytes(proxied.pids)
        async with calling(proxied, shape) as caller:
            await counted(caller, WARM_SECONDS)
            grown = memory_bytes(proxied.pids) - before
            values = {"kb_per_client": grown / 1024 / shape.clients}
            if shape.kind != "idle":
                values |= await measured(proxied, caller, rest)
    return Run(name, proxy.name, shape.clients, values)


async def measured(
    proxied: Proxied, caller: Child, rest: float, seconds: float = SECONDS
) -> dict[str, float]:
    """What a proxy does in some seconds, and what that costs beyond its share at rest."""
    least = forget_peaks(proxied.pids)
    meter = Meter(proxied.pids)
    found = await counted(caller, seconds)
    used, waited = meter.read()
    cpu = used - rest * (time.monotonic_ns() - meter.began_ns) / 1e9
    return {
        "cpu_us": cpu * 1e6 / max(found["done"], 1),
        "per_cpu_second": found["done"] / cpu,
        "cpu_ms_per_gb": cpu * 1e3 / (found["bytes"] / 1e9),
        "rest_percent": rest * 100,
        "load": used / seconds,
        "server_waited": waited / seconds,
        "peak_growth_mb": (peak_bytes(proxied.pids) - least) / MB,
        **found,
    }


class Busy:
    """hero_router as a server of its own streams, while its proxy gets all it can take."""

    name = "hero_router"

    @asynccontextmanager
    async def start(self, scenario: EventWorkload) -> AsyncIterator[Server]:
        """Run it, its service, and the clients of that."""
        async with serving() as folder, Product(socket_dir=str(folder)).start(scenario) as server:
            proxied = Proxied(server.pids, server.port, PREFIX)
            async with calling(proxied, SHAPES["small"]) as caller:
                caller.tell(seconds=STEP_SECONDS)
                yield server


async def streams(busy: bool) -> Run:
    """Stream 100 events a second to 1,000 clients, with or without small requests beside them."""
    run = await streaming(Busy() if busy else Product(), STEADY, 1_000)
    return replace(run, experiment="streams_busy" if busy else "streams")


@asynccontextmanager
async def calling(proxied: Proxied, shape: Shape) -> AsyncIterator[Child]:
    """A process whose clients have all connected to a proxy. Raises Broken."""
    path = proxied.prefix + shape.path
    load = Load(shape.kind, proxied.port, path, shape.clients, shape.sent)
    command = [sys.executable, "-m", "benchmarks.load.caller", json.dumps(asdict(load))]
    async with child(command, core=LOAD_CORE, speaks=True) as process:
        await process.hear(CONNECT_SECONDS)
        yield process


async def counted(caller: Child, seconds: float) -> dict[str, float]:
    """What the clients count in so many seconds."""
    caller.tell(seconds=seconds)
    return await caller.hear(seconds + ANSWER_SECONDS)


def steps(rounds: int = ROUNDS) -> Iterator[Step]:
    """All loads on all proxies that can carry them."""
    for name, shape in SHAPES.items():
        floors = [HELLO] if name == "small" else []
        proxies = [it for it in PROXIES if it is not PLAIN or shape.kind in ("requests", "frames")]
        for proxy in (*floors, *proxies):
            run = partial(proxying, proxy, name)
            yield Step("proxying", name, proxy.name, 10, run, rounds)
    for busy, name in ((False, "streams"), (True, "streams_busy")):
        yield Step("proxying", name, Busy.name, 20, partial(streams, busy), rounds)


def main() -> None:
    """Run, print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=ROUNDS, help=f"rounds of each ({ROUNDS})")
    parser.add_argument("--target", action="append", help="a proxy; may be repeated (all)")
    parser.add_argument("load", nargs="*", choices=[[], *NUMBERS], help="default: all")
    options = parser.parse_args()
    allow_files(FILES)
    names = options.load or [*NUMBERS]
    wanted = [
        step
        for step in steps(options.rounds)
        if step.experiment in names and step.target in (options.target or [step.target])
    ]
    runner = Runner(inf, keep=lambda *_: None)
    with pinned(LOAD_CORE):
        interruptible(runner.run(wanted))
    for name in names:
        runs = [run for run in runner.runs["proxying"] if run.experiment == name]
        failed = [each for each in runner.failures["proxying"] if each.experiment == name]
        print(f"\n{name}\n")
        print("\n".join(table(runs, NUMBERS[name].split(), failed)))


if __name__ == "__main__":
    main()
