"""One line in the log for each change of a service's status that was published."""

import io
import logging
from collections.abc import Iterator
from dataclasses import replace

import pytest

from hero_router.errors import StoreUnreachable
from hero_router.model import Status
from hero_router.scan.flaps import WINDOW
from hero_router.scan.status_change_log import log_status
from hero_router.settings.logging_setup import JsonFormatter, TextFormatter
from hero_router.strict_json import decode
from tests.scan.node import Node
from tests.scan.services import Services, good
from tests.support.records import record

LOGGER = "hero_router.scan.status_change_log"


@pytest.fixture(autouse=True)
def everything(caplog: pytest.LogCaptureFixture) -> Iterator[None]:
    """All levels are kept."""
    with caplog.at_level(logging.DEBUG, LOGGER):
        yield


def lines(caplog: pytest.LogCaptureFixture) -> list[tuple[str, str]]:
    return [(item.levelname, item.getMessage()) for item in caplog.records if item.name == LOGGER]


SICK = replace(record("ledger"), status=Status.UNHEALTHY, reason="health check answers 503")


@pytest.mark.parametrize(
    ("old", "new", "level"),
    [
        ("healthy", "degraded", "WARNING"),
        ("degraded", "unhealthy", "WARNING"),
        ("healthy", "unknown", "WARNING"),
        ("healthy", "inactive", "WARNING"),
        ("unhealthy", "degraded", "INFO"),
        ("unhealthy", "healthy", "INFO"),
    ],
)
def test_worse_is_a_warning_and_better_is_not(
    caplog: pytest.LogCaptureFixture, old: str, new: str, level: str
) -> None:
    before, after = (replace(SICK, status=Status(status)) for status in (old, new))
    log_status(before, after)
    assert lines(caplog) == [(level, f"service ledger is {new}")]


def test_the_same_status_is_no_line(caplog: pytest.LogCaptureFixture) -> None:
    log_status(SICK, replace(SICK, reason="another one"))
    assert lines(caplog) == []


def test_a_new_service_has_a_line_only_if_it_is_not_well(caplog: pytest.LogCaptureFixture) -> None:
    unprobed = replace(SICK, status=Status.UNKNOWN, reason="")
    log_status(None, record("ledger"))
    log_status(None, unprobed)
    log_status(unprobed, record("ledger"))
    assert lines(caplog) == []
    log_status(unprobed, SICK)
    log_status(None, SICK)
    assert lines(caplog) == [("WARNING", "service ledger is unhealthy")] * 2


def test_a_service_that_can_be_probed_again_has_come_up(caplog: pytest.LogCaptureFixture) -> None:
    log_status(replace(SICK, status=Status.UNKNOWN), record("ledger"))
    assert lines(caplog) == [("INFO", "service ledger is healthy")]


def test_programs_get_fields_and_people_a_sentence_with_them() -> None:
    for formatter in (JsonFormatter(), TextFormatter()):
        stream = io.StringIO()
        handler = logging.StreamHandler(stream)
        handler.setFormatter(formatter)
        logger = logging.getLogger(LOGGER)
        logger.addHandler(handler)
        log_status(record("ledger"), SICK)
        logger.removeHandler(handler)
        if isinstance(formatter, JsonFormatter):
            fields = {
                "service": "ledger",
                "context": "default",
                "node": "n1",
                "from": "healthy",
                "to": "unhealthy",
                "reason": "health check answers 503",
            }
            assert decode(stream.getvalue()).items() >= fields.items()
        else:
            assert stream.getvalue().endswith(
                "service ledger is unhealthy service=ledger context=default node=n1 from=healthy "
                "to=unhealthy reason='health check answers 503'\n"
            )


async def test_each_change_has_one_line_when_it_was_published(
    node: Node, services: Services, caplog: pytest.LogCaptureFixture
) -> None:
    service = good()
    await services.start("ledger.sock", service)
    worker = node.worker()
    await worker.scan_once()
    assert lines(caplog) == []
    well = service.answers["/health"]
    service.answers["/health"] = (200, {"status": "warn"})
    node.store.refusals = 1
    with pytest.raises(StoreUnreachable):
        await worker.scan_once()
    assert lines(caplog) == [], "it could not be published"
    for _ in range(3):
        await worker.scan_once()
    service.answers["/health"] = well
    await worker.scan_once()
    assert lines(caplog) == [
        ("WARNING", "service ledger is degraded"),
        ("INFO", "service ledger is healthy"),
    ]


async def test_a_redis_that_was_emptied_is_no_change_of_a_status(
    node: Node, services: Services, caplog: pytest.LogCaptureFixture
) -> None:
    service = good()
    service.answers["/health"] = (200, {"status": "warn"})
    await services.start("ledger.sock", service)
    worker = node.worker()
    await worker.scan_once()
    assert lines(caplog) == [("WARNING", "service ledger is degraded")]
    fence = node.store.fence
    node.store.flush_all()
    node.store.fence = fence
    await worker.scan_once()
    assert node.store.statuses() == {"ledger": "degraded"}
    assert lines(caplog) == [("WARNING", "service ledger is degraded")]


async def test_a_flapping_service_does_not_flood_the_log(
    node: Node, services: Services, caplog: pytest.LogCaptureFixture
) -> None:
    service = good()
    await services.start("ledger.sock", service)
    worker = node.worker()
    well = service.answers["/health"]
    for number in range(4 * WINDOW):
        service.answers["/health"] = (200, {"status": "warn"}) if number % 2 else well
        await worker.scan_once()
    assert len(lines(caplog)) <= 5
