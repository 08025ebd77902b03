"""The benchmark of probes asks every socket in every way, and says what each way costs."""

import asyncio
import sys

from benchmarks.experiments.prober import WAYS
from tests.support.wait import PATIENCE_SECONDS


async def test_each_way_of_asking_has_its_row() -> None:
    options = ["--sockets", "3", "--rounds", "1", "--questions-only"]
    command = [sys.executable, "-m", "benchmarks.experiments.probing", *options]
    process = await asyncio.create_subprocess_exec(*command, stdout=asyncio.subprocess.PIPE)
    said, _ = await asyncio.wait_for(process.communicate(), PATIENCE_SECONDS)
    rows = [line.split("|")[1:-1] for line in said.decode().splitlines()[2:]]
    assert [way.strip() for way, *_ in rows] == list(WAYS)
    assert all(float(cpu) > 0 for _, cpu, _ in rows)
