"""Filters: a client gets what it asked for, keeps its place in the whole stream, and no more."""

import json

import pytest

from hero_router.errors import BadRequest
from hero_router.feed.filters import MAX_VALUE_LENGTH, MAX_VALUES, Filter, Tags, tags_of
from hero_router.feed.subscribers import SubscribeOptions
from hero_router.model import EVENT_TYPES, Event
from hero_router.strict_json import encode
from tests.feed.bench import PING, Bench
from tests.feed.world import event, position


def change(seq: int, kind: str, *, context: str = "default", name: str = "a") -> Event:
    """An event about a service."""
    about = {"id": f"id-{name}", "name": name, "context": context}
    payload = about if kind == "service_removed" else {"service": about}
    return Event(position(seq), kind, "node", f"id-{name}", payload, encode(payload))


def chosen(wanted: Filter | None, events: list[Event]) -> list[int]:
    """The numbers of the events that pass."""
    assert wanted is not None
    return [each.position.seq for each in events if wanted.wants(tags_of(each))]


STREAM = [
    change(6, "service_added", context="shop", name="a"),
    change(7, "status_change", context="shop", name="b"),
    change(8, "service_removed", context="shop", name="a"),
    change(9, "status_change", context="bank", name="a"),
]


def test_events_are_chosen_by_type_context_and_service_by_id_or_name() -> None:
    assert chosen(Filter.of(types=["status_change"]), STREAM) == [7, 9]
    assert chosen(Filter.of(contexts=["shop"]), STREAM) == [6, 7, 8]
    assert chosen(Filter.of(services=["a"]), STREAM) == [6, 8, 9]
    assert chosen(Filter.of(services=["id-b"]), STREAM) == [7]
    assert chosen(Filter.of(["service_removed, status_change"], ["shop"], ["a,b"]), STREAM) == [
        7,
        8,
    ]


def test_a_client_without_a_filter_gets_everything() -> None:
    assert Filter.of() is None
    assert Filter.of(types=["", " , "]) is None


def test_an_unknown_type_is_refused_with_the_names_of_all_types() -> None:
    with pytest.raises(
        BadRequest, match="types: there is no event 'nothing'; there are "
    ) as raised:
        Filter.of(types=["scan,nothing"])
    _, _, named = str(raised.value).partition("there are ")
    assert named.split(", ") == sorted(EVENT_TYPES)


def many(number: int, length: int = MAX_VALUE_LENGTH) -> str:
    """So many values of that length, as a client sends them."""
    return ",".join(f"{each:0{length}}" for each in range(number))


def test_as_many_and_as_long_values_as_allowed_are_taken() -> None:
    wanted = Filter.of(services=[many(MAX_VALUES)], contexts=[many(MAX_VALUES)])
    assert wanted is not None
    assert len(wanted.services) == len(wanted.contexts) == MAX_VALUES


@pytest.mark.parametrize(
    "values", [many(MAX_VALUES + 1), many(1, MAX_VALUE_LENGTH + 1)], ids=["many", "long"]
)
@pytest.mark.parametrize(
    ("name", "shown"), [("types", "types"), ("contexts", "context"), ("services", "service")]
)
def test_too_many_or_too_long_values_are_refused_by_name_and_limit(
    name: str, shown: str, values: str
) -> None:
    with pytest.raises(BadRequest, match=f"^{shown}: at most 32 values of 256 characters$"):
        Filter.of(**{name: [values]})


def test_a_foreign_entry_has_no_tags_and_passes_no_filter() -> None:
    stranger = Event(position(6), None, "", "", {}, "{}")
    assert tags_of(stranger) == Tags("", "", "", "")
    assert chosen(Filter.of(types=["scan"]), [stranger]) == []


def test_a_filtering_client_gets_only_what_it_wants_and_its_id_moves_with_pings() -> None:
    bench = Bench(limit=64)
    _, sink = bench.join(options=SubscribeOptions(Filter.of(contexts=["bank"])))
    bench.publish_all(STREAM)
    assert sink.seqs() == [9]
    bench.publish_all([change(10, "status_change", context="shop")])
    bench.pass_time(PING)
    assert (sink.messages[-1].event, sink.messages[-1].last_id) == ("ping", str(position(10)))
    assert bench.hub.stats.filtered == 4
    assert bench.unaccounted == 0


def test_the_hello_says_whether_events_are_left_out() -> None:
    bench = Bench()
    _, sink = bench.join(options=SubscribeOptions(Filter.of(contexts=["bank"])))
    _, other = bench.join()
    told = [json.loads(each.messages[0].data) for each in (sink, other)]
    assert [each.get("filtered") for each in told] == [True, None]


def test_a_filtering_client_gets_a_new_id_before_its_old_one_leaves_the_window() -> None:
    """Else a reconnect would make it fetch everything anew, though it missed nothing."""
    bench = Bench(limit=8)
    _, sink = bench.join(options=SubscribeOptions(Filter.of(contexts=["bank"])))
    for seq in range(6, 30):
        bench.publish_all([change(seq, "status_change", context="shop")])
        last = int(sink.messages[-1].last_id.partition("-")[2])
        assert seq - last < 8
    _, again = bench.join(
        sink.messages[-1].last_id, options=SubscribeOptions(Filter.of(contexts=["bank"]))
    )
    assert "resync" not in again.names()


def test_a_new_id_comes_with_each_half_window_and_no_sooner() -> None:
    bench = Bench(limit=8)
    _, sink = bench.join(options=SubscribeOptions(Filter.of(contexts=["bank"])))
    pings = []
    for seq in range(6, 18):
        bench.publish_all([change(seq, "status_change", context="shop")])
        pings.append(sink.names().count("ping"))
    assert pings == [0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2, 3]


def test_a_client_whose_id_is_new_anyway_gets_none_beside() -> None:
    bench = Bench(limit=8)
    _, sink = bench.join(options=SubscribeOptions(Filter.of(contexts=["bank"])))
    for seq in range(6, 18):
        bench.publish_all([change(seq, "status_change", context="bank")])
    assert "ping" not in sink.names()


def test_dropped_counts_all_events_of_the_stream_whatever_the_filter() -> None:
    bench = Bench(limit=4)
    client, sink = bench.join(stalled=True, options=SubscribeOptions(Filter.of(contexts=["bank"])))
    bench.publish_all([change(6, "status_change", context="bank")])
    for seq in range(7, 17):
        bench.publish_all([change(seq, "status_change", context="shop")])
    bench.drain(client, sink)
    resyncs = [json.loads(each.data) for each in sink.messages if each.event == "resync"]
    assert [each["dropped"] for each in resyncs] == [6]
    assert bench.unaccounted == 0


def test_clients_with_equal_filters_share_the_very_same_bytes() -> None:
    bench = Bench(limit=64)
    bench.publish_all(STREAM)
    one, other = Filter.of(contexts=["shop"]), Filter.of(contexts=["shop"])
    shared = bench.window.batch_after(position(5), one)
    assert bench.window.batch_after(position(5), other) is shared
    assert bench.window.batch_after(position(5), None) is not shared


def test_a_plain_update_has_no_context_to_be_chosen_by() -> None:
    assert tags_of(event(6)).context == ""
