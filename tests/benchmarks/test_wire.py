"""What a measuring client finds in the bytes that it read, however they were cut."""

from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks.load.wire import Dechunker, Memo, Reader
from benchmarks.load.workload_definitions import CREATED_MS, SCENARIOS
from hero_router.position import Position

PLAIN = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n"
CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
FRAMES = [SCENARIOS[0].frame(number, Position(7, number)) for number in range(1, 6)]
RESYNC = b'id: 7-9\nevent: resync\ndata: {"dropped":4,"reason":"lagged","after_ms":5}\n\n'
HELLO = b'id: 7-0\nevent: hello\ndata: {"cursor":"7-0"}\n\n'


def cut(data: bytes, places: list[int]) -> Iterator[bytes]:
    """The same bytes in pieces."""
    ends = sorted({place % (len(data) + 1) for place in places} | {len(data)})
    for start, end in zip([0, *ends], ends, strict=False):
        if end > start:
            yield data[start:end]


def chunked(data: bytes, size: int) -> bytes:
    """In chunks of `size` bytes, as a server codes them."""
    parts = [data[start : start + size] for start in range(0, len(data), size)]
    return b"".join(b"%x\r\n%b\r\n" % (len(part), part) for part in parts)


def numbers(reader: Reader, pieces: Iterator[bytes]) -> list[int]:
    """Everything that is found."""
    return [number for piece in pieces for number in reader(piece).numbers]


@given(st.lists(st.integers(0, 10_000)))
def test_every_event_is_found_once_wherever_the_bytes_are_cut(places: list[int]) -> None:
    assert numbers(Reader(PLAIN, {}), cut(b"".join(FRAMES), places)) == [1, 2, 3, 4, 5]


@given(st.lists(st.integers(0, 10_000)), st.integers(1, 2_000))
def test_chunks_change_nothing(places: list[int], size: int) -> None:
    data = chunked(b"".join(FRAMES), size)
    assert numbers(Reader(CHUNKED, {}), cut(data, places)) == [1, 2, 3, 4, 5]


@given(st.binary(max_size=300), st.lists(st.integers(0, 1_000)), st.integers(1, 64))
def test_a_dechunker_gives_back_what_was_coded(data: bytes, places: list[int], size: int) -> None:
    decode = Dechunker()
    assert b"".join(map(decode, cut(chunked(data, size), places))) == data
    assert decode.clean


def test_a_greeting_is_no_event_and_a_resync_tells_what_is_missed() -> None:
    found = Reader(PLAIN, {})(HELLO + FRAMES[0] + RESYNC)
    assert found.numbers == (1,)
    assert (found.resyncs, found.missed) == (1, 4)


def test_the_same_piece_is_decoded_once_for_all_clients() -> None:
    memo = Memo()
    readers = [Reader(PLAIN, memo) for _ in range(3)]
    found = [reader(FRAMES[0]) for reader in readers]
    assert all(one is found[0] for one in found)


def test_half_a_frame_is_not_remembered_as_a_whole_one() -> None:
    memo, first, second = Memo(), FRAMES[0], FRAMES[1]
    reader = Reader(PLAIN, memo)
    assert reader(first[:20]).numbers == ()
    assert reader(first[20:] + second).numbers == (1, 2)
    assert first[20:] + second not in memo


def test_clients_that_were_sent_the_same_half_frames_each_find_the_rest() -> None:
    memo, data = Memo(), FRAMES[0] + FRAMES[1]
    for reader in (Reader(PLAIN, memo), Reader(PLAIN, memo)):
        assert numbers(reader, iter([data[:-20], data[-20:]])) == [1, 2]


@pytest.mark.parametrize("number", [1, 5])
def test_where_ids_are_the_servers_own_the_number_is_in_the_data(number: int) -> None:
    frame = FRAMES[number - 1].replace(b"id: 7-", b"id: 1700000000:")
    assert Reader(PLAIN, {}, since=CREATED_MS)(frame).numbers == (number,)
