"""Which fields travel between two routers, which in the token, and which come back."""

from hero_router.proxy.headers import Field
from hero_router.proxy.router_to_router_headers import (
    TOKEN,
    client_fields,
    hop_fields,
    relayed_fields,
    told_by_peer,
)

LOGIN = frozenset({b"remote-user"})


def pairs(*lines: str) -> list[Field]:
    found = (line.partition(": ") for line in lines)
    return [(name.encode(), value.encode()) for name, _, value in found]


def test_what_only_routers_may_set_travels_in_the_token_and_the_rest_as_it_is() -> None:
    plain, vouched = hop_fields(
        pairs(
            "Host: a", "Accept: b", "X-Hero-Claims: c", "Cookie: d", "Remote-User: e",
            "traceparent: f", "X-Forwarded-Port: g", "Accept: h",
        ),
        LOGIN,
    )  # fmt: skip
    assert plain == pairs("Accept: b", "Cookie: d", "Accept: h")
    assert vouched == pairs(
        "X-Hero-Claims: c", "Remote-User: e", "traceparent: f", "X-Forwarded-Port: g"
    )


def test_the_field_that_holds_a_token_is_one_that_no_client_can_set() -> None:
    assert TOKEN == "X-Hero-Hop"
    assert client_fields(pairs(f"{TOKEN}: x"), "", (), LOGIN) == []


def test_what_the_other_router_makes_of_the_facts_does_not_travel() -> None:
    made = pairs(
        "X-Forwarded-For: a", "X-Forwarded-Proto: b", "X-Forwarded-Host: c",
        "X-Forwarded-Prefix: d", "X-Real-IP: e", "Forwarded: f", "X-Request-Id: g",
    )  # fmt: skip
    assert hop_fields(made, LOGIN) == ([], [])


def test_the_other_router_believes_the_token_and_none_of_the_fields_beside_it() -> None:
    given = pairs(
        "HOST: mallory", "Accept: a", "X-Hero-Claims: root", "X_Hero_Claims: root",
        "Remote-User: root", "X-Forwarded-For: 127.0.0.1", "Cookie: b",
    )  # fmt: skip
    vouched = pairs("X-Hero-Claims: ann")
    kept = pairs("Accept: a", "Cookie: b", "X-Hero-Claims: ann")
    assert client_fields(given, "shop.test", vouched, LOGIN) == [*pairs("Host: shop.test"), *kept]
    assert client_fields(given, "", vouched, LOGIN) == kept


def test_an_answer_is_passed_on_without_what_belongs_to_one_connection() -> None:
    answer = pairs(
        "Connection: X-Own", "X-Own: a", "Content-Length: 3", "Transfer-Encoding: chunked",
        "X-HERO-HOP: forged", "X-Hero-Hop-Cause: forged", "X-Hero-Hop-Refused: forged",
        "Set-Cookie: b", "Location: /c", "Set-Cookie: d",
    )  # fmt: skip
    assert relayed_fields(answer, "n1") == pairs(
        "Set-Cookie: b", "Location: /c", "Set-Cookie: d", "X-Hero-Hop: n1"
    )


def test_what_a_router_says_of_a_hop_is_read_by_its_usual_names() -> None:
    answer = pairs("x-hero-hop: n1", "X-HERO-HOP-CAUSE: refused", "Other: x")
    answer.append((b"X-Hero-Hop-Refused", b"w\xe9"))
    assert told_by_peer(answer) == {
        "X-Hero-Hop": "n1",
        "X-Hero-Hop-Cause": "refused",
        "X-Hero-Hop-Refused": "wé",
    }
    assert told_by_peer(pairs("Other: x")) == {}
