"""Sockets that have long been well: asked rarely, missed at once, and told of truthfully."""

import asyncio
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from hero_router.model import Status
from hero_router.scan.probe_interval import REST_PROBES, REST_SCANS, WELL_PROBES
from hero_router.scan.probe_result import Health
from hero_router.scan.scan_loop import ScanLoop
from hero_router.upstream.listener_detection import Listeners
from hero_router.upstream.safe_connect import SocketAddress, listens
from tests.scan.node import Node
from tests.scan.probing import found, probe
from tests.scan.services import Http, Services, good, says
from tests.scan.waiting import until

SETTLED = WELL_PROBES + 2 * (REST_PROBES - WELL_PROBES) + REST_SCANS
"""Scans after which a socket that is well is asked as rarely as it ever is."""


@pytest.fixture
async def service(services: Services) -> Http:
    """A good service; its documents are not what these tests are about."""
    return await services.start("ledger/rpc.sock", good())


@pytest.fixture
def impatient(node: Node) -> None:
    """For a service that shall be late; used before `resting`."""
    node.settings["probe_timeout"] = 1.0


@pytest.fixture
async def resting(node: Node, service: Http) -> ScanLoop:
    """A scanner that has looked at the service for so long that it rests."""
    worker = node.worker()
    for _ in range(SETTLED):
        await worker.scan_once()
    node.probed.clear()
    service.asked.clear()
    return worker


async def scan(worker: ScanLoop, times: int) -> None:
    for _ in range(times):
        await worker.scan_once()


async def until_probed(worker: ScanLoop, node: Node) -> int:
    """Scan until the socket is asked again; returns in which scan that was."""
    for number in range(1, REST_SCANS + 1):
        node.probed.clear()
        await worker.scan_once()
        if node.probed:
            return number
    raise AssertionError("the socket was not asked for too long")


async def test_a_service_that_is_well_is_asked_in_every_fourth_scan_only(
    node: Node, resting: ScanLoop, service: Http
) -> None:
    await scan(resting, 3 * REST_SCANS)
    assert service.asked.count("GET /health") == len(node.probed) == 3
    assert node.store.statuses() == {"ledger": "healthy"}


async def test_between_two_questions_it_sees_connections_without_a_request(
    resting: ScanLoop, service: Http
) -> None:
    """No line in its log: nothing is asked."""
    await scan(resting, REST_SCANS)
    assert len(service.asked) <= 4


