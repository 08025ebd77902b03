"""What a new sender tells of the time since the last one wrote its position."""

from collections.abc import Mapping
from typing import Any, cast

import pytest

from hero_router.model import Event
from hero_router.notify import follower
from hero_router.notify.follower import Follower
from hero_router.notify.messages import Message
from hero_router.notify.transitions import ServiceState, Transitions
from hero_router.position import Position
from hero_router.store.snapshot import Snapshot, Version
from hero_router.store.webhook import WebhookState
from hero_router.strict_json import encode

NOW_MS = 7_000
WINDOW = 4
UP = ServiceState("id-a", "a", "shop", "n1", "healthy", told="up", flapping=False)


def service(status: str) -> dict[str, Any]:
    names = {"id": "id-a", "name": "a", "context": "shop", "node": "n1"}
    return {**names, "status": status, "reason": "", "changed_at": 3, "sockets": []}


def change(seq: int, status: str) -> Event:
    payload = {"service": service(status)}
    return Event(Position(9, seq), "status_change", "n1", "id-a", payload, "", at=1_000 + seq)


def kept(seq: int | None, **services: str) -> WebhookState:
    """What the last sender wrote, at this position: the service was up."""
    cursor = None if seq is None else Position(9, seq)
    return WebhookState(cursor, {"id-a": encode(UP.to_json()), **services}, frozenset({"n7"}))


def caught_up(
    before: WebhookState, *window: Event, head: int = 6, now: Mapping[str, Any] | None = None
) -> tuple[list[Message], Transitions]:
    """The messages at the start, and the states after it."""
    nothing = cast("Any", None)
    made = Follower(nothing, nothing, nothing, nothing, frozenset(), WINDOW, now_ms=lambda: NOW_MS)
    now = {"id-a": service("healthy")} if now is None else now
    services = {name: encode(record) for name, record in now.items()}
    snapshot = Snapshot(Version(f"9-{head}"), NOW_MS, services, {}, window)
    states = follower._states(before)
    return list(made._caught_up(before, snapshot, states)), states


def told(*given: Any, **more: Any) -> list[str]:
    return [each.kind for each in caught_up(*given, **more)[0]]


def test_each_event_since_then_is_told_in_order_and_none_before() -> None:
    events = (change(4, "unhealthy"), change(5, "unhealthy"), change(6, "healthy"))
    assert told(kept(4), *events) == ["service.down", "service.up"]
    assert told(kept(5), *events) == []
    assert told(kept(6), *events) == []
    assert told(kept(3), *events) == ["service.down", "service.up"]


def test_events_that_were_trimmed_are_told_as_missed_with_their_number(
    caplog: pytest.LogCaptureFixture,
) -> None:
    events = (change(5, "unhealthy"), change(6, "healthy"))
    (missed, *rest), _ = caught_up(kept(1), *events)
    assert (missed.kind, missed.at) == ("events.missed", NOW_MS)
    assert missed.data == {"dropped": 3, "where": "stream"}
    assert "has missed 3 events" in caplog.text
    assert [each.kind for each in rest] == ["service.down", "service.up"]
    (again, *_), _ = caught_up(kept(1), *events)
    (other, *_), _ = caught_up(kept(2), *events)
    assert again.id == missed.id != other.id


def test_an_event_that_was_deleted_between_others_is_told_as_missed() -> None:
    (missed, *_), _ = caught_up(kept(3), change(4, "healthy"), change(6, "healthy"))
    assert missed.data == {"dropped": 1, "where": "stream"}


def test_of_a_stream_that_went_back_it_is_not_known_how_much_was_missed(
    caplog: pytest.LogCaptureFixture,
) -> None:
    (missed,), _ = caught_up(kept(9), change(6, "healthy"))
    assert missed.data == {"dropped": None, "where": "stream"}
    assert "an unknown number of events" in caplog.text


def test_what_differs_from_the_registry_is_told_also_to_the_first_sender() -> None:
    assert told(kept(6), now={"id-a": service("unhealthy")}) == ["service.down"]
    assert told(kept(None), change(6, "unhealthy")) == []
    assert told(kept(None), now={"id-a": service("unhealthy")}) == ["service.down"]


def test_a_service_that_is_not_in_the_registry_any_more_is_gone() -> None:
    (message,), _ = caught_up(kept(6), now={})
    assert message.text == "shop/a on n1 is down (removed): its sockets are gone"


def test_what_cannot_be_read_says_nothing() -> None:
    """Neither a state, nor the record of a service: its scanner writes that again."""
    messages, states = caught_up(kept(6, junk="junk", other="{}"), now={"id-a": {"id": "id-a"}})
    assert (messages, states.lost, states.services) == ([], {"n7"}, {"id-a": UP})
