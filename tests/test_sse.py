"""Frames and their reader, against a browser's way of reading: nothing that is sent breaks a frame.

Data, names and ids with CR, LF, CRLF, U+2028 and NUL arrive as they were sent, or not
at all.
"""

import json
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hero_router import sse
from hero_router.position import Position
from tests.support.sse import Browser, Dispatched

HOSTILE = (
    "\n",
    "\r",
    "\r\n",
    "\0",
    "\u2028",
    "\u2029",
    "\ufeff",
    "\n\ndata: forged\n\n",
    "é🚀",
    "",
)

texts = st.text() | st.lists(st.sampled_from(HOSTILE)).map("".join)
values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False)
    | texts,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(texts, inner, max_size=4),
    max_leaves=10,
)  # fmt: skip
positions = st.builds(Position, st.integers(0, 2**63 - 1), st.integers(0, 2**63 - 1))
names = st.from_regex(r"[a-z_][a-z0-9_]{0,20}", fullmatch=True)


@given(names, values, st.none() | positions, st.none() | st.integers(0, 10**8))
def test_any_data_arrives_as_it_was_sent(
    name: str, value: object, place: Position | None, retry_ms: int | None
) -> None:
    browser = Browser()
    (event,) = browser.read(sse.frame(name, value, position=place, retry_ms=retry_ms))
    assert (event.type, json.loads(event.data)) == (name, value)
    assert event.last_event_id == ("" if place is None else str(place))
    assert browser.reconnection_ms == retry_ms


@given(st.lists(st.tuples(names, values, positions), max_size=5))
def test_frames_that_are_joined_stay_apart(sent: list[tuple[str, object, Position]]) -> None:
    stream = b"".join(sse.frame(name, value, position=place) for name, value, place in sent)
    got = [(event.type, json.loads(event.data), event.last_event_id) for event in
           Browser().read(stream)]  # fmt: skip
    assert got == [(name, value, str(place)) for name, value, place in sent]


def test_a_frame_without_an_id_keeps_the_clients_position() -> None:
    browser = Browser()
    browser.read(sse.frame("scan", {}, position=Position(1, 2)) + sse.frame("stale", {}))
    assert browser.last_event_id == "1-2"


def test_a_frame_as_bytes() -> None:
    assert sse.frame("ping", {}, position=Position(7, 1), retry_ms=9) == (
        b"retry: 9\nid: 7-1\nevent: ping\ndata: {}\n\n"
    )


def test_a_lone_retry_fires_no_event() -> None:
    browser = Browser()
    assert browser.read(sse.retry(1234)) == []
    assert browser.reconnection_ms == 1234


@pytest.mark.parametrize(
    "name", ["", "a b", "a\n", "a\r", "\0", "é", "data: x", "a:b", "1", "a\u2028"]
)
def test_a_name_that_could_break_a_frame_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match="event name"):
        sse.frame_text(name, "{}")


@pytest.mark.parametrize("data", ["\n", "{}\n", "\r", "\0", "é", "\u2028", "a\r\nb"])
def test_data_that_is_not_one_line_of_ascii_is_refused(data: str) -> None:
    with pytest.raises(ValueError, match="one line"):
        sse.frame_text("scan", data)


def test_headers_keep_every_cache_and_proxy_from_holding_a_stream_back() -> None:
    assert sse.HEADERS == {
        "Content-Type": "text/event-stream; charset=utf-8",
        "Cache-Control": "no-cache, no-transform",
        "X-Accel-Buffering": "no",
    }


LINES = st.sampled_from(
    ["data", "data:", "data: x", "data:  y", "data:é", ":", ": note", "event: e", "event:", "id: 1",
     "id", "id: a\0b", "retry: 5", "retry: x", "retry:", "retry: -1", "retry: ٣", "what: ever",
     " data: x", "datax: y", "data: a:b", "data : z", ""]
)  # fmt: skip
streams = st.lists(st.tuples(LINES, st.sampled_from(["\n", "\r\n", "\r"]))).map(
    lambda lines: "".join(line + end for line, end in lines).encode()
)


def _messages(reader: sse.Parser, pieces: list[bytes]) -> list[sse.Message]:
    return [message for piece in pieces for message in reader.feed(piece)]


@given(streams, st.lists(st.integers(0, 200)))
def test_our_reader_gives_what_a_browser_would_however_the_stream_is_cut(
    stream: bytes, cuts: list[int]
) -> None:
    stream += b"\n"  # a CR at the very end may be half of a CRLF: our reader waits for more
    edges = [0, *sorted(min(cut, len(stream)) for cut in cuts), len(stream)]
    pieces = [stream[start:end] for start, end in pairwise(edges)]
    found = _messages(sse.Parser(), pieces)
    assert [Dispatched(item.event, item.data, item.last_id) for item in found] == Browser().read(
        stream
    )


def test_our_reader_goes_on_from_the_position_it_was_given() -> None:
    (message,) = sse.Parser("5-1").feed(b"data: x\n\n")
    assert message == sse.Message("message", "x", "5-1", None)


def test_our_reader_tells_the_last_retry() -> None:
    *_, last = sse.Parser().feed(b"retry: 5\ndata: a\n\nretry: nope\ndata: b\n\n")
    assert last.retry_ms == 5


@pytest.mark.parametrize("digits", ["9" * 5000, "9" * 10])
def test_a_retry_that_is_absurd_is_ignored(digits: str) -> None:
    """5,000 digits are more than `int` reads."""
    (message,) = sse.Parser().feed(f"retry: {digits}\ndata: x\n\n".encode())
    assert message.retry_ms is None


def test_a_cr_at_the_end_waits_for_its_lf_and_makes_one_line_end() -> None:
    reader = sse.Parser()
    assert _messages(reader, [b"data: a\r", b"\ndata: b\r\n\r"]) == []
    assert _messages(reader, [b"\n"]) == [sse.Message("message", "a\nb", "", None)]


def test_bytes_that_are_not_utf8_are_replaced() -> None:
    (message,) = sse.Parser().feed(b"data: \xff\n\n")
    assert message.data == "\ufffd"
