"""Logs: one line a record in both formats, whatever a service, an error or a library puts in."""

import io
import json
import logging
import os
import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from hero_router import strict_json
from hero_router.settings import logging_setup

log = logging.getLogger("hero_router.scan.scan_loop")

FORGED = "api\r\n12:00:00 ERROR hero_router.store forged\x1b[2J\x00\u202etxt\u2028\x85\ud800"
"""A service's name that tries to write a line of its own and to steer the screen."""

LIBRARIES = ("aiohttp", "asyncio", "gunicorn.error", "gunicorn.access")


@pytest.fixture(autouse=True)
def _restored() -> Iterator[None]:
    """Give every logger back as it was."""
    loggers = [logging.getLogger(name) for name in (None, *LIBRARIES, logging_setup.ACCESS)]
    before = [(logger, logger.handlers, logger.propagate, logger.level) for logger in loggers]
    yield
    for logger, handlers, propagate, level in before:
        logger.handlers, logger.propagate = handlers, propagate
        logger.setLevel(level)


def alone() -> None:
    """Leave pytest's own handler out: its reports cannot carry half surrogate pairs."""
    logging.getLogger().handlers = []


def text(write: Callable[[], None], level: str = "debug") -> str:
    """What `write` logs as text."""
    stream = io.StringIO()
    alone()
    logging_setup.setup(level, "text", stream)
    write()
    return stream.getvalue()


def objects(write: Callable[[], None]) -> list[dict[str, Any]]:
    """What `write` logs as JSON; every line must be strict JSON in ASCII."""
    stream = io.StringIO()
    alone()
    logging_setup.setup("debug", "json", stream)
    write()
    assert stream.getvalue().isascii()
    return [strict_json.decode(line) for line in stream.getvalue().splitlines()]


def fail(message: str) -> None:
    try:
        raise RuntimeError(message)
    except RuntimeError:
        log.exception("probing %s failed", "api")


def test_a_text_line_has_date_clock_level_logger_process_message_and_extras() -> None:
    line = text(lambda: log.warning("took %d ms", 7, extra={"node": "a", "ms": 7, "why": "x y=z"}))
    source = rf"hero_router\.scan\.scan_loop\[{os.getpid()}\]"
    form = rf"\d{{4}}-\d\d-\d\d \d\d:\d\d:\d\d WARNING {source} took 7 ms node=a ms=7 why='x y=z'\n"
    assert re.fullmatch(form, line)


def test_a_json_line_has_the_same_as_fields() -> None:
    extra = {"node": "a", "ms": 7, "ratio": 0.5, "lost": True, "since": None, "root": [1]}
    (line,) = objects(lambda: log.warning("took %d ms", 7, extra=extra))
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}\+00:00", line.pop("time"))
    assert line == {
        "level": "warning", "logger": "hero_router.scan.scan_loop", "pid": os.getpid(),
        "message": "took 7 ms", "node": "a", "ms": 7, "ratio": 0.5, "lost": True, "since": None,
        "root": "[1]",
    }  # fmt: skip


def test_json_stays_json_for_numbers_that_json_does_not_have() -> None:
    (line,) = objects(lambda: log.info("x", extra={"a": float("nan"), "b": float("inf")}))
    assert (line["a"], line["b"]) == ("nan", "inf")


def test_an_extra_cannot_pose_as_a_field_of_the_record() -> None:
    (line,) = objects(lambda: log.error("x", extra={"level": "debug", "time": "never"}))
    assert line["level"] == "error"
    assert line["time"] != "never"


@pytest.mark.parametrize(
    "char", "\r\n\t\x00\x1b\x7f\x85\xa0\u200f\u2028\u202e\ufeff\ud800", ids=ascii
)
def test_in_text_no_character_of_a_message_or_extra_leaves_unprintable(char: str) -> None:
    line = text(lambda: log.info("found %s", char, extra={"title": char, f"key{char}": 1}))
    assert line.endswith("\n")
    assert line[:-1].isprintable()


