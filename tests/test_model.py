"""What is known of services: ids that stay, texts that are safe, records that survive a version."""

import os
import re
import unicodedata
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import fields, replace
from itertools import permutations
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from hero_router.codec import InvalidJson, decode, encode
from hero_router.model import (
    MAX_TEXT,
    NodeState,
    Record,
    SocketState,
    Status,
    clean,
    is_record,
    readable,
    service_id,
    worst,
)
from tests.support.records import record, report

CONTROLS = {"Cc", "Cf", "Cs", "Zl", "Zp"}

file_names = st.binary(min_size=1, max_size=12).filter(lambda raw: not set(raw) & {0, ord("/")})
names = file_names.map(os.fsdecode)
texts = st.text(max_size=20)
json_values: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False)
    | texts,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=8,
)  # fmt: skip

sockets = st.builds(
    SocketState,
    name=texts,
    role=st.sampled_from(["rpc", "admin", "web_x", "other"]),
    path=texts,
    status=st.sampled_from(Status),
    latency_ms=st.none() | st.floats(0, 1e6),
    error=st.none() | texts,
    failures=st.integers(0, 1000),
)
records = st.builds(
    Record,
    **{item.name: texts for item in fields(Record) if item.type is str},
    status=st.sampled_from(Status),
    first_seen=st.integers(0, 2**53),
    changed_at=st.integers(0, 2**53),
    sockets=st.lists(sockets, max_size=3).map(tuple),
    methods=st.lists(texts, max_size=3).map(tuple),
    methods_count=st.integers(0, 10**6),
    spec_error=st.none() | texts,
    conflict=st.none() | texts,
    flapping=st.booleans(),
)


def safe(text: str) -> bool:
    """Whether a text can be sent and shown without steering anything."""
    text.encode("utf-8")
    return not any(unicodedata.category(char) in CONTROLS for char in text)


def test_a_services_id_is_the_same_in_every_version() -> None:
    """Pages, bookmarks and the registry of older versions hold these."""
    assert service_id("n1", "default", "api") == "febdc9fa-2256-5588-9179-6f6df3c88121"
    assert service_id("nöde", "ü", "日本") == "5c1e2638-2779-52ce-a750-0304658145e2"


