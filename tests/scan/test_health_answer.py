"""What each answer to a health check means: by its status, by its words, and by nothing else."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hero_router.scan import health_answer
from hero_router.scan.health_answer import Grade
from hero_router.scan.probe_result import Health
from hero_router.upstream.response_parser import Response

PAGE = Path(__file__).resolve().parent.parent.parent / "docs" / "health.md"


def of(value: object, status: int = 200) -> tuple[Health, str | None]:
    return health_answer.grade(Response(status, "application/json", json.dumps(value).encode()))


GOOD, WARN, BAD = Health.GOOD, Health.WARN, Health.BAD

HEALTH_JSON = [
    ({"status": "pass"}, GOOD),
    ({"status": "ok"}, GOOD),
    ({"status": "up"}, GOOD),
    ({"status": "warn", "output": "disk 91 %"}, WARN),
    ({"status": "fail"}, BAD),
    ({"status": "error"}, BAD),
    ({"status": "down"}, BAD),
    ({"status": "pass", "checks": {"db:time": [{"status": "fail"}]}}, GOOD),
    ({"checks": {"db:time": [{"status": "pass"}, {"status": "fail"}]}}, BAD),
]
SPRING = [
    ({"status": "UP", "components": {"db": {"status": "DOWN"}}}, GOOD),
    ({"status": "DOWN"}, BAD),
    ({"status": "OUT_OF_SERVICE"}, BAD),
    ({"status": "UNKNOWN"}, WARN),
    ({"components": {"db": {"status": "UP"}, "disk": {"status": "OUT_OF_SERVICE"}}}, BAD),
]
ASP_NET = [
    ({"Status": "Healthy"}, GOOD),
    ({"status": "Degraded", "results": {"queue": {"status": "Degraded"}}}, WARN),
    ({"status": "Unhealthy"}, BAD),
    ({"entries": {"queue": {"Status": "Degraded"}}}, WARN),
]
MICROPROFILE = [
    ({"status": "UP", "checks": []}, GOOD),
    ({"status": "DOWN", "checks": [{"name": "db", "status": "DOWN"}]}, BAD),
    ({"outcome": "DOWN"}, BAD),
    ({"checks": [{"name": "db", "status": "UP"}]}, GOOD),
    ({"checks": [{"name": "db", "status": "DOWN"}]}, BAD),
    ({"checks": []}, GOOD),
]
OTHERS = [
    ("ok", GOOD),
    ("Unhealthy", BAD),
    (True, GOOD),
    (False, BAD),
    (None, GOOD),
    (1, GOOD),
    ([], GOOD),
    (["fail"], GOOD),
    ({}, GOOD),
    ({"status": "starting"}, WARN),
    ({"status": "healthy"}, GOOD),
    ({"status": "unhealthy"}, BAD),
    ({"Status": "passing"}, GOOD),
    ({"Status": "warning"}, WARN),
    ({"Status": "critical"}, BAD),
    ({"status": "SERVING"}, GOOD),
    ({"status": "NOT_SERVING"}, BAD),
    ({"status": "green"}, GOOD),
    ({"status": "yellow"}, WARN),
    ({"status": "red"}, BAD),
    ({"health": "true", "reason": ""}, GOOD),
    ({"health": "false"}, BAD),
    ({"healthy": True}, GOOD),
    ({"healthy": False}, BAD),
    ({"ok": False}, BAD),
    ({"success": False, "error": "x"}, BAD),
    ({"success": True}, GOOD),
    ({"status": True}, GOOD),
    ({"status": False}, BAD),
    ({"status": "ok", "healthy": False}, BAD),
    ({"status": "OK."}, GOOD),
    ({"status": "out of service"}, BAD),
    ({"status": "not-ready"}, BAD),
    *(({"status": word}, GOOD) for word in ("running", "alive", "available", "operational")),
    *(({"status": word}, GOOD) for word in ("serving", "started", "active", "ready", "leader")),
]


@pytest.mark.parametrize(
    ("value", "expected"), [*HEALTH_JSON, *SPRING, *ASP_NET, *MICROPROFILE, *OTHERS]
)
def test_the_words_of_the_formats_that_are_in_use(value: Any, expected: Health) -> None:
    found, reason = of(value)
    assert found is expected
    assert (reason is None) is (expected is GOOD)


@pytest.mark.parametrize(
    ("body", "media", "expected"),
    [
        (b"OK", "text/plain", GOOD),
        (b"ok\n", "", GOOD),
        (b"Healthy", "text/plain", GOOD),
        (b"Degraded", "text/plain", WARN),
        (b"Unhealthy", "text/plain", BAD),
        (b"PONG", "text/plain", GOOD),
        (b"", "", GOOD),
        (b"the answer is 42, and no word", "text/plain", GOOD),
        (b"banana", "text/plain", GOOD),
        (b"\xff\x00\xfe", "application/octet-stream", GOOD),
        (b'{"status": "down"', "application/json", GOOD),
        (b'{"status": "down"}', "text/plain", BAD),
        (b"OK", "text/html", GOOD),
        (b"Unhealthy", "text/html", BAD),
        (b"<!DOCTYPE html><p>hi", "text/html", Health.PAGE),
        (b"  <html lang=en>", "", Health.PAGE),
        (b"<p>hi</p>", "text/html", Health.PAGE),
    ],
)
def test_plain_texts_and_pages(body: bytes, media: str, expected: Health) -> None:
    """ASP.NET answers with one plain word; many frameworks send a bare OK as HTML."""
    assert health_answer.grade(Response(200, media, body))[0] is expected


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        (200, GOOD),
        (204, GOOD),
        (301, Health.NONE),
        (401, Health.LOGIN),
        (403, Health.LOGIN),
        (404, Health.NONE),
        (405, Health.NONE),
        (429, WARN),
        (500, BAD),
        (501, Health.NONE),
        (503, BAD),
    ],
)
def test_the_status_of_http_counts_first(status: int, expected: Health) -> None:
    """A body that says "warn", or even "ok", does not make a 503 better."""
    assert of({"status": "warn" if status >= 500 else "ok"}, status)[0] is expected


def test_a_word_that_is_not_known_is_no_good_sign_and_is_not_repeated() -> None:
    """It may vary, so the reason has it not: the same trouble reads the same each time."""
    assert of({"status": "kaputt"}) == (WARN, "health check answers with an unknown word")
    assert of({"status": "kaputt"}) == of({"status": "defekt"})


@pytest.mark.parametrize("value", [7, "1.2.3", "up since 12:30", ["ok"], {"code": "UP"}, "", None])
def test_what_is_no_word_says_nothing(value: object) -> None:
    """Versions, numbers, sentences, objects: the status of HTTP is all there is."""
    assert of({"status": value}) == (GOOD, None)


def test_of_many_parts_only_so_many_are_looked_at() -> None:
    parts = [{"status": "UP"}] * health_answer.MOST_CHECKS + [{"status": "DOWN"}]
    assert of({"checks": parts})[0] is GOOD
    assert of({"checks": parts[1:]})[0] is BAD


def test_an_answer_that_was_left_unread_counts_by_its_status() -> None:
    assert health_answer.grade(Response(200, "application/json", flaw="larger"))[0] is GOOD
    assert health_answer.grade(Response(200, "text/html", flaw="larger"))[0] is Health.PAGE


@given(st.binary(max_size=80) | st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=12),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(
        st.sampled_from([*health_answer.WORDS, *health_answer.SWITCHES, *health_answer.CHECKS]),
        inner, max_size=4),
    max_leaves=12,
).map(lambda value: json.dumps(value).encode()))  # fmt: skip
def test_any_body_has_a_grade_and_a_reason_if_it_is_not_good(body: bytes) -> None:
    grade, reason = health_answer.said(body)
    assert (grade is Grade.GOOD) == (reason is None)


def test_the_page_for_people_has_each_word_in_its_row() -> None:
    text = PAGE.read_text("utf-8")
    for title, words in (
        ("good", health_answer.GOOD_WORDS),
        ("warning", health_answer.WARN_WORDS),
        ("bad", health_answer.BAD_WORDS),
    ):
        row = next(line for line in text.splitlines() if line.startswith(f"| {title} |"))
        assert set(re.findall(r"`([a-z_]+)`", row)) == words
    for name in (*health_answer.WORDS, *health_answer.SWITCHES, *health_answer.CHECKS):
        assert f"`{name}`" in text