async def test_where_the_kernel_knows_its_listener_nobody_connects_to_it(
    node: Node, resting: ScanLoop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("hero_router.scan.probe_scheduler.Listeners.read", Everything)
    monkeypatch.setattr(
        "hero_router.scan.probe_scheduler.listens", lambda _: pytest.fail("connected")
    )
    await scan(resting, REST_SCANS)
    assert node.store.statuses() == {"ledger": "healthy"}


async def test_where_the_kernel_knows_nothing_it_is_connected_to(
    node: Node, resting: ScanLoop, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As in a container of its own, that shares only the folder with the service's."""
    connected = []

    def connect(address: SocketAddress) -> bool:
        connected.append(address)
        return listens(address)

    monkeypatch.setattr("hero_router.scan.probe_scheduler.Listeners.read", Listeners)
    monkeypatch.setattr("hero_router.scan.probe_scheduler.listens", connect)
    await until_probed(resting, node)
    node.probed.clear()
    connected.clear()
    await scan(resting, REST_SCANS)
    assert (len(node.probed), len(connected)) == (1, REST_SCANS - 1)


class Everything(Listeners):
    """As if every socket had a listener."""

    def __contains__(self, _: object) -> bool:
        return True


async def test_when_nothing_listens_any_more_the_next_scan_publishes_it(
    node: Node, services: Services, resting: ScanLoop
) -> None:
    await until_probed(resting, node)
    await services.stop("ledger/rpc.sock")
    await resting.scan_once()
    assert node.store.statuses() == {"ledger": "inactive"}


async def test_a_listener_that_takes_no_more_connections_is_asked_at_once(
    node: Node, services: Services, resting: ScanLoop, monkeypatch: pytest.MonkeyPatch
) -> None:
    await until_probed(resting, node)
    monkeypatch.setattr("hero_router.scan.probe_scheduler.Listeners.read", Listeners)
    monkeypatch.setattr("hero_router.scan.probe_scheduler.listens", lambda _: False)
    node.probed.clear()
    await resting.scan_once()
    assert node.probed == ["ledger/rpc.sock"]


async def test_a_change_brings_the_full_pace_back_at_once(
    node: Node, resting: ScanLoop, service: Http
) -> None:
    service.answers["/health"] = (200, {"status": "warn"})
    await until_probed(resting, node)
    assert node.store.statuses() == {"ledger": "degraded"}
    service.answers["/health"] = (200, {"status": "ok"})
    node.probed.clear()
    await scan(resting, WELL_PROBES)
    assert len(node.probed) == WELL_PROBES


@pytest.mark.usefixtures("impatient")
async def test_a_first_late_probe_brings_the_full_pace_back_too(
    node: Node, resting: ScanLoop, service: Http
) -> None:
    """A service that hangs is told one scan after it was first late, and sick after the third."""
    service.delay = 60
    await until_probed(resting, node)
    statuses = [node.store.statuses()["ledger"]]
    for _ in range(2):
        await resting.scan_once()
        statuses.append(node.store.statuses()["ledger"])
    assert statuses == ["healthy", "degraded", "unhealthy"]


async def test_a_scan_on_request_probes_everything(node: Node, resting: ScanLoop) -> None:
    for _ in range(REST_SCANS):
        node.probed.clear()
        await resting.scan_once("wish")
        assert node.probed == ["ledger/rpc.sock"]


async def test_figures_say_when_the_last_question_was(node: Node, resting: ScanLoop) -> None:
    """A connection without a question is no check of anybody's health."""
    await until_probed(resting, node)

    def checked() -> int:
        told = node.store.probes["n"][node.store.record("ledger").id]
        assert told["checked_at"] == told["sockets"]["rpc"]["checked_at"]
        return int(told["checked_at"])

    asked_at = checked()
    await asyncio.sleep(0.01)
    await resting.scan_once()
    assert checked() == asked_at
    await until_probed(resting, node)
    assert checked() > asked_at


@pytest.mark.usefixtures("impatient")
async def test_a_late_probe_without_an_event_still_shows_in_the_figures(
    node: Node, services: Services
) -> None:
    service = await services.start("ledger/rpc.sock", good())
    worker = node.worker()
    await worker.scan_once()
    events = len(node.store.events)
    service.delay = 2 * node.config().scan.probe_timeout
    await worker.scan_once()
    figures = node.store.probes["n"][node.store.record("ledger").id]["sockets"]["rpc"]
    assert (figures["failures"], len(node.store.events)) == (1, events)


@pytest.mark.parametrize("change", ["forged", "removed"])
async def test_a_record_that_another_hand_changed_is_put_right_though_its_service_rests(
    node: Node, resting: ScanLoop, change: str
) -> None:
    """As soon as the registry tells of it, and not only when the service is asked again."""
    await until_probed(resting, node)
    (key,) = node.store.records
    right = node.store.records[key]
    if change == "forged":
        node.store.records[key] = replace(right, status=Status.UNHEALTHY, title="Forged")
    else:
        del node.store.records[key]

    def is_right() -> bool:
        record = node.store.records.get(key)
        return record is not None and (record.status, record.title) == ("healthy", right.title)

    for _ in range(12):
        node.probed.clear()
        await resting.scan_once()
        if is_right():
            break
    assert (is_right(), node.probed) == (True, [])


async def test_a_stranger_is_not_asked_all_the_time_either(node: Node, services: Services) -> None:
    """To one that does not speak HTTP, each question is an error in its log."""
    await services.talk("db.sock", says(b"-ERR unknown command\r\n"))
    worker = node.worker()
    await scan(worker, SETTLED)
    node.probed.clear()
    await scan(worker, 2 * REST_SCANS)
    assert (len(node.probed), node.store.statuses()) == (2, {"db": "non_rpc"})


async def test_a_service_that_is_not_well_is_asked_in_every_scan(
    node: Node, services: Services
) -> None:
    """So that it is seen at once when it is."""
    await services.start("sick/rpc.sock", Http({"/health": (503, {})}))
    await services.start("weak/rpc.sock", Http({"/health": (200, {"status": "warn"})}))
    worker = node.worker()
    await scan(worker, SETTLED)
    node.probed.clear()
    await scan(worker, 3)
    assert len(node.probed) == 6


async def test_only_the_very_socket_that_was_found_is_connected_to(
    root: Path, services: Services
) -> None:
    await services.start("a.sock", good())
    item = found(root)
    assert listens(item.address)
    await services.start("b.sock", good())
    (root / "b.sock").rename(root / "a.sock")
    assert not listens(item.address)
    await services.stop("b.sock", unlink=True)
    await until(lambda: not listens(found(root).address), "nothing listens any more")


async def test_a_real_server_writes_no_line_for_a_connection_without_a_question(
    root: Path,
) -> None:
    """gunicorn with its usual workers, which handle one connection at a time."""
    options = ["--no-control-socket", "--access-logfile", "-", "--bind", f"unix:{root}/a.sock"]
    command = [sys.executable, "-m", "gunicorn", *options, "tests.scan.wsgi:app"]
    log = root / "log"
    with log.open("wb") as output:
        server = await asyncio.create_subprocess_exec(*command, stdout=output, stderr=output)
    try:
        await until(
            lambda: (root / "a.sock").exists() and listens(found(root).address), "it listens"
        )
        for _ in range(5):
            assert listens(found(root).address)
        assert (await probe(root, ask=False)).health is Health.GOOD
        await until(lambda: b"GET /health" in log.read_bytes(), "the question is in its log")
    finally:
        server.terminate()
        await server.wait()
    lines = [line for line in log.read_text().splitlines() if "[INFO]" not in line]
    assert len(lines) == 1, lines
