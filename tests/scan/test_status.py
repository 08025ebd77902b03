"""The rules for one socket and for the whole: which observations make which status."""

import zlib
from dataclasses import replace

import pytest

from hero_router.model import Status
from hero_router.scan.document_parser import PAGE
from hero_router.scan.result import Documents, Health, ProbeResult
from hero_router.scan.status import (
    BAD_DOCUMENTS_EVERY,
    DOCUMENTS_EVERY,
    NOTHING_OFFERED,
    ONLY_PAGES,
    EvalTime,
    next_state,
)
from hero_router.scan.tracked import documents_due
from hero_router.upstream.outcome import Outcome
from tests.scan.world import (
    ASKED,
    BAD_SPEC,
    BROKEN,
    CLOSED,
    DENIED,
    FACTS,
    FOREIGN,
    LATE_SPEC,
    MISSING,
    OK,
    REFUSED,
    RULES,
    SICK,
    SILENT,
    UNSEEN,
    WARNED,
    A,
    World,
    sock,
)


def test_a_new_service_is_added_with_its_facts() -> None:
    world = World()
    (change,) = world.look({A: ASKED})
    assert change.type == "service_added"
    assert change.payload == {"service": world.record.to_json()}
    record = world.record
    assert (record.status, record.reason, record.title) == (Status.HEALTHY, "", "Ledger")
    assert (record.methods, record.source_kind) == (("add",), "openrpc")
    assert record.socket_path == "/root/svc/rpc.sock"
    assert record.first_seen == record.changed_at == 1_005_000


def test_an_unchanged_world_makes_no_change() -> None:
    """Not for any status, not for other latencies, however long it lasts."""
    observed = {
        "a/rpc.sock": ASKED,
        "b/rpc.sock": SILENT,
        "c/rpc.sock": FOREIGN,
        "d/rpc.sock": SICK,
        "e/rpc.sock": BAD_SPEC,
        "f/rpc.sock": CLOSED,
    }
    world = World()
    for _ in range(RULES.failures):
        world.look(observed)
    for number in range(1, 30):
        again = {
            path: replace(item, latency_ms=item.latency_ms and number)
            for path, item in observed.items()
        }
        assert world.look(again) == []


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


def test_failures_in_a_row_make_it_unhealthy_and_one_answer_heals() -> None:
    world = World()
    world.look({A: ASKED})
    statuses = []
    for observation in (BROKEN, BROKEN, BROKEN, BROKEN, OK):
        world.look({A: observation})
        statuses.append(world.record.status)
    assert statuses == ["degraded", "degraded", "unhealthy", "unhealthy", "healthy"]


def test_failures_that_are_not_in_a_row_never_make_it_unhealthy() -> None:
    world = World()
    world.look({A: ASKED})
    for observation in (SILENT, SILENT, OK, SILENT, SILENT, OK):
        world.look({A: observation})
        assert world.record.status is not Status.UNHEALTHY


def test_counting_failures_is_no_event() -> None:
    """Degraded at the first failure, unhealthy at the third: the second one changes nothing."""
    world = World()
    world.look({A: ASKED})
    assert [world.types({A: BROKEN}) for _ in range(4)] == [
        ["status_change"],
        [],
        ["status_change"],
        [],
    ]


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


def test_closing_in_silence_is_failure_for_one_that_spoke_and_foreign_for_others() -> None:
    spoke, foreign = World(), World()
    spoke.look({A: ASKED})
    for world in (spoke, foreign):
        for _ in range(3):
            world.look({A: CLOSED})
    assert (spoke.record.status, foreign.record.status) == ("unhealthy", "non_rpc")


@pytest.mark.parametrize(
    ("health", "reason"), [(Health.NONE, NOTHING_OFFERED), (Health.PAGE, ONLY_PAGES)]
)
def test_an_rpc_socket_that_speaks_http_but_offers_nothing_has_that_reason(
    health: Health, reason: str
) -> None:
    """Its status is that of a stranger, but nobody says that it does not speak HTTP."""
    world = World()
    world.look({A: ProbeResult(Outcome.ANSWERED, None, health, Documents(), 1.0)})
    assert (world.record.status, world.record.reason) == (Status.NON_RPC, reason)
    assert "does not speak HTTP" not in reason


