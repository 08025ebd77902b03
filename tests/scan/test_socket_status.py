"""The status of one socket: which result of a probe makes which status."""

from dataclasses import replace

import pytest

from hero_router.model import Status
from hero_router.scan.document_parser import PAGE
from hero_router.scan.probe_result import Documents, Health, ProbeResult
from hero_router.scan.socket_status import EvalTime, next_state
from hero_router.upstream.outcome import Outcome
from tests.scan.world import (
    ASKED,
    DENIED,
    FACTS,
    FOREIGN,
    LOGIN,
    MISSING,
    OK,
    REFUSED,
    RULES,
    SILENT,
    UNSEEN,
    A,
    World,
    probed,
    sock,
)


def test_a_service_not_yet_probed_is_unknown_and_then_known() -> None:
    world = World()
    assert world.types({A: None}) == ["service_added"]
    assert world.record.status is Status.UNKNOWN
    (change,) = world.look({A: ASKED})
    assert (change.type, change.data["from"], change.data["to"]) == (
        "status_change",
        "unknown",
        "healthy",
    )


def test_nobody_listening_is_inactive_at_once() -> None:
    world = World()
    world.look({A: ASKED})
    (change,) = world.look({A: REFUSED})
    assert (change.data["to"], change.data["reason"]) == ("inactive", "nothing listens")
    assert world.record.title == "Ledger"


def test_not_http_is_non_rpc() -> None:
    world = World()
    world.look({A: FOREIGN})
    assert (world.record.status, world.record.reason) == ("non_rpc", "does not speak HTTP")


@pytest.mark.parametrize(
    ("health", "reason"),
    [
        (
            Health.NONE,
            "speaks HTTP, but offers no health check, manifest or OpenRPC document",
        ),
        (Health.PAGE, "answers every path with a page (HTML): it is no RPC service"),
    ],
)
def test_an_rpc_socket_that_speaks_http_but_offers_nothing_has_that_reason(
    health: Health, reason: str
) -> None:
    """Its status is that of one that does not speak HTTP; its reason is not."""
    world = World()
    world.look({A: ProbeResult(Outcome.ANSWERED, None, health, Documents(), 1.0)})
    assert (world.record.status, world.record.reason) == (Status.NON_RPC, reason)


def test_a_web_socket_that_is_all_pages_is_alive_and_shown_as_such() -> None:
    world = World()
    seen = ProbeResult(Outcome.ANSWERED, None, Health.PAGE, Documents(PAGE), 1.0)
    world.look({"svc/web_app.sock": seen})
    record = world.record
    assert (record.status, record.reason) == (Status.HEALTHY, "")
    assert (record.source, record.source_kind) == ("HTML at every path", "page")


def test_a_service_behind_a_login_is_neither_healthy_nor_unhealthy() -> None:
    """It is alive; whether it works cannot be asked. Another socket may answer for the service."""
    world = World()
    world.look({"svc/web_app.sock": LOGIN})
    assert (world.record.status, world.record.reason) == ("unknown", LOGIN.error)
    world.look({"svc/web_app.sock": LOGIN, A: ASKED})
    assert world.record.status is Status.HEALTHY


def test_a_login_in_front_of_the_health_check_alone_is_no_matter() -> None:
    world = World()
    world.look({A: replace(LOGIN, documents=Documents(FACTS))})
    assert world.record.status is Status.HEALTHY


def test_no_health_check_beside_a_document_is_healthy() -> None:
    world = World()
    world.look({A: ProbeResult(Outcome.ANSWERED, documents=Documents(FACTS))})
    assert world.record.status is Status.HEALTHY
    assert world.look({A: ProbeResult(Outcome.ANSWERED)}) == []


def test_a_browser_socket_without_any_check_is_healthy() -> None:
    world = World()
    world.look({"svc/admin.sock": ProbeResult(Outcome.ANSWERED, documents=Documents())})
    assert world.record.status is Status.HEALTHY


def test_nothing_learned_changes_nothing() -> None:
    """What the scanner lacks is no fault of the services."""
    world = World()
    world.look({A: ASKED})
    assert [world.look({A: UNSEEN}) for _ in range(5)] == [[]] * 5


def test_a_socket_whose_folder_is_out_of_sight_is_unknown() -> None:
    """Neither gone nor green."""
    world = World()
    world.look({A: ASKED})
    assert world.types({A: MISSING}) == ["status_change"]
    assert (world.record.status, world.record.reason) == ("unknown", "cannot be seen")
    world.look({A: ASKED})
    assert world.record.status is Status.HEALTHY


def test_a_socket_that_may_not_be_connected_to_is_unknown_and_no_failure() -> None:
    """It is the scanner that lacks something; a doubt of the node says so."""
    world = World()
    world.look({A: ASKED})
    assert world.types({A: DENIED}) == ["status_change"]
    assert [world.look({A: DENIED}) for _ in range(2 * RULES.failures)] == [[]] * 6
    assert (world.record.status, world.record.sockets[0].failures) == (Status.UNKNOWN, 0)
    assert world.record.title == "Ledger"
    world.look({A: SILENT})
    assert (world.record.status, world.record.sockets[0].failures) == (Status.DEGRADED, 1)


def test_a_socket_keeps_the_time_of_its_last_probe() -> None:
    assert probed(OK, OK).socket.probed_ms == 1_010_000


def test_a_page_for_every_path_is_no_document_of_an_rpc_socket() -> None:
    page = replace(OK, health=Health.PAGE, documents=Documents(PAGE))
    assert probed(page).record.status is Status.NON_RPC


def test_a_socket_that_the_scanner_could_not_probe_stays_as_it_was() -> None:
    before = probed(OK).socket
    now = EvalTime(1_010_000, 10.0, 2)
    assert next_state(sock(A), before, UNSEEN, now, RULES) is before
