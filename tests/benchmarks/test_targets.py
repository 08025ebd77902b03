"""Every measured server gives each of a few clients each event once and in order.

So what a full run counts as lost or undelivered comes from the server, not from the benchmark.
"""

from pathlib import Path

import pytest

from benchmarks.experiments import reader_driver
from benchmarks.experiments.stalled import stalled
from benchmarks.experiments.streaming import streaming
from benchmarks.load.process import Absent, Broken
from benchmarks.load.workload_definitions import EventWorkload
from benchmarks.results.runs import Run
from benchmarks.targets import nchan
from benchmarks.targets.floor import Floor
from benchmarks.targets.nchan import Nchan
from benchmarks.targets.product import Product
from benchmarks.targets.python_peer import PythonPeer
from benchmarks.targets.registry import PEERS
from benchmarks.targets.target import Target
from tests.support.wait import PATIENCE_SECONDS

FEW = EventWorkload("few", "40 events", events=40, batch=8, rate=0)
CLIENTS = 5
TARGETS: list[Target] = [
    *(Floor(mode, loop) for mode in ("each", "joined") for loop in ("asyncio", "uvloop")),
    *(peer for peer in PEERS if isinstance(peer, PythonPeer)),
    Product(),
]


@pytest.fixture(autouse=True)
def _patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """What has not come yet from a server that a busy machine holds up is not undelivered."""
    for name in ("SILENCE_SECONDS", "PATIENCE_SECONDS"):
        monkeypatch.setattr(reader_driver, name, PATIENCE_SECONDS)


def faults(run: Run) -> dict[str, float]:
    names = ("lost", "undelivered", "doubled", "disordered", "resyncs", "inexact")
    return {name: count for name in names if (count := run.values[name])}


@pytest.mark.parametrize("target", TARGETS, ids=lambda target: target.name)
async def test_it_delivers_everything_once_and_in_order(target: Target) -> None:
    run = await streaming(target, FEW, CLIENTS)
    assert (run.values["delivered"], faults(run)) == (CLIENTS * FEW.events, {})
    assert run.values["cpu_us"] > 0


async def test_nchan_delivers_everything_too_or_is_absent() -> None:
    try:
        run = await streaming(Nchan(), FEW, CLIENTS)
    except Absent:
        assert not nchan.MODULE.exists()
    else:
        assert (run.values["delivered"], faults(run)) == (CLIENTS * FEW.events, {})


def test_a_missing_module_makes_nchan_absent(tmp_path: Path) -> None:
    with pytest.raises(Absent, match="not installed"):
        nchan.installed(tmp_path / "no.so")


async def test_a_peer_that_cannot_start_is_broken_with_the_end_of_its_log() -> None:
    with pytest.raises(Broken, match=r"No module named benchmarks\.targets\.nobody"):
        await streaming(PythonPeer("nobody", "nobody"), FEW, CLIENTS)


async def test_stalled_clients_of_the_product_get_their_gap_and_the_others_get_all() -> None:
    """The window of 2,048 events is seven seconds of this stream: enough for a busy machine."""
    scenario = EventWorkload("s", "s", events=3_000, batch=10, rate=30, full=True)
    told = (await stalled(Product(sse_buffer=2048), 4, 1, scenario)).values
    assert (told["delivered"], told["lost"], told["inexact"]) == (9_000, 0, 0)
    assert told["slow_missed"] > 0
    assert told["slow_delivered"] + told["slow_missed"] == 3_000
    assert (told["slow_resyncs"], told["slow_inexact"]) == (1, 0)