def test_a_web_socket_that_is_all_pages_is_alive_and_shown_as_such() -> None:
    world = World()
    seen = ProbeResult(Outcome.ANSWERED, None, Health.PAGE, Documents(PAGE), 1.0)
    world.look({"svc/web_app.sock": seen})
    record = world.record
    assert (record.status, record.reason) == (Status.HEALTHY, "")
    assert (record.source, record.source_kind) == ("HTML at every path", "page")


def test_pages_never_speak_for_a_service_that_has_a_document() -> None:
    world = World()
    pages = ProbeResult(Outcome.ANSWERED, None, Health.PAGE, Documents(PAGE), 1.0)
    about = replace(OK, documents=Documents(replace(FACTS, source_kind="manifest")))
    world.look({"svc/web_a.sock": pages, "svc/web_b.sock": about})
    assert (world.record.source_kind, world.record.title) == ("manifest", "Ledger")


LOGIN = ProbeResult(Outcome.ANSWERED, "asks for a login (401)", Health.LOGIN, Documents(), 1.0)


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


def test_a_service_behind_a_login_that_dies_fails_like_any_other() -> None:
    """That it once spoke is remembered, though it was never healthy."""
    world = World()
    world.look({A: LOGIN})
    for _ in range(RULES.failures):
        world.look({A: CLOSED})
    assert world.record.status is Status.UNHEALTHY


def test_a_health_check_that_says_down_is_a_failure() -> None:
    """Degraded first, and unhealthy after as many in a row as there are failures to wait for."""
    world = World()
    world.look({A: ASKED})
    statuses = []
    for _ in range(RULES.failures + 1):
        world.look({A: SICK})
        statuses.append(world.record.status)
    assert statuses == ["degraded", "degraded", "unhealthy", "unhealthy"]
    assert world.record.reason == SICK.error


def test_a_dead_service_that_answers_500_to_everything_does_not_stay_yellow() -> None:
    """From its first probe on; its documents are as bad, but that is not the news."""
    world = World()
    dead = replace(SICK, documents=Documents(None, "bad spec: answers 500"))
    for _ in range(RULES.failures):
        world.look({A: dead})
    assert (world.record.status, world.record.reason) == ("unhealthy", SICK.error)


def test_a_warning_stays_a_warning_however_long() -> None:
    world = World()
    world.look({A: ASKED})
    for _ in range(5 * RULES.failures):
        world.look({A: WARNED})
        assert world.record.status is Status.DEGRADED


def test_a_first_late_probe_is_no_event_and_the_second_in_a_row_is() -> None:
    world = World()
    world.look({A: ASKED})
    assert world.look({A: SILENT}) == []
    assert (world.record.status, world.socket.state.failures) == ("healthy", 1)
    assert not documents_due(sock(A), world.socket), "a busy service is not asked for even more"
    (change,) = world.look({A: SILENT})
    assert (change.data["to"], change.data["reason"]) == ("degraded", SILENT.error)
    (change,) = world.look({A: SILENT})
    assert change.data["to"] == "unhealthy"


def test_a_busy_service_that_is_late_now_and_then_makes_no_event() -> None:
    """The failures are figures, and they are counted anew after each answer."""
    world = World()
    world.look({A: ASKED})
    for _ in range(20):
        assert world.look({A: SILENT}) == []
        assert world.look({A: OK}) == []
        assert world.socket.state.failures == 0


def test_a_late_probe_keeps_whatever_was_known() -> None:
    for known in (WARNED, LOGIN, replace(OK, health=Health.NONE, documents=Documents())):
        world = World()
        world.look({A: known})
        before = world.record
        world.look({A: SILENT})
        assert world.record == before


def test_a_socket_that_never_answered_is_not_excused() -> None:
    world = World()
    world.look({A: SILENT})
    assert world.record.status is Status.DEGRADED


def test_where_one_failure_is_enough_the_first_late_probe_counts() -> None:
    world = World(rules=replace(RULES, failures=1))
    world.look({A: ASKED})
    world.look({A: SILENT})
    assert world.record.status is Status.UNHEALTHY


def test_nobody_waits_for_a_second_refusal_or_a_second_broken_answer() -> None:
    for observation in (REFUSED, CLOSED, BROKEN):
        world = World()
        world.look({A: ASKED})
        assert world.types({A: observation}) == ["status_change"]


def test_documents_that_are_late_once_are_asked_for_again_and_change_nothing() -> None:
    world = World()
    world.look({A: ASKED})
    assert world.look({A: LATE_SPEC}) == []
    assert documents_due(sock(A), world.socket)
    (change,) = world.look({A: LATE_SPEC})
    assert (change.data["to"], change.data["reason"]) == ("degraded", "no answer in 2 s")


