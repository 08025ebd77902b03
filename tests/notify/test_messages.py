"""The form of messages, and their signature."""

import json

import pytest

from hero_router.notify.messages import (
    DOWN,
    FLAPPING,
    UP,
    Queued,
    about_missed,
    about_node,
    about_service,
)
from hero_router.notify.signature import signed_headers
from hero_router.settings.webhook import parse_secret

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"


def test_the_signature_is_that_of_standard_webhooks() -> None:
    headers = signed_headers(
        parse_secret(SECRET, ""),
        "msg_p5jXN8AQM9LWM0D4loKWxJek",
        1614265330,
        '{"test": 2432232314}',
    )
    assert headers == {
        "webhook-id": "msg_p5jXN8AQM9LWM0D4loKWxJek",
        "webhook-timestamp": "1614265330",
        "webhook-signature": "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
    }


def test_without_a_secret_there_is_no_signature() -> None:
    assert "webhook-signature" not in signed_headers(b"", "msg_1", 1, "{}")


def test_a_message_is_one_line_with_type_time_and_a_text_for_people() -> None:
    body = about_node("node.lost", "n\n1", "no scanner", 1_795_938_729_328).body()
    assert "\n" not in body
    assert json.loads(body) == {
        "type": "node.lost",
        "timestamp": "2026-11-29T07:52:09.328Z",
        "text": "node n\ufffd1 is lost: no scanner",
        "data": {"node": "n\ufffd1", "reason": "no scanner"},
    }


def test_what_is_missing_is_told_as_a_number_or_as_not_known() -> None:
    known, unknown = about_missed(3, "stream", 1, "x"), about_missed(None, "stream", 1, "x")
    assert (known.kind, known.data) == ("events.missed", {"dropped": 3, "where": "stream"})
    assert known.text.startswith("3 events were missed")
    assert unknown.text.startswith("an unknown number of events were missed")
    assert unknown.data["dropped"] is None
    queue = about_missed(3, "queue", 1, "x")
    assert (queue.text, queue.at) == (
        "3 messages were dropped, as the webhook's target did not take them", 1,
    )  # fmt: skip


SERVICE = {"id": "i\n1", "name": "till", "context": "shop", "node": "n1", "title": "Till"}


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        (DOWN, "shop/till on n1 is down (unhealthy)"),
        (UP, "shop/till on n1 is up again (unhealthy)"),
        (FLAPPING, "shop/till on n1 changes all the time (flapping, at worst unhealthy)"),
    ],
)
def test_a_message_about_a_service_names_it_and_says_what_happened(kind: str, text: str) -> None:
    plain = about_service(kind, SERVICE, "healthy", "unhealthy", "", 5, "1-2")
    assert (plain.text, plain.kind, plain.at) == (text, kind, 5)
    assert plain.data == {
        "id": "i\ufffd1", "name": "till", "context": "shop", "node": "n1",
        "from": "healthy", "to": "unhealthy", "reason": "",
    }  # fmt: skip
    why = about_service(kind, SERVICE, "healthy", "unhealthy", "no\nanswer", 5, "1-2")
    assert why.text == f"{text}: no\ufffdanswer"
    assert why.data["reason"] == "no\ufffdanswer"


def test_the_id_of_a_message_tells_it_from_all_others_and_never_changes() -> None:
    """A message that an older version has sent is known by its id."""

    def made(kind: str = DOWN, place: object = "1-2", **named: str) -> str:
        return about_service(kind, {**SERVICE, **named}, "a", "b", "", 5, place).id

    nodes = [about_node(kind, "n1", "", at).id for kind in ("node.lost", "node.back")
             for at in (1, 2)]  # fmt: skip
    missed = [about_missed(3, where, 1, place).id for where in ("stream", "queue")
              for place in "xy"]  # fmt: skip
    others = [made(), made(UP), made(place="1-3"), made(id="i2"), *nodes, *missed]
    assert len(set(others)) == len(others) == 12
    assert about_node("node.lost", "a name that is no text \udce9", "", 1).id
    assert made() == "msg_c34a7eb023953e08341c16851ff87db6"


def test_a_queued_message_comes_back_as_it_was() -> None:
    message = about_node("node.back", "n1", "", 5)
    found = Queued.parse(message.queued().encode())
    assert found is not None
    assert (found.id, found.at, found.body) == (message.id, 5, message.body())


@pytest.mark.parametrize(
    "raw",
    [b"", b"junk", b"[]", b"{}", b'{"id":1,"at":1,"body":""}', b'{"id":"a","at":true,"body":""}',
     b'{"id":"a","at":1,"body":2}', b'{"id":"\\u00e9","at":1,"body":""}', b'{"id":"a","at":1}',
     b"\xff", '{"id":"é","at":1,"body":""}'.encode()],
)  # fmt: skip
def test_an_entry_of_another_program_is_no_message(raw: bytes) -> None:
    assert Queued.parse(raw) is None
