"""What is known of services: ids that stay, records that survive a version."""

import os
import re
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import fields, replace
from itertools import permutations
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from hero_router.model import NodeState, Record, SocketState, Status, is_record, service_id, worst
from hero_router.strict_json import InvalidJson, decode, encode
from tests.support.records import record, report

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
