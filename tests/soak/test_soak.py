"""A slice of the soak, which `make soak` runs for longer: whatever goes wrong, none is deceived."""

import gc
from pathlib import Path

import pytest

from tests.soak.chaos import KINDS
from tests.soak.report import findings, keep, kinds, summary
from tests.soak.soak import soak

SEED = 20
"""One that brings each kind of trouble; `make soak` takes another one each time."""

SECONDS = 62.0

EXPECTED = {
    *("hello", "ping", "stale", "fresh", "resync", "resync null", "conflated"),
    *("service_added", "service_updated", "service_removed", "status_change", "scan"),
}


@pytest.mark.limit(600)
# Its own services are ended in the middle of the scanners' calls: what those leave is no fault.
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
async def test_no_client_is_deceived_whatever_goes_wrong(tmp_path: Path) -> None:
    """Workers, web instances, scanners and Redis end or hang, clients stall and leave, bursts come:
    each of 200 logs is in order, complete or told its gap, and folds up to the registry."""
    processes = tmp_path / "processes"
    processes.mkdir()
    outcome = await soak(processes, SEED, SECONDS)
    gc.collect()
    if not outcome.ok:
        keep(outcome, processes, tmp_path / "logs")
    assert outcome.ok, f"{summary(outcome)}\n\n{findings(outcome)}\n\nlogs: {tmp_path / 'logs'}"
    assert outcome.done.keys() == KINDS.keys(), "not all that can go wrong did"
    assert kinds(outcome.logs).keys() >= EXPECTED, "not all that can be told was"
    assert outcome.figures["live clients looked at"]
    assert outcome.figures["of these with one tag"]