@given(st.tuples(names, names, names), st.tuples(names, names, names))
@example(("a", "b", "cd"), ("a", "bc", "d"))
@example(("n", "c", "A"), ("n", "c", "a"))
@example(("n", "c", "\u00e9"), ("n", "c", "e\u0301"))
@example(("n", "c", "\udcff"), ("n", "c", "\udcfe"))
@example(("n", "c", "s"), ("c", "n", "s"))
def test_two_services_never_share_an_id(
    one: tuple[str, str, str], other: tuple[str, str, str]
) -> None:
    assert re.fullmatch(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", service_id(*one))
    assert service_id(*one) == service_id(*one)
    assert (service_id(*one) == service_id(*other)) == (one == other)


@given(st.text(st.characters() | st.characters(categories=("Cc", "Cf", "Cs", "Zl", "Zp"))))
@example("a\r\nid: 7-7\0\x1b[2J")
@example("\u202egnp.exe\u2028\u2029\u200b\ufeff")
@example("\ud800")
def test_a_cleaned_text_holds_nothing_that_steers_a_screen_or_a_frame(text: str) -> None:
    assert safe(clean(text))
    assert clean(clean(text)) == clean(text)
    assert len(clean(text)) == len(text)
    kept = zip(text, clean(text), strict=True)
    assert all(after in {before, "\ufffd"} for before, after in kept)


@given(st.text(max_size=12), st.integers(1, 8))
def test_a_text_that_is_too_long_is_cut_and_says_so(text: str, limit: int) -> None:
    found = clean(text, limit)
    assert len(found) == min(len(text), limit)
    assert (found[-1:] == "…") >= (len(text) > limit)


def test_the_limit_of_a_text_holds_whatever_its_size() -> None:
    assert clean("x" * MAX_TEXT) == "x" * MAX_TEXT
    assert clean("x" * 10_000_000) == "x" * (MAX_TEXT - 1) + "…"


@pytest.mark.parametrize("value", [None, 5, 1.5, True, b"bytes", ["a"], {"a": "b"}])
def test_what_is_no_text_becomes_an_empty_one(value: object) -> None:
    assert clean(value) == ""


@given(file_names)
@example(b"a\n\x1b[2J\xff\xe2\x80\xae")
def test_a_file_name_is_shown_as_one_safe_line(raw: bytes) -> None:
    assert safe(readable(raw))


def test_a_file_name_that_is_plain_is_shown_as_it_is_and_the_rest_as_escapes() -> None:
    assert readable("mein-Dienst_日本.sock".encode()) == "mein-Dienst_日本.sock"
    assert readable(b"a\xff\n\xe2\x80\xae.sock") == r"a\xff\n\u202e.sock"


ALL = tuple(Status)


@pytest.mark.parametrize("status", ALL)
def test_where_all_are_alike_the_whole_is_too(status: Status) -> None:
    assert worst([status]) == worst([status, status]) == status


def test_nothing_at_all_is_unknown() -> None:
    assert worst([]) is Status.UNKNOWN


@pytest.mark.parametrize(("one", "other"), list(permutations(ALL, 2)))
def test_a_mixture_is_never_healthy_and_degraded_only_while_something_answers(
    one: Status, other: Status
) -> None:
    whole = worst([one, other])
    assert whole == worst([other, one, one])
    answering = {one, other} & {Status.HEALTHY, Status.DEGRADED}
    assert (whole is Status.DEGRADED) == bool(answering)
    assert answering or whole in (one, other)


def test_where_nothing_answers_the_most_telling_status_wins() -> None:
    order = [Status.UNHEALTHY, Status.NON_RPC, Status.INACTIVE, Status.UNKNOWN]
    assert [worst(order[start:]) for start in range(4)] == order


@given(records)
def test_a_record_that_was_stored_is_read_back_the_same(item: Record) -> None:
    stored = decode(encode(item.to_json()))
    assert Record.from_json(stored) == item
    assert stored["service_id"] == item.id
    assert stored["healthy"] is (item.status is Status.HEALTHY)


@given(records, st.dictionaries(st.text(min_size=1).map("x_{}".format), json_values, max_size=3))
def test_fields_of_a_newer_version_are_passed_over(item: Record, extra: dict[str, Any]) -> None:
    stored = item.to_json()
    parts = [{**socket, **extra} for socket in stored["sockets"]]
    assert Record.from_json({**stored, **extra, "sockets": parts}) == item


def test_fields_that_an_older_version_did_not_write_have_their_defaults() -> None:
    needed = ("id", "name", "context", "node", "status", "reason", "first_seen", "changed_at")
    old = {name: record().to_json()[name] for name in (*needed, "sockets")}
    assert Record.from_json(old) == record()
    for name in old:
        with pytest.raises((KeyError, TypeError)):
            Record.from_json({key: value for key, value in old.items() if key != name})


def test_a_nodes_report_is_read_back_the_same_and_newer_fields_are_passed_over() -> None:
    state = replace(report(), error="the root cannot be read", counts={"healthy": 2})
    assert NodeState.from_json(decode(encode(state.to_json()))) == state
    assert NodeState.from_json({**state.to_json(), "mood": "good"}) == state


READERS: list[tuple[Callable[[Any], object], Mapping[str, Any]]] = [
    (Record.from_json, record().to_json()),
    (SocketState.from_json, record().to_json()["sockets"][0]),
    (NodeState.from_json, report().to_json()),
]


@given(st.sampled_from(READERS), json_values, st.data())
def test_whatever_a_stranger_stored_is_read_or_refused_in_a_known_way(
    reader: tuple[Callable[[Any], object], Mapping[str, Any]], junk: Any, data: st.DataObject
) -> None:
    """Whoever reads passes over exactly these errors; any other would end its process."""
    read, good = reader
    name = data.draw(st.sampled_from(sorted(good)))
    for value in (junk, {**good, name: junk}):
        with suppress(InvalidJson, KeyError, ValueError, TypeError, AttributeError):
            read(value)


def test_a_record_of_a_newer_version_may_be_shown_and_what_is_none_may_not() -> None:
    good = decode(encode(record().to_json()))
    key = good["id"]
    assert is_record(good, key)
    assert is_record({**good, "status": "sleepy", "mood": ["good"], "title": None}, key)
    assert not is_record(good, "another key")
    for name in ("id", "name", "context", "node", "status", "reason", "sockets"):
        assert not is_record({**good, name: None}, key)
        assert not is_record({each: good[each] for each in good if each != name}, key)
    assert not is_record({**good, "sockets": ["rpc"]}, key)
    assert not is_record([good], key)
    assert not is_record(None, key)
