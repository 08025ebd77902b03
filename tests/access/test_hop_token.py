"""The token of a hop: read only as it was signed, by a peer, for this node and this request."""

import base64
import contextlib
import json
from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hero_router.access.ed25519 import NodeKey, PublicKey
from hero_router.access.forwarded import ForwardedFacts
from hero_router.access.hop_token import (
    LIFETIME_MS,
    MOST_MS,
    HopClaims,
    HopRefused,
    read_token,
    write_token,
)
from hero_router.access.principal import ADMIN, Principal, PrincipalKind

KEY, OTHER = NodeKey.make(), NodeKey.make()
NOW = 1_000_000
FACTS = ForwardedFacts(
    "198.51.100.1", ("198.51.100.1", "2001:db8::1"), "https", "public.example", "/apps",
    is_standard=True, is_believed=True, trusted=True,
)  # fmt: skip
CLAIMS = HopClaims(
    sender="a",
    receiver="b",
    method="GET",
    target="/shop/page/x%2fy?q=1",
    host="localhost:9988",
    service="3f0c",
    role="web_page",
    prefix="/shop/page",
    actor=Principal("ann", frozenset({ADMIN}), frozenset({"default"}), "198.51.100.1"),
    facts=FACTS,
    fields=((b"X-Hero-Claims", b"root\xe9"), (b"traceparent", b"00-1-2-01")),
    request_id="r-1",
    expires_ms=NOW + LIFETIME_MS,
    nonce="n" * 22,
)


def peers(node: str) -> Sequence[PublicKey]:
    return [PublicKey(KEY.public)] if node == "a" else []


def read(token: bytes, **changes: Any) -> HopClaims:
    given = {"node": "b", "keys_of": peers, "now_ms": NOW, **changes}
    method, target = given.pop("method", CLAIMS.method), given.pop("target", CLAIMS.target)
    return read_token(token, method, target, **given)


def refusal(token: bytes, **changes: Any) -> str:
    with pytest.raises(HopRefused) as found:
        read(token, **changes)
    return str(found.value)


def test_what_was_signed_is_read_again_and_names_who_vouches() -> None:
    actor = Principal(
        "ann", frozenset({ADMIN}), frozenset({"default"}), "198.51.100.1", PrincipalKind.HOP,
        peer="a",
    )  # fmt: skip
    assert read(write_token(CLAIMS, KEY.sign)) == CLAIMS._replace(actor=actor)


def test_a_caller_of_all_contexts_on_a_unix_socket_stays_so() -> None:
    facts = FACTS._replace(client="local", chain=())
    claims = CLAIMS._replace(actor=Principal(), facts=facts, host="", prefix="")
    found = read(write_token(claims, KEY.sign))
    assert (found.actor.contexts, found.actor.address, found.host) == (None, "local", "")


REFUSED = [
    ({"now_ms": CLAIMS.expires_ms}, {}, "too old"),
    ({"now_ms": CLAIMS.expires_ms - MOST_MS - 1}, {}, "too long"),
    ({"node": "c"}, {}, "another node"),
    ({"method": "POST"}, {}, "another method"),
    ({"target": "/shop/page/x/y?q=1"}, {}, "another path"),
    ({"target": "/shop/page/x%2Fy?q=1"}, {}, "another path"),
    ({"target": "/shop/page/x%2fy"}, {}, "another path"),
    ({}, {"sender": "c"}, "no peer"),
    ({}, {"host": "a\r\nX-Hero-Claims: root"}, "not understood"),
    ({}, {"prefix": "/other"}, "not understood"),
    ({}, {"request_id": "a b"}, "not understood"),
    ({}, {"nonce": "short"}, "not understood"),
    ({}, {"fields": ((b"X-A", b"b\r\nX-B: c"),)}, "not understood"),
    ({}, {"fields": ((b"X A", b"b"),)}, "not understood"),
    ({}, {"facts": FACTS._replace(client="me")}, "not understood"),
    ({}, {"facts": FACTS._replace(chain=("a, b",))}, "not understood"),
    ({}, {"facts": FACTS._replace(proto="gopher")}, "not understood"),
    ({}, {"facts": FACTS._replace(host="a b")}, "not understood"),
    ({}, {"facts": FACTS._replace(prefix="/a\r\nb: c")}, "not understood"),
]


