"""Publishes the events of a scenario to a server's clients; measures CPU, latency, memory, loss."""

import asyncio
import time
from dataclasses import replace

from benchmarks.experiments.reader_driver import reading
from benchmarks.load.resource_usage import Meter
from benchmarks.load.workload_definitions import GROWTH, EventWorkload
from benchmarks.results.runs import Run
from benchmarks.targets.product import Product
from benchmarks.targets.target import Server, Target


async def streaming(target: Target, scenario: EventWorkload, clients: int) -> Run:
    """Run one scenario against one server. Raises Broken.

    Counts are deliveries over all clients. `cpu_us` is server CPU per delivery; loads are CPU time
    over the span from the first event's publishing to the last one's reading. `server_waited` is
    the share of that span in which other processes kept the server off its core: where it is large,
    look at CPU only, not at latency.
    """
    async with target.start(scenario) as server, reading(server) as readers:
        seconds, memory = await readers.connect(clients)
        least = await readers.watch(scenario)
        meter = Meter(server.pids)
        published = await publish(server, scenario)
        end = await readers.watched()
        cpu, waited = meter.read()
        span = (end["at"] - meter.began_ns) / 1e9
        verdict = await readers.judged(published)
    values = {
        "frame_bytes": least / scenario.events,
        "cpu_us": cpu * 1e6 / max(verdict["delivered"], 1),
        "span_seconds": span,
        "server_load": cpu / span,
        "server_waited": waited / span,
        "client_load": end["cpu_seconds"] / span,
        "connect_seconds": seconds,
        "kb_per_client": memory / 1024 / clients,
        **{f"{name}_ms": value for name, value in verdict.pop("latency").items()},
        **verdict,
    }
    return Run(scenario.name, target.name, clients, values)


async def growth(workers: int, clients: int) -> Run:
    """The same few events, by this many workers. Raises Broken."""
    run = await streaming(Product(workers=workers), GROWTH, clients)
    return replace(run, target=named(workers))


def named(workers: int) -> str:
    """This number of workers, as in the tables."""
    return "1 worker" if workers == 1 else f"{workers} workers"


async def publish(server: Server, scenario: EventWorkload) -> list[int]:
    """Hand over all batches at their time; returns when each event was handed over (ns)."""
    began, published = time.monotonic(), list[int]()
    for turn, numbers in enumerate(scenario.batches()):
        if scenario.rate:
            await asyncio.sleep(began + turn / scenario.rate - time.monotonic())
        published += [time.monotonic_ns()] * len(numbers)
        await server.publish(numbers)
    return published
