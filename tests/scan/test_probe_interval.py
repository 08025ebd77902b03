"""How often sockets are asked: less and less while all is well, within bounds, and in turns."""

import pytest

from hero_router.scan.probe_interval import rests
from hero_router.scan.probe_result import ProbeResult
from tests.scan.world import ASKED, DENIED, FOREIGN, LATE_SPEC, OK, SILENT, WARNED, probed


def asked(well: int, scan_seconds: float, raw: bytes = b"a.sock", scans: int = 120) -> int:
    """In how many of so many scans a socket is asked that has been well for that long."""
    return sum(not rests(raw, well, scan, scan_seconds) for scan in range(scans))


@pytest.mark.parametrize(("well", "every"), [(0, 1), (11, 1), (12, 2), (17, 2), (18, 4)])
def test_the_pace_slows_down_in_steps(well: int, every: int) -> None:
    """At the default pace after one minute and after two."""
    assert asked(well, 5.0) == 120 // every


def test_it_ends_there_however_long_all_is_well_and_however_short_the_scans_are() -> None:
    assert asked(1_000_000, 5.0) == 120 // 4
    assert asked(18, 0.1) == 120 // 4


@pytest.mark.parametrize("scan_seconds", [0.1, 1.0, 5.0, 7.0, 10.0, 15.0, 30.0, 3600.0])
def test_no_socket_is_left_alone_for_longer_than_the_bound(scan_seconds: float) -> None:
    """Which is 20 s, or the time between two scans, where those are further apart than that."""
    longest = 120 / asked(18, scan_seconds) * scan_seconds
    assert longest <= max(20, scan_seconds)


def test_sockets_take_turns() -> None:
    """Of a thousand, each scan asks about as many as any other."""
    for scan in range(8):
        due = sum(not rests(b"s%d/rpc.sock" % number, 99, scan, 5.0) for number in range(1000))
        assert 200 < due < 300


@pytest.mark.parametrize(
    ("results", "calm"),
    [
        ((ASKED,), 0),
        ((ASKED, OK, OK), 2),
        ((FOREIGN, FOREIGN), 1),
        ((OK, WARNED, WARNED), 0),
        ((DENIED, DENIED), 0),
        ((OK, OK, SILENT), 0),
        ((OK, OK, LATE_SPEC), 0),
    ],
)
def test_probes_are_calm_while_nothing_is_wrong_and_nothing_changes(
    results: tuple[ProbeResult, ...], calm: int
) -> None:
    assert probed(*results).socket.calm_probes == calm
