"""What probes cost the scanner, and how often it probes each service.

`python -m benchmarks.experiments.probing` prints it; no page shows it.

Real sockets, served by a process of its own on the other core. First the CPU time of one question:
bare asyncio over connections that stay open (the floor), bare asyncio with a new connection each
time, and the product's probe without and with documents. Then a real scanner on a real Redis: its
share of a core while its services are new, and when all have long been healthy.
"""

import argparse
import asyncio
import json
import sys
import tempfile
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path

from benchmarks.experiments.prober import WAYS
from benchmarks.load.process import START_SECONDS, Broken, Child, child
from benchmarks.load.resource_usage import LOAD_CORE, SERVER_CORE, Meter, allow_files
from benchmarks.results.tables import markdown
from benchmarks.targets.product import private_redis, until
from hero_router.settings.config import RouterConfig
from hero_router.store.client import connect
from hero_router.store.keys import Keys

SPARE_FILES = 512
RUN_SECONDS = 120.0
NEW_SECONDS = 40.0
"""Time over which a scanner is measured that has just found its services."""
REST_SECONDS = 60.0
"""Time over which it is measured when all of them have long been healthy."""
SETTLE_SCANS = 30
"""Scans after which every healthy socket is asked as rarely as it ever is."""


def main() -> None:
    """Parse, run, print."""
    options = _options()
    allow_files(options.sockets + SPARE_FILES)
    try:
        asyncio.run(_run(options))
    except (Broken, KeyboardInterrupt) as error:
        raise SystemExit(f"the benchmark stopped: {error or 'interrupted'}") from None


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sockets", type=int, default=2000, help="services (2000)")
    parser.add_argument("--rounds", type=int, default=3, help="rounds over all of them (3)")
    parser.add_argument("--questions-only", action="store_true", help="no scanner")
    return parser.parse_args()


async def _run(options: argparse.Namespace) -> None:
    async with _services(options.sockets) as (root, services):
        costs = {way: await _cost(way, root, options.rounds) for way in WAYS}
        print("\n".join(_table(costs)), flush=True)
        if not options.questions_only:
            await _scan(root, services, options.sockets)


@asynccontextmanager
async def _services(count: int) -> AsyncIterator[tuple[Path, Child]]:
    with tempfile.TemporaryDirectory(prefix="probing-") as folder:
        root = Path(folder, "root")
        command = [
            sys.executable,
            "-m",
            "benchmarks.experiments.fake_services",
            str(root),
            str(count),
        ]
        async with child(command, core=LOAD_CORE, speaks=True) as services:
            await services.hear(START_SECONDS)
            yield root, services


async def _cost(way: str, root: Path, rounds: int) -> Mapping[str, float]:
    command = [sys.executable, "-m", "benchmarks.experiments.prober", way, str(root), str(rounds)]
    async with child(command, core=SERVER_CORE, speaks=True) as process:
        return await process.hear(RUN_SECONDS)


def _table(costs: Mapping[str, Mapping[str, float]]) -> Iterator[str]:
    floor = costs["floor"]["cpu_us"]
    rows = (
        (way, f"{values['cpu_us']:.0f}", f"{values['cpu_us'] / floor:.2f}")
        for way, values in costs.items()
    )
    return markdown("lrr", ("way of asking", "CPU µs/question", "times the floor"), rows)


async def _scan(root: Path, services: Child, count: int) -> None:
    async with private_redis() as url:
        config = RouterConfig.of(redis_url=url, node="bench", socket_dir=str(root))
        command = [sys.executable, "-m", "hero_router", "scanner"]
        async with child(command, core=SERVER_CORE, environment=config.environment()) as scanner:
            await until(lambda: _scans(config, 2), scanner)
            await _watch("just found", scanner, services, NEW_SECONDS, count)
            await asyncio.sleep(SETTLE_SCANS * config.scan.seconds - NEW_SECONDS)
            await _watch("long healthy", scanner, services, REST_SECONDS, count)


async def _scans(config: RouterConfig, number: int) -> bool:
    """Whether this many whole scans of the node are done."""
    client = connect(config.redis.url, name="bench")
    try:
        report = await client.hget(Keys(config.redis.prefix).nodes, config.node.name)
        return report is not None and json.loads(report)["scan"] >= number
    finally:
        await client.aclose()


async def _watch(when: str, scanner: Child, services: Child, seconds: float, count: int) -> None:
    """Print the scanner's share of a core, and what each service is asked a minute."""
    before, meter = await _asked(services), Meter([scanner.pid])
    await asyncio.sleep(seconds)
    cpu, _ = meter.read()
    after = await _asked(services)
    rates = {
        name: (number - before.get(name, 0)) * 60 / seconds / count
        for name, number in after.items()
    }
    connections = rates.pop("connections")
    lines = ", ".join(f"{name} {rate:.2f}" for name, rate in sorted(rates.items()))
    print(
        f"{count:,} services {when}: {cpu / seconds:.1%} of a core; each minute and service "
        f"{sum(rates.values()):.1f} requests on {connections:.1f} connections ({lines})",
        flush=True,
    )


async def _asked(services: Child) -> Mapping[str, int]:
    services.tell()
    return await services.hear(RUN_SECONDS)


if __name__ == "__main__":
    main()
