"""Conflation: who fell behind gets each service's newest state, and is told what was left out."""

import json

from hypothesis import given
from hypothesis import strategies as st

from hero_router.feed.batch_builder import SLICE_BYTES
from hero_router.feed.conflation import MAX_REMOVED, LatestByService
from hero_router.feed.encoded_event import make_entry
from hero_router.feed.filters import Filter
from hero_router.feed.subscribers import SubscribeOptions, SubscriberState
from hero_router.feed.write_batch import Slice
from hero_router.model import Event
from hero_router.position import ORIGIN
from hero_router.sse import Parser
from hero_router.strict_json import encode
from tests.feed.bench import Bench
from tests.feed.world import EPOCH, FakeSink, event, events, position

CONFLATED = SubscribeOptions(conflate=True)


def change(seq: int, name: str, *, removed: bool = False, pad: int = 0) -> Event:
    """An event about a named service."""
    record = {"id": name, "name": name, "version": seq, "pad": "x" * pad}
    kind, payload = ("service_removed", record) if removed else ("service_updated", record)
    body = payload if removed else {"service": payload}
    return Event(position(seq), kind, "node", name, body, encode(body))


def conflations(sink: FakeSink) -> list[int]:
    """How many events each `conflated` frame says were left out."""
    return [json.loads(each.data)["superseded"] for each in sink.messages if "conf" in each.event]


def folded(sink: FakeSink) -> dict[str, int]:
    """The state that a page has after all its messages."""
    state = dict[str, int]()
    for message in sink.messages:
        data = json.loads(message.data)
        if message.event == "service_removed":
            state.pop(data["id"], None)
        elif "service" in data:
            state[data["service"]["id"]] = data["service"].get("version", 0)
    return state


def test_a_client_that_fell_behind_gets_the_newest_event_of_each_service() -> None:
    bench = Bench(limit=64)
    client, sink = bench.join(stalled=True, options=CONFLATED)
    bench.publish_all([change(6, "a")])
    bench.publish_all([change(seq, "ab"[seq % 2]) for seq in range(7, 27)])
    bench.drain(client, sink)
    assert sink.seqs() == [6, 25, 26]
    assert conflations(sink) == [18]
    assert folded(sink) == {"a": 26, "b": 25}
    assert bench.unaccounted == 0


def test_conflation_needs_no_resync_even_behind_the_window() -> None:
    bench = Bench(limit=4)
    client, sink = bench.join(stalled=True, options=CONFLATED)
    bench.publish_all([change(seq, "abc"[seq % 3]) for seq in range(6, 106)])
    bench.drain(client, sink)
    assert "resync" not in sink.names()
    assert folded(sink) == {"abc"[seq % 3]: seq for seq in (103, 104, 105)}
    assert bench.unaccounted == 0


def test_a_service_that_left_meanwhile_leaves_the_page() -> None:
    bench = Bench(limit=4)
    client, sink = bench.join(stalled=True, options=CONFLATED)
    bench.publish_all([change(6, "a"), change(7, "b"), change(8, "a", removed=True)])
    bench.publish_all([change(seq, "c") for seq in range(9, 30)])
    bench.drain(client, sink)
    assert folded(sink) == {"b": 7, "c": 29}


def test_a_client_that_comes_back_with_conflation_gets_no_resync_where_events_suffice() -> None:
    bench = Bench(limit=4)
    bench.publish_all([change(seq, "ab"[seq % 2]) for seq in range(6, 60)])
    _, sink = bench.join(str(position(10)), options=CONFLATED)
    assert sink.names() == ["hello", "conflated", "service_updated", "service_updated"]
    assert conflations(sink) == [47]
    assert bench.unaccounted == 0


def test_events_that_this_worker_never_read_are_a_gap_with_conflation_too() -> None:
    bench = Bench(limit=4)
    bench.hub.reload(events(40, 43), position(43), "r1")
    _, sink = bench.join(str(position(20)), options=CONFLATED)
    assert sink.names()[:2] == ["hello", "resync"]
    assert json.loads(sink.messages[1].data)["dropped"] == 19


def test_another_epoch_is_a_gap_with_conflation_too() -> None:
    bench = Bench(limit=4)
    bench.hub.reload(events(1, 2, EPOCH + 1), position(2, EPOCH + 1), "r1")
    _, sink = bench.join(str(position(4)), options=CONFLATED)
    assert sink.names()[:2] == ["hello", "resync"]