def test_documents_that_are_late_for_a_new_scanner_change_nothing_either() -> None:
    """What the registry knows of a socket without a health check is not forgotten for that."""
    world = World()
    plain = ProbeResult(Outcome.ANSWERED, None, Health.NONE, Documents(FACTS), 1.0)
    world.look({A: plain})
    world.restart()
    assert world.look({A: replace(plain, documents=LATE_SPEC.documents)}) == []
    assert world.look({A: plain}) == []


def test_a_document_that_stays_bad_is_looked_at_less_and_less() -> None:
    world = World()
    world.look({A: BAD_SPEC})
    waits = []
    for _ in range(4):
        wait = 0
        while not documents_due(sock(A), world.socket):
            world.look({A: OK})
            wait += 1
        waits.append(wait + 1)
        world.look({A: BAD_SPEC})
    assert waits == [BAD_DOCUMENTS_EVERY, 2 * BAD_DOCUMENTS_EVERY, DOCUMENTS_EVERY, DOCUMENTS_EVERY]


def test_no_health_check_beside_a_document_is_healthy() -> None:
    world = World()
    world.look({A: ProbeResult(Outcome.ANSWERED, documents=Documents(FACTS))})
    assert world.record.status is Status.HEALTHY
    assert world.look({A: ProbeResult(Outcome.ANSWERED)}) == []


def test_a_browser_socket_without_any_check_is_healthy() -> None:
    world = World()
    world.look({"svc/admin.sock": ProbeResult(Outcome.ANSWERED, documents=Documents())})
    assert world.record.status is Status.HEALTHY


def test_a_bad_spec_degrades_and_keeps_the_last_good_one() -> None:
    """Kept and marked, until a good one is seen again."""
    world = World()
    world.look({A: ASKED})
    world.look({A: BAD_SPEC})
    record = world.record
    assert (record.status, record.reason) == ("degraded", "bad spec: not JSON")
    assert (record.title, record.spec_error) == ("Ledger", "bad spec: not JSON")
    assert world.look({A: OK}) == []
    world.look({A: ASKED})
    assert (world.record.status, world.record.spec_error) == ("healthy", None)


def test_a_new_scanner_keeps_what_is_known_until_it_has_looked() -> None:
    """A takeover in a quiet world is no event, whether documents are good, bad or unreadable."""
    for observation in (ASKED, BAD_SPEC, REFUSED, SILENT):
        world = World()
        world.look({A: ASKED})
        for _ in range(3):
            world.look({A: observation})
        world.restart()
        assert world.look({A: None}) == []
        assert world.look({A: observation}) == []
        assert world.record.title == "Ledger"


def test_documents_are_dropped_when_the_service_offers_none_any_more() -> None:
    world = World()
    world.look({A: ASKED})
    assert world.types({A: replace(OK, documents=Documents())}) == ["service_updated"]
    assert (world.record.title, world.record.source_kind) == ("", "none")


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


def test_a_stale_socket_that_cannot_be_seen_stays_away() -> None:
    world = World()
    for _ in range(15):
        world.look({A: REFUSED})
    assert world.known == {}
    assert world.look({A: MISSING}) == []


@pytest.mark.parametrize(
    ("observed", "status"),
    [
        ({"s/rpc.sock": ASKED, "s/admin.sock": DENIED}, "unknown"),
        ({"s/rpc.sock": ASKED, "s/admin.sock": MISSING}, "unknown"),
        ({"s/rpc.sock": SILENT, "s/admin.sock": DENIED}, "degraded"),
        ({"s/rpc.sock": REFUSED, "s/admin.sock": DENIED}, "inactive"),
        ({"s/rpc.sock": ASKED, "s/admin.sock": OK}, "healthy"),
        ({"s/rpc.sock": ASKED, "s/admin.sock": REFUSED}, "degraded"),
        ({"s/rpc.sock": SILENT, "s/admin.sock": OK}, "degraded"),
        ({"s/rpc.sock": REFUSED, "s/admin.sock": REFUSED}, "inactive"),
        ({"s/rpc.sock": ASKED, "s/x.sock": FOREIGN}, "healthy"),
        ({"s/rpc.sock": REFUSED, "s/x.sock": FOREIGN}, "inactive"),
        ({"s/x.sock": FOREIGN}, "non_rpc"),
        ({"s/rpc.sock": ASKED, "s/admin.sock": FOREIGN}, "degraded"),
        ({"s/rpc.sock": ASKED, "s/admin.sock": None}, "healthy"),
        ({"s/rpc.sock": None, "s/x.sock": None}, "unknown"),
    ],
)
def test_the_status_of_a_service_follows_from_its_sockets(
    observed: dict[str, ProbeResult | None], status: str
) -> None:
    world = World()
    world.look(observed)
    assert world.record.status == status