def test_a_name_cannot_forge_a_line_of_text() -> None:
    lines = text(lambda: log.info("found %s", FORGED)).splitlines()
    assert len(lines) == 1
    assert r"api\r\n12:00:00 ERROR hero_router.store forged\x1b[2J\x00\u202etxt" in lines[0]


def test_a_name_cannot_forge_a_line_of_json_and_is_read_back() -> None:
    lines = objects(lambda: log.info("found %s", FORGED, extra={"title": FORGED}))
    known = FORGED.replace("\ud800", r"\ud800")
    assert [(line["message"], line["title"]) for line in lines] == [(f"found {known}", known)]


def test_letters_of_all_scripts_stay_readable_in_text() -> None:
    assert "naïve 日本 مرحبا 🚀" in text(lambda: log.info("naïve 日本 مرحبا 🚀"))


def test_in_text_an_error_is_indented_below_and_cannot_forge_a_line() -> None:
    head, *below = text(lambda: fail("boom\n12:00:00 ERROR forged\x1b[2J")).splitlines()
    assert head.endswith(f"ERROR hero_router.scan.scan_loop[{os.getpid()}] probing api failed")
    assert below[0] == "    Traceback (most recent call last):"
    assert r"    12:00:00 ERROR forged\x1b[2J" in below
    assert all(line.startswith("    ") and line.isprintable() for line in below)


def test_in_json_an_error_is_a_field() -> None:
    (line,) = objects(lambda: fail("boom"))
    assert line["message"] == "probing api failed"
    assert line["exception"].startswith("Traceback")
    assert line["exception"].endswith("RuntimeError: boom")


def test_where_it_was_logged_is_shown_when_asked_for() -> None:
    shown = text(lambda: log.info("here", stack_info=True))
    assert "    Stack (most recent call last):\n" in shown


def test_records_below_the_level_are_dropped() -> None:
    assert text(lambda: log.info("quiet"), level="warning") == ""
    assert "loud" in text(lambda: log.warning("loud"), level="warning")


@pytest.mark.parametrize("name", LIBRARIES)
def test_a_librarys_logger_loses_its_own_handler_and_goes_through_ours(name: str) -> None:
    own = io.StringIO()
    logger = logging.getLogger(name)
    logger.handlers, logger.propagate = [logging.StreamHandler(own)], False
    (line,) = objects(lambda: logger.error("from a library"))
    assert (line["logger"], line["message"]) == (name, "from a library")
    assert own.getvalue() == ""


def test_the_last_setup_holds_and_foreign_root_handlers_stay() -> None:
    first, last = io.StringIO(), io.StringIO()
    foreign = logging.NullHandler()
    logging.getLogger().addHandler(foreign)
    logging_setup.setup("info", "text", first)
    logging_setup.setup("info", "json", last)
    log.info("once")
    assert foreign in logging.getLogger().handlers
    assert first.getvalue() == ""
    assert json.loads(last.getvalue())["message"] == "once"
    logging.getLogger().removeHandler(foreign)


def test_by_default_logs_go_to_stderr(capsys: pytest.CaptureFixture[str]) -> None:
    logging_setup.setup("info", "text")
    log.info("to stderr")
    told = capsys.readouterr()
    assert told.err.endswith(f"INFO hero_router.scan.scan_loop[{os.getpid()}] to stderr\n")
    assert told.out == ""


def test_the_access_log_has_a_form_and_a_level_of_its_own() -> None:
    """`ROUTER_LOG_LEVEL=error` does not end it, and its lines are not in the log as well."""
    own, common = io.StringIO(), io.StringIO()
    alone()
    logging_setup.setup("error", "text", common)
    logging_setup.setup_access("json", own)
    access = logging.getLogger(logging_setup.ACCESS)
    access.info("answered", extra={"status": 200})
    logging_setup.setup_access("off")
    access.info("answered")
    assert strict_json.decode(own.getvalue())["status"] == 200
    assert common.getvalue() == ""