def test_a_live_client_gets_every_event_though_it_would_have_them_conflated() -> None:
    bench = Bench(limit=64)
    _, sink = bench.join(options=CONFLATED)
    bench.publish_all([change(seq, "a") for seq in range(6, 12)])
    assert sink.seqs() == list(range(6, 12))


def test_a_client_from_before_a_forgotten_removal_gets_a_resync() -> None:
    bench, last = Bench(limit=4), 6 + MAX_REMOVED + 100
    bench.publish_all([change(seq, f"s{seq}", removed=True) for seq in range(6, last + 1)])
    _, old = bench.join(str(position(10)), options=CONFLATED)
    _, recent = bench.join(str(position(last - 100)), options=CONFLATED)
    assert "resync" in old.names()
    assert "resync" not in recent.names()


@given(
    st.lists(st.tuples(st.sampled_from("abcd"), st.booleans()), min_size=1, max_size=60),
    st.data(),
)
def test_whatever_happens_a_conflated_page_ends_in_the_registrys_state(
    changes: list[tuple[str, bool]], data: st.DataObject
) -> None:
    """Positions rise, each jump is covered by the count of its `conflated` frame, and no resync."""
    bench, state = Bench(limit=4), dict[str, int]()
    client, sink = bench.join(options=CONFLATED)
    for seq, (name, removed) in enumerate(changes, start=6):
        sink.stalled = data.draw(st.booleans())
        bench.publish_all([change(seq, name, removed=removed, pad=20_000)])
        state = {key: value for key, value in state.items() if key != name}
        state |= {} if removed else {name: seq}
        if not sink.stalled:
            bench.drain(client, sink)
    bench.drain(client, sink)
    assert client.state is SubscriberState.LIVE
    assert folded(sink) == state
    assert "resync" not in sink.names()
    place, owed = 5, 0
    for message in sink.messages[1:]:
        if message.event == "conflated":
            owed = json.loads(message.data)["superseded"]
            continue
        seq = int(message.last_id.partition("-")[2])
        owed -= seq - place - 1
        place = seq
        assert owed >= 0
    assert bench.unaccounted == 0


@given(
    st.lists(st.tuples(st.sampled_from("abcd"), st.booleans()), min_size=1, max_size=40),
    st.data(),
)
def test_conflation_with_a_filter_ends_in_the_state_of_all_that_was_wanted(
    changes: list[tuple[str, bool]], data: st.DataObject
) -> None:
    bench = Bench(limit=4)
    options = SubscribeOptions(Filter.of(services=["a", "b"]), conflate=True)
    (client, sink), (whole_client, whole) = bench.join(options=options), bench.join()
    for seq, (name, removed) in enumerate(changes, start=6):
        sink.stalled = data.draw(st.booleans())
        bench.publish_all([change(seq, name, removed=removed)])
        if not sink.stalled:
            bench.drain(client, sink)
    bench.drain(client, sink)
    assert whole_client.state is SubscriberState.LIVE
    wanted = {name: seq for name, seq in folded(whole).items() if name in "ab"}
    assert folded(sink) == wanted
    assert bench.unaccounted == 0


def test_one_conflated_write_is_no_larger_than_any_other() -> None:
    """However many services changed: a slow client makes no more than one slice wait."""
    bench, size = Bench(limit=4), SLICE_BYTES // 4
    client, sink = bench.join(stalled=True, options=CONFLATED)
    bench.publish_all([change(6, "first")])
    bench.publish_all([change(seq, f"s{seq}", pad=size) for seq in range(7, 47)])
    for _ in range(41):
        assert sink.buffered() <= SLICE_BYTES + 1024
        sink.take()
        bench.hub.writable(client)
    assert client.state is SubscriberState.LIVE
    assert len(folded(sink)) == 41


def make_latest(*changes: Event, since: int = 5, slice_bytes: int = SLICE_BYTES) -> LatestByService:
    """The newest of these changes, which are all that happened since a position."""
    latest = LatestByService(slice_bytes)
    latest.reset(position(since), map(make_entry, changes))
    return latest


