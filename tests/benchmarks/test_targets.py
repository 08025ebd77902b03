"""Every server that is measured gives every client every event once, in order, when there are few.

So what a full run tells as lost or undelivered is the server's doing, not the benchmark's.
"""

from pathlib import Path

import pytest

from benchmarks.floor import Floor
from benchmarks.peers import nchan
from benchmarks.peers.nchan import Nchan
from benchmarks.peers.python import PythonPeer
from benchmarks.peers.registry import PEERS
from benchmarks.process import Absent, Broken
from benchmarks.product import Product
from benchmarks.run import Result, measure
from benchmarks.scenario import Scenario
from benchmarks.stalled import stalled
from benchmarks.target import Target

FEW = Scenario("few", "40 events", events=40, batch=8, rate=0)
CLIENTS = 5
TARGETS: list[Target] = [
    *(Floor(mode, loop) for mode in ("each", "joined") for loop in ("asyncio", "uvloop")),
    *(peer for peer in PEERS if isinstance(peer, PythonPeer)),
    Product(),
]


def faults(result: Result) -> dict[str, int]:
    names = ("lost", "undelivered", "doubled", "disordered", "resyncs", "inexact")
    return {name: count for name in names if (count := getattr(result, name))}


@pytest.mark.parametrize("target", TARGETS, ids=lambda target: target.name)
async def test_it_delivers_everything_once_and_in_order(target: Target) -> None:
    result = await measure(target, FEW, CLIENTS)
    assert (result.delivered, faults(result)) == (CLIENTS * FEW.events, {})
    assert result.cpu_us > 0


async def test_nchan_does_too_or_is_told_as_absent_where_it_is_not_installed() -> None:
    try:
        result = await measure(Nchan(), FEW, CLIENTS)
    except Absent:
        assert not nchan.MODULE.exists()
    else:
        assert (result.delivered, faults(result)) == (CLIENTS * FEW.events, {})


def test_a_missing_module_is_told_as_absent(tmp_path: Path) -> None:
    with pytest.raises(Absent, match="not installed"):
        nchan.installed(tmp_path / "no.so")


async def test_a_peer_that_cannot_start_is_told_with_its_last_words() -> None:
    with pytest.raises(Broken, match=r"No module named benchmarks\.peers\.nobody"):
        await measure(PythonPeer("nobody", "nobody"), FEW, CLIENTS)


async def test_the_product_tells_stalled_clients_what_they_missed_and_the_others_get_all() -> None:
    """The window of 1,024 events is too small for those, and large enough for those that read."""
    scenario = Scenario("s", "s", events=6_000, batch=10, rate=200, full=True)
    told = (await stalled(Product(sse_buffer=1024), 4, 1, scenario)).values
    assert (told["delivered"], told["lost"], told["inexact"]) == (18_000, 0, 0)
    assert told["slow_missed"] > 0
    assert told["slow_delivered"] + told["slow_missed"] == 6_000
    assert (told["slow_resyncs"], told["slow_inexact"]) == (1, 0)