def test_each_socket_has_its_own_status_and_the_reason_names_it() -> None:
    world = World()
    world.look({"s/rpc.sock": ASKED, "s/admin.sock": REFUSED})
    rpc, admin = world.record.sockets
    assert (rpc.name, rpc.role, rpc.path, rpc.status) == ("rpc", "rpc", "s/rpc.sock", "healthy")
    assert (admin.status, admin.error) == ("inactive", "nothing listens")
    assert world.record.reason == "admin: nothing listens"


def probed(*results: ProbeResult) -> World:
    """A world with one socket after these probes, one a scan."""
    world = World()
    for result in results:
        world.look({A: result})
    return world


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


def test_a_socket_keeps_the_time_of_its_last_probe() -> None:
    assert probed(OK, OK).socket.probed_ms == 1_010_000


LOGIN = ProbeResult(Outcome.ANSWERED, "wants a login", Health.LOGIN, latency_ms=1.0)


@pytest.mark.parametrize(
    ("results", "status"),
    [
        ((LATE_SPEC,), Status.DEGRADED),
        ((OK, BAD_SPEC), Status.DEGRADED),
        ((OK, LATE_SPEC), Status.HEALTHY),
        ((OK, LATE_SPEC, LATE_SPEC), Status.DEGRADED),
        ((OK, replace(LATE_SPEC, health=Health.WARN)), Status.DEGRADED),
        ((ASKED, WARNED, LATE_SPEC), Status.HEALTHY),
        ((OK, LOGIN), Status.UNKNOWN),
    ],
)
def test_documents_that_are_late_change_nothing_only_the_first_time(
    results: tuple[ProbeResult, ...], status: Status
) -> None:
    assert probed(*results).record.status is status


def test_a_page_for_every_path_is_no_document_of_an_rpc_socket() -> None:
    page = replace(OK, health=Health.PAGE, documents=Documents(PAGE))
    assert probed(page).record.status is Status.NON_RPC


def test_documents_are_asked_for_again_after_a_number_of_probes() -> None:
    """The first time it differs by path; late ones at once; bad ones soon, and then less often."""
    spread = zlib.crc32(A.encode()) % DOCUMENTS_EVERY
    assert spread > 0
    for results, probes in (
        ((ASKED,), DOCUMENTS_EVERY - 1 + spread),
        ((ASKED, ASKED), DOCUMENTS_EVERY - 1),
        ((ASKED, OK), DOCUMENTS_EVERY - 2 + spread),
        ((ASKED, WARNED), 0),
        ((OK, LATE_SPEC), 0),
        ((OK, LATE_SPEC, LATE_SPEC), 2 * BAD_DOCUMENTS_EVERY - 1),
        ((OK, BAD_SPEC), BAD_DOCUMENTS_EVERY - 1),
        ((OK, BAD_SPEC, BAD_SPEC, BAD_SPEC), DOCUMENTS_EVERY - 1),
    ):
        assert probed(*results).socket.documents_in == probes, results


def test_a_socket_that_the_scanner_could_not_probe_stays_as_it_was() -> None:
    before = probed(OK).socket
    now = EvalTime(1_010_000, 10.0, 2)
    assert next_state(sock(A), before, UNSEEN, now, RULES) is before


def test_an_excused_probe_keeps_the_last_latency_unless_it_has_its_own() -> None:
    assert probed(OK, SILENT).socket.state.latency_ms == 1.0
    assert probed(OK, replace(LATE_SPEC, latency_ms=7.0)).socket.state.latency_ms == 7.0


def test_a_stale_socket_that_is_missing_stays_stale_and_one_that_answers_does_not() -> None:
    world = probed(*[REFUSED] * 14)
    stale = world.socket
    assert stale.stale
    world.look({A: MISSING})
    assert world.socket == stale
    world.look({A: OK})
    assert not world.socket.stale