def sent(latest: LatestByService, cursor: int) -> list[tuple[str, str, str]]:
    """The kind, position and data of each message that a client at this cursor is sent next."""
    part = latest.slice_after(position(cursor), None)
    assert part is not None
    return [(each.event, each.last_id, each.data) for each in Parser().feed(part.data)]


def test_before_the_first_load_nothing_is_conflated() -> None:
    assert LatestByService(SLICE_BYTES).slice_after(ORIGIN, None) is None


def test_a_reset_replaces_all_that_was_held() -> None:
    latest = make_latest(change(6, "a"), change(9, "b"))
    kept = [make_entry(change(6, "a")), make_entry(change(7, "c"))]
    latest.reset(position(5), kept)
    assert latest.slice_after(position(5), None) == Slice(
        b"".join(entry.frame for entry in kept), position(7), 2
    )


def test_a_client_is_told_how_many_events_the_next_ones_stand_for_and_up_to_where() -> None:
    """The frame moves no position: a client that is cut off after it has missed nothing."""
    latest = make_latest(*(change(seq, "a") for seq in range(6, 10)))
    [conflated, newest] = sent(latest, 6)
    told = encode({"superseded": 2, "to": str(position(9))})
    assert conflated == ("conflated", str(position(6)), told)
    assert newest[:2] == ("service_updated", str(position(9)))


def test_what_a_client_has_already_is_not_sent_again() -> None:
    latest = make_latest(change(6, "a"), change(7, "b"))
    assert [place for _, place, _ in sent(latest, 6)] == [str(position(7))]


def test_a_slice_is_filled_to_its_size_but_holds_at_least_one_event() -> None:
    changes = [change(6, "a"), change(7, "b"), change(8, "c")]
    size = len(make_entry(changes[0]).frame)
    for slice_bytes, number in [(1, 1), (2 * size - 1, 1), (2 * size, 2), (3 * size, 3)]:
        part = make_latest(*changes, slice_bytes=slice_bytes).slice_after(position(5), None)
        assert part is not None
        assert (part.events, part.last) == (number, position(5 + number))


def test_nothing_is_conflated_for_a_cursor_that_is_not_known() -> None:
    latest = make_latest(change(6, "a"))
    assert latest.slice_after(position(4), None) is None
    assert latest.slice_after(position(5), None) is not None
    assert latest.slice_after(position(6), None) is None
    assert latest.slice_after(position(7, epoch=EPOCH - 1), None) is None


def test_nothing_is_conflated_from_one_epoch_to_the_next_as_it_could_not_be_counted() -> None:
    latest = LatestByService(SLICE_BYTES)
    old, new = event(6, EPOCH - 1), event(1)
    latest.reset(position(5, EPOCH - 1), map(make_entry, [old, new]))
    assert latest.slice_after(position(5, EPOCH - 1), None) is None
    assert latest.slice_after(position(0), None) is not None


def test_an_event_without_a_service_replaces_only_those_of_its_type() -> None:
    scans = [Event(position(seq), "scan", "node", "", {"scan": seq}, "{}") for seq in (6, 8)]
    other = Event(position(7), None, "", "", {}, "{}")
    kept = make_latest(scans[0], other, scans[1]).slice_after(position(5), None)
    assert kept is not None
    assert (kept.events, kept.superseded) == (2, 1)


def test_removed_services_are_remembered_up_to_a_bound() -> None:
    """Each one more lets the oldest be forgotten: who has not seen it has to load the state."""
    gone = [change(5 + n, f"s{n}", removed=True) for n in range(1, MAX_REMOVED + 3)]
    latest = make_latest(*gone[:-2])
    assert latest.slice_after(position(5), None) is not None
    for seq, one_more in enumerate(gone[-2:], start=5):
        latest.add([make_entry(one_more)])
        assert latest.slice_after(position(seq), None) is None
        kept = latest.slice_after(position(seq + 1), None)
        assert kept is not None
        assert kept.superseded == 0
        assert len(latest._entries) == MAX_REMOVED


def test_a_removed_service_that_returns_does_not_count_as_removed() -> None:
    gone = [change(8 + n, f"s{n}", removed=True) for n in range(MAX_REMOVED)]
    latest = make_latest(change(6, "a", removed=True), change(7, "a"), *gone)
    assert latest.slice_after(position(5), None) is not None