@pytest.mark.parametrize(("given", "claimed", "why"), REFUSED)
def test_a_token_for_anything_else_is_refused(
    given: dict[str, Any], claimed: dict[str, Any], why: str
) -> None:
    assert why in refusal(write_token(CLAIMS._replace(**claimed), KEY.sign), **given)


def test_routers_of_all_versions_agree_on_times_and_on_the_code_of_a_refusal() -> None:
    assert (LIFETIME_MS, MOST_MS, HopRefused.code) == (20_000, 30_000, "hop_refused")


@pytest.mark.parametrize("now_ms", [CLAIMS.expires_ms - 1, CLAIMS.expires_ms - MOST_MS])
def test_a_token_lasts_up_to_its_end_and_no_longer_than_any_may(now_ms: int) -> None:
    assert read(write_token(CLAIMS, KEY.sign), now_ms=now_ms).expires_ms == CLAIMS.expires_ms


def test_a_target_that_is_no_text_is_signed_as_its_bytes() -> None:
    target = "/shop/page/\udce9"
    token = write_token(CLAIMS._replace(target=target), KEY.sign)
    assert read(token, target=target).target == target
    assert "another path" in refusal(token, target="/shop/page/\udcea")


def signed(**changes: Any) -> bytes:
    """A token of which a peer has signed something else; a name with `__` is one in another."""
    body = write_token(CLAIMS, KEY.sign).partition(b".")[0]
    content = json.loads(base64.urlsafe_b64decode(body + b"=" * (-len(body) % 4)))
    for name, value in changes.items():
        outer, _, inner = name.partition("__")
        place, key = (content[outer], inner) if inner else (content, outer)
        place[key] = value
    return tokened(json.dumps(content).encode())


def tokened(content: bytes) -> bytes:
    """A token that holds these bytes and is signed by a peer."""
    body = base64.urlsafe_b64encode(content).rstrip(b"=")
    signature = base64.urlsafe_b64encode(KEY.sign(b"hero_router hop 1\n" + body)).rstrip(b"=")
    return body + b"." + signature


NOT_UNDERSTOOD: list[dict[str, Any]] = [
    {"expires": "1019000"}, {"expires": 1e6}, {"expires": None}, {"service": 7}, {"role": None},
    {"host": 7}, {"prefix": None}, {"nonce": 7}, {"request_id": 7}, {"fields": None},
    {"fields": [["a"]]}, {"fields": [["a", 7]]}, {"fields": [[7, "a"]]},
    {"fields": [["a", "\u20ac"]]},
    {"actor": None}, {"actor": {}}, {"actor__name": 7}, {"actor__roles": [7]},
    {"actor__contexts": [7]}, {"actor__contexts": []}, {"actor__contexts": 7},
    {"facts": {}}, {"facts": None}, {"facts__client": "me"}, {"facts__client": ""},
    {"facts__chain": ["local"]}, {"facts__chain": 7}, {"facts__proto": ""},
    {"facts__proto": None}, {"facts__host": 7}, {"facts__host": "a b"}, {"facts__prefix": "a"},
    {"facts__is_standard": 1}, {"facts__is_believed": "yes"}, {"facts__trusted": None},
]  # fmt: skip


@pytest.mark.parametrize("changes", NOT_UNDERSTOOD)
def test_a_peer_that_signs_anything_else_is_not_understood(changes: dict[str, Any]) -> None:
    assert read(signed()).sender == "a"
    assert "not understood" in refusal(signed(**changes))


@pytest.mark.parametrize("content", [b"[" * 12_000, b"[]", b"null", b"{", b"\xff"])
def test_a_peer_that_signs_no_json_object_is_refused(content: bytes) -> None:
    assert "hop token is missing or cannot be read" in refusal(tokened(content))


