"""NDJSON: the same events as in the frames, one JSON object per line."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hero_router import sse, sse_to_ndjson
from hero_router.position import Position
from tests.test_sse import names, positions, values

frames = st.tuples(names, values, st.none() | positions, st.none() | st.integers(0, 10**8))


@given(st.lists(frames, max_size=5))
def test_each_frame_becomes_one_line_with_the_same_content(
    sent: list[tuple[str, object, Position | None, int | None]],
) -> None:
    stream = b"".join(
        sse.frame(name, value, position=place, retry_ms=retry_ms)
        for name, value, place, retry_ms in sent
    )
    lines = sse_to_ndjson.lines(stream).split(b"\n")
    assert lines.pop() == b""
    told = [json.loads(line) for line in lines]
    for line, (name, value, place, retry_ms) in zip(told, sent, strict=True):
        more = {} if retry_ms is None else {"retry_ms": retry_ms}
        found = None if place is None else str(place)
        assert line == {"id": found, "event": name, "data": value, **more}


def test_the_last_frame_of_a_stream_says_when_to_come_back() -> None:
    assert sse_to_ndjson.lines(sse.retry(1500)) == (
        b'{"id":null,"event":"retry","data":{},"retry_ms":1500}\n'
    )


@pytest.mark.parametrize("data", [b"id: 1-1\n", b"data: {}\n\n", b": note\n\n", b"event: x\n\n"])
def test_what_is_no_whole_frame_is_refused_and_not_lost(data: bytes) -> None:
    for joined in (data, sse.retry(1) + data, data + sse.retry(1)):
        with pytest.raises(ValueError, match="not whole frames"):
            sse_to_ndjson.lines(joined)
