"""Reading one answer from bytes: in whatever pieces they come, and never more than the bounds."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hero_router.upstream.response_parser import (
    HEAD_LIMIT,
    MOST_FIELDS,
    MOST_INTERIM,
    NotHttp,
    Response,
    ResponseParser,
)

INTERIM = b"HTTP/1.1 100 Continue\r\n\r\n"
HINTS = b"HTTP/1.1 103 Early Hints\r\nContent-Length: 9\r\nContent-Encoding: gzip\r\n\r\n"
SIZED = (
    b"HTTP/1.1 200 OK\r\nContent-Type: Text/HTML; charset=utf-8\r\nContent-Length: 5\r\n\r\nhello"
)
CHUNKED = (
    b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nTransfer-Encoding: chunked\r\n\r\n"
    b"2\r\nhe\r\n3;x=y\r\nllo\r\n0\r\nTrailer: 1\r\n\r\n"
)
OLD = b"HTTP/1.0 200 OK\r\nContent-Type: text/html\r\n\r\nhello"
HELLO = Response(200, "text/html", b"hello")


def read(data: bytes, limit: int = 100, *, step: int = 0) -> ResponseParser:
    """What is read of these bytes, which come in pieces of so many."""
    reading = ResponseParser(limit)
    for start in range(0, len(data), step or len(data)):
        if reading.done:
            break
        reading.feed(data[start : start + (step or len(data))])
    return reading


@pytest.mark.parametrize("data", [SIZED, CHUNKED, OLD, INTERIM + SIZED, HINTS + INTERIM + CHUNKED])
@pytest.mark.parametrize("step", [0, 1, 7])
def test_an_answer_is_the_same_in_whatever_pieces_it_comes(data: bytes, step: int) -> None:
    reading = read(data, step=step)
    assert reading.done or reading.end()
    assert reading.answer == HELLO


def test_a_connection_is_asked_again_only_after_an_answer_that_ended_well() -> None:
    assert read(SIZED).reusable
    assert read(CHUNKED).reusable
    closing = SIZED.replace(b"OK\r\n", b"OK\r\nConnection: close\r\n")
    for data in (SIZED + b"x", SIZED + SIZED, SIZED + CHUNKED, SIZED + INTERIM, closing):
        reading = read(data)
        assert (reading.answer, reading.reusable) == (HELLO, False)
    old = read(OLD)
    assert (old.done, old.end(), old.reusable) == (False, True, False)


def test_an_answer_that_is_cut_off_is_none() -> None:
    for data in (b"HTTP/1.1 2", SIZED[:-1], CHUNKED[:-1], INTERIM, b"HTTP/1.1 200 OK\r\nA: b"):
        reading = read(data)
        assert not reading.done
        assert not reading.end()


def test_some_interim_answers_are_passed_over_and_endless_ones_are_not() -> None:
    assert read(INTERIM * MOST_INTERIM + SIZED).answer == HELLO
    with pytest.raises(NotHttp, match="interim answers") as refused:
        read(INTERIM * 100_000)
    assert refused.value.endless
    with pytest.raises(NotHttp, match="interim answers"):
        read(INTERIM * (MOST_INTERIM + 1), step=1)


def test_large_interim_answers_count_against_the_head() -> None:
    large = b"HTTP/1.1 103 Early Hints\r\nLink: " + b"x" * (HEAD_LIMIT // 4) + b"\r\n\r\n"
    with pytest.raises(NotHttp, match="larger than"):
        read(large * 5, step=4096)


@pytest.mark.parametrize(
    "head",
    [
        b"HTTP/1.1 200 OK\r\nX: " + b"x" * 2 * HEAD_LIMIT,
        b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * HEAD_LIMIT,
        b"HTTP/1.1 200 " + b"O" * 2 * HEAD_LIMIT,
    ],
    ids=["field", "fields", "phrase"],
)
def test_an_endless_head_ends_at_its_limit(head: bytes) -> None:
    with pytest.raises(NotHttp):
        read(head[: HEAD_LIMIT + 1024], step=1024)


def test_more_fields_than_anybody_needs_are_refused() -> None:
    fields = b"".join(b"X-%d: y\r\n" % number for number in range(MOST_FIELDS))
    with pytest.raises(NotHttp, match="fields"):
        read(b"HTTP/1.1 200 OK\r\n" + fields + b"Content-Length: 0\r\n\r\n")


def test_a_body_is_read_up_to_its_limit_and_no_further() -> None:
    data = SIZED.replace(b"5\r\n\r\nhello", b"101\r\n\r\n") + b"x" * 101
    assert read(data, 101).answer.body == b"x" * 101
    left = read(data, 100)
    assert left.answer == Response(200, "text/html", b"", "larger than 100 bytes")
    assert not left.reusable


def test_what_is_around_the_chunks_counts_too() -> None:
    """A body of a few bytes in endless chunk extensions, or in endless tiny chunks."""
    head = CHUNKED.partition(b"\r\n\r\n")[0] + b"\r\n\r\n"
    for more in (b"1;" + b"x" * 4 * HEAD_LIMIT, b"1;%s\r\nx\r\n" % (b"y" * 2_000) * 200):
        reading = read(head + more, 1000, step=1024)
        assert reading.done
        assert "larger than 1000 bytes" in (reading.answer.flaw or "")


def test_an_encoded_body_is_left_unread() -> None:
    reading = read(b"HTTP/1.1 200 OK\r\nContent-Encoding: GZIP\r\nContent-Length: 9999\r\n\r\n")
    assert reading.answer.flaw == "encoded, though no encoding was requested"


@pytest.mark.parametrize("upgrade", [b"", b"Upgrade: x\r\nConnection: Upgrade\r\n"])
def test_a_service_that_switches_protocols_unasked_speaks_another_one(upgrade: bytes) -> None:
    with pytest.raises(NotHttp):
        read(b"HTTP/1.1 101 Switching Protocols\r\n" + upgrade + b"\r\nabc")


@given(st.binary(max_size=200) | st.binary(max_size=100).map(lambda raw: SIZED[:30] + raw))
def test_any_bytes_are_an_answer_or_none_and_nothing_else(data: bytes) -> None:
    try:
        reading = read(data, step=3)
    except NotHttp:
        return
    assert reading.end() or not reading.done