@pytest.mark.parametrize("sender", [None, 7, ["a"], ""])
def test_a_peer_names_itself(sender: object) -> None:
    assert "no peer" in refusal(signed(**{"from": sender}), keys_of=dict.fromkeys(["a"], ()).get)


@pytest.mark.parametrize("proto", ["http", "https"])
def test_what_is_said_of_the_client_may_be_little(proto: str) -> None:
    facts = ForwardedFacts(
        "::1", (), proto, "", "", is_standard=False, is_believed=False, trusted=False
    )
    assert read(write_token(CLAIMS._replace(facts=facts), KEY.sign)).facts == facts


@pytest.mark.parametrize("name", [
    "from", "to", "method", "target", "host", "service", "role", "prefix", "actor", "facts",
    "fields", "request_id", "expires", "nonce",
])  # fmt: skip
def test_each_claim_is_under_the_signature_and_has_to_be_there(name: str) -> None:
    body, _, signature = write_token(CLAIMS, KEY.sign).partition(b".")
    content = json.loads(base64.urlsafe_b64decode(body + b"=" * (-len(body) % 4)))
    content[name] = {"from": "a", "to": "b"}.get(name, "other")
    changed = base64.urlsafe_b64encode(json.dumps(content).encode()).rstrip(b"=")
    assert "not signed" in refusal(changed + b"." + signature)
    del content[name]
    lacking = base64.urlsafe_b64encode(json.dumps(content).encode()).rstrip(b"=")
    signed = base64.urlsafe_b64encode(KEY.sign(b"hero_router hop 1\n" + lacking)).rstrip(b"=")
    assert refusal(lacking + b"." + signed)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=5,
)


@given(st.data())
def test_whatever_a_peer_signs_is_read_or_refused(data: st.DataObject) -> None:
    """What was read can be sent on: no line break, and no text that no header can carry."""
    body = write_token(CLAIMS, KEY.sign).partition(b".")[0]
    content = json.loads(base64.urlsafe_b64decode(body + b"=" * (-len(body) % 4)))
    place = data.draw(st.sampled_from([content, content["actor"], content["facts"]]))
    name = data.draw(st.sampled_from(sorted(place)))
    if name not in ("from", "to", "method", "target"):
        place[name] = data.draw(JSON)
    changed = base64.urlsafe_b64encode(json.dumps(content).encode()).rstrip(b"=")
    signature = base64.urlsafe_b64encode(KEY.sign(b"hero_router hop 1\n" + changed)).rstrip(b"=")
    with contextlib.suppress(HopRefused):
        found = read(changed + b"." + signature)
        lines = [found.host, found.prefix, found.request_id, *found.facts.chain]
        lines += [found.facts.host, found.facts.prefix, found.facts.proto]
        assert all(line.isascii() and (line.isprintable() or not line) for line in lines)


def test_only_a_key_of_the_node_that_it_names_counts_and_there_may_be_two() -> None:
    token = write_token(CLAIMS, OTHER.sign)
    assert "not signed" in refusal(token)
    both = [PublicKey(KEY.public), PublicKey(OTHER.public)]
    assert read(token, keys_of=lambda _: both).sender == "a"
    assert "no peer" in refusal(token, keys_of=lambda _: [])


def test_a_signature_for_another_purpose_is_none() -> None:
    body = write_token(CLAIMS, KEY.sign).partition(b".")[0]
    assert "not signed" in refusal(write_token(CLAIMS, lambda data: KEY.sign(data[18:])))
    assert "not signed" in refusal(body + b"." + b"A" * 86)


@pytest.mark.parametrize("token", [
    b"", b".", b"a.b", b"\xff." + b"A" * 86, b"W10." + b"A" * 86, b"bnVsbA." + b"A" * 86,
    b"A" * 16_385 + b"." + b"A" * 86, b"eyI." + b"A" * 86, b"A." + b"A" * 86,
])  # fmt: skip
def test_nonsense_is_refused(token: bytes) -> None:
    assert refusal(token)
