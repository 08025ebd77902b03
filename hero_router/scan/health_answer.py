"""Interprets the answer to `GET /health`: first the HTTP status, then known words in the body.

docs/health.md has the same words for people: a word that is added here must be added there. Pure:
no I/O, no clock.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from enum import IntEnum
from itertools import islice
from typing import Any

from hero_router.scan.probe_result import Health
from hero_router.strict_json import InvalidJson, decode
from hero_router.upstream.response_parser import Response

GOOD_WORDS = frozenset({
    "active", "alive", "available", "enabled", "fine", "good", "green", "healthy", "idle",
    "leader", "follower", "live", "master", "normal", "ok", "okay", "online",
    "operational", "pass", "passed", "passing", "pong", "primary", "ready", "replica",
    "reachable", "running", "secondary", "serving", "started", "success", "succeeded", "true",
    "up", "valid", "well", "working", "yes",
})  # fmt: skip
WARN_WORDS = frozenset({
    "activating", "booting", "busy", "deactivating", "degraded", "disabled", "draining",
    "impaired", "initializing", "limited", "maintenance", "overloaded", "partial", "paused",
    "pending", "recovering", "reloading", "restarting", "service_unknown", "shutting_down",
    "starting", "stopping", "suspended", "syncing", "unknown", "unstable", "warmup",
    "warming_up", "warn", "warning", "yellow",
})  # fmt: skip
BAD_WORDS = frozenset({
    "broken", "crashed", "critical", "dead", "down", "err", "error", "fail", "failed",
    "failing", "failure", "false", "fatal", "inactive", "ko", "no", "nok", "not_available",
    "not_healthy", "not_ok", "not_ready", "not_serving", "offline", "out_of_service", "red",
    "sick", "stopped", "unavailable", "unhealthy", "unreachable",
})  # fmt: skip

WORDS = ("status", "outcome", "health", "state")
"""Fields of the body whose word counts; the first one present. `outcome` is from MicroProfile 1."""
SWITCHES = ("healthy", "ok", "success", "alive", "up")
"""Fields of the body that count if they are true or false."""
CHECKS = ("checks", "components", "details", "entries", "results")
"""Fields of the body that list the checks of a service's components.

health+json, Spring Boot, ASP.NET and MicroProfile have such lists."""
MOST_CHECKS = 100
"""Maximum number of component checks that are read."""
LOGINS = (401, 403, 407)

_WORD = re.compile(r"[a-z][a-z_ -]{0,31}[.!]?")
_STRANGE = "health check answers with an unknown word"


class Grade(IntEnum):
    """The grade of a health check, or of one of its words; the worst is the largest."""

    GOOD = 0
    WARN = 1
    BAD = 2


Said = tuple[Grade, str | None]
"""A grade and, unless the grade is good, its reason: a fixed text, as a service's text may vary."""


def grade(answer: Response) -> tuple[Health, str | None]:
    """Interpret an answer to `GET /health`: the result, and a reason if it is not good."""
    status = answer.status
    if status in LOGINS:
        return Health.LOGIN, f"asks for a login ({status}): its health cannot be asked"
    if status == 429:
        return Health.WARN, "health check answers 429: it is asked too often"
    if status >= 500 and status != 501:
        return Health.BAD, f"health check answers {status}"
    if status // 100 != 2:
        return Health.NONE, None
    if answer.page:
        return Health.PAGE, None
    grade, reason = said(answer.body)
    return (Health.GOOD, Health.WARN, Health.BAD)[grade], reason


def said(body: bytes) -> Said:
    """Grade the body of a 2xx answer; a body that is neither JSON nor a known word is good."""
    try:
        value = decode(body)
    except InvalidJson:
        return _plain(body)
    if isinstance(value, dict):
        return _object(value)
    return _said_by(value, strange=Grade.GOOD)


def _plain(body: bytes) -> Said:
    """Grade a plain text; it counts only if it is a single known word."""
    return _said_by(body[:64].decode("latin-1") if len(body) <= 64 else "", strange=Grade.GOOD)


def _object(value: Mapping[str, Any]) -> Said:
    """Grade a JSON object by its own fields, or else by the worst of its component checks."""
    value = {name.lower(): item for name, item in value.items()}
    top = list(_statements(value))
    return max(top or list(_parts(value)), default=(Grade.GOOD, None), key=lambda one: one[0])


def _statements(value: Mapping[str, Any]) -> Iterator[Said]:
    word = next((value[name] for name in WORDS if _tells(value.get(name))), None)
    if word is not None:
        yield _said_by(word, strange=Grade.WARN)
    for name in SWITCHES:
        if isinstance(value.get(name), bool):
            yield _said_by(value[name], strange=Grade.WARN)


def _parts(value: Mapping[str, Any]) -> Iterator[Said]:
    parts = next((value[name] for name in CHECKS if isinstance(value.get(name), dict | list)), ())
    for part in islice(_flat(parts), MOST_CHECKS):
        for grade, reason in _statements({name.lower(): item for name, item in part.items()}):
            yield grade, None if reason is None else f"a part of it is not well: {reason}"


def _flat(parts: Mapping[str, Any] | Iterable[Any]) -> Iterator[Mapping[str, Any]]:
    """The component checks in a list of objects, or in objects or lists of objects by name."""
    found: Iterable[Any] = parts.values() if isinstance(parts, dict) else parts
    for part in found:
        if isinstance(part, dict):
            yield part
        elif isinstance(part, list):
            yield from (one for one in part if isinstance(one, dict))


def _tells(value: object) -> bool:
    """Whether a value is a word or a boolean; a number or a sentence does not count."""
    return isinstance(value, bool) or (
        isinstance(value, str) and _WORD.fullmatch(value.strip().lower()) is not None
    )


def _said_by(value: object, *, strange: Grade) -> Said:
    """Grade one word or boolean; `strange` is the grade of an unknown word."""
    if isinstance(value, bool):
        return (Grade.GOOD, None) if value else (Grade.BAD, "health check says no")
    if not isinstance(value, str) or not _tells(value):
        return Grade.GOOD, None
    word = re.sub("[ -]", "_", value.strip().lower().rstrip(".!"))
    if word in BAD_WORDS:
        return Grade.BAD, f"health check says {word}"
    if word in WARN_WORDS:
        return Grade.WARN, f"health check says {word}"
    if word in GOOD_WORDS or strange is Grade.GOOD:
        return Grade.GOOD, None
    return strange, _STRANGE
