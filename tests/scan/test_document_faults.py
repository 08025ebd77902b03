"""Late and bad documents: what stays known, and when they are asked for again."""

import zlib
from dataclasses import replace

import pytest

from hero_router.model import Facts, Status
from hero_router.scan.probe_result import Documents, Health, ProbeResult
from hero_router.scan.tracked_state import documents_due
from hero_router.upstream.outcome import Outcome
from tests.scan.world import (
    ASKED,
    BAD_SPEC,
    BROKEN,
    FACTS,
    LATE_SPEC,
    LOGIN,
    OK,
    PAGES,
    REFUSED,
    SILENT,
    WARNED,
    A,
    World,
    probed,
    sock,
)

WEB = "svc/web_shop.sock"
SHOP = Facts(title="Shop", source_kind="manifest")
ABOUT = replace(OK, documents=Documents(SHOP))
BAD_ABOUT = replace(OK, documents=Documents(None, "bad manifest: not JSON"))
NONE = replace(OK, documents=Documents())
"""It offers no document."""


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
        for wait in range(1, 50):
            if documents_due(sock(A), world.socket):
                waits.append(wait)
                break
            world.look({A: OK})
        world.look({A: BAD_SPEC})
    assert waits == [3, 6, 12, 12]


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
    assert world.types({A: NONE}) == ["service_updated"]
    assert (world.record.title, world.record.source_kind) == ("", "none")


@pytest.mark.parametrize("other", [PAGES, ABOUT], ids=["pages", "a manifest"])
@pytest.mark.parametrize("trouble", [(BAD_SPEC,), (LATE_SPEC, LATE_SPEC)], ids=["bad", "late"])
def test_another_socket_does_not_take_the_place_of_a_document_that_turns_bad(
    other: ProbeResult, trouble: tuple[ProbeResult, ...]
) -> None:
    world = World()
    world.look({A: ASKED, WEB: other})
    changes = [change.type for result in trouble for change in world.look({A: result, WEB: other})]
    assert changes == ["status_change"]
    assert (world.record.title, world.record.source_kind) == ("Ledger", "openrpc")
    assert world.types({A: ASKED, WEB: other}) == ["status_change"]


@pytest.mark.parametrize("other", [PAGES, ABOUT], ids=["pages", "a manifest"])
def test_another_socket_that_answers_a_new_scanner_first_changes_nothing(
    other: ProbeResult,
) -> None:
    """Whether the first one is well, has a bad document, or does not answer for long."""
    for observation in (ASKED, BAD_SPEC, REFUSED, SILENT):
        world = World()
        world.look({A: ASKED, WEB: other})
        for _ in range(3):
            world.look({A: observation, WEB: other})
        world.restart()
        for result in (None, observation, observation):
            assert world.look({A: result, WEB: other}) == []
        assert (world.record.title, world.record.source_kind) == ("Ledger", "openrpc")


@pytest.mark.parametrize(
    "observed",
    [
        {A: NONE, WEB: PAGES},
        {WEB: PAGES},
        {A: NONE, WEB: PAGES, "svc/admin.sock": BAD_ABOUT},
        {A: NONE, WEB: PAGES, "svc/admin.sock": SILENT},
    ],
)
def test_a_document_that_is_gone_for_good_leaves_its_place_to_another_socket(
    observed: dict[str, ProbeResult],
) -> None:
    """Also if a socket that cannot have offered it is in trouble."""
    world = World()
    world.look({A: ASKED, WEB: PAGES})
    world.look(observed)
    assert (world.record.title, world.record.source_kind) == ("", "page")


def test_a_document_leaves_with_its_socket_on_which_nothing_listens() -> None:
    world = World()
    world.look({A: ASKED, WEB: PAGES})
    for _ in range(14):
        world.look({A: REFUSED, WEB: PAGES})
    assert [socket.path for socket in world.record.sockets] == [WEB]
    assert world.record.source_kind == "page"


def test_a_new_manifest_is_seen_beside_a_socket_whose_own_one_is_bad() -> None:
    world = World()
    world.look({A: BAD_ABOUT, WEB: ABOUT})
    world.look({A: BAD_ABOUT, WEB: replace(OK, documents=Documents(replace(SHOP, title="New")))})
    assert (world.record.title, world.record.spec_error) == ("New", "bad manifest: not JSON")


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


def test_documents_are_asked_for_again_after_a_number_of_probes() -> None:
    """The first time it differs by path; late ones at once; bad ones soon, and then less often."""
    spread = zlib.crc32(A.encode()) % 12
    assert spread > 0
    for results, probes in (
        ((ASKED,), 11 + spread),
        ((ASKED, ASKED), 11),
        ((ASKED, OK), 10 + spread),
        ((ASKED, WARNED), 0),
        ((OK, LATE_SPEC), 0),
        ((OK, LATE_SPEC, LATE_SPEC), 5),
        ((OK, BAD_SPEC), 2),
        ((OK, BAD_SPEC, BAD_SPEC, BAD_SPEC), 11),
    ):
        assert probed(*results).socket.documents_in == probes, results


def test_after_a_failure_documents_are_asked_for_even_if_they_failed_with_the_same_words() -> None:
    """The service may have restarted: its documents may be good again at the next probe."""
    broken_off = replace(OK, documents=Documents(None, BROKEN.error))
    world = probed(OK, broken_off, broken_off, broken_off)
    assert not documents_due(sock(A), world.socket)
    assert world.look({A: BROKEN}) == []
    assert documents_due(sock(A), world.socket)
