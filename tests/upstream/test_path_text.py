"""Paths of sockets: bytes, text and base64 lead to each other, however hostile the name."""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from hero_router.sanitize import readable
from hero_router.upstream.path_text import from_base64, parse_readable, to_base64

TRICKY = [b"\\", b"x", b"u", b"80", b"/", b"\xff", b"\x80", b"\xc2\x80", b"\xc2\xad", b"\n"]
names = st.binary(max_size=16) | st.text(max_size=16).map(str.encode)
names |= st.lists(st.sampled_from(TRICKY), max_size=8).map(b"".join)


@given(names)
@example(b"a\n\x1b[2J\xff\xe2\x80\xae")
@example("\U000e0001 \u2028 \x85 \xad \x7f 日本 é".encode())
@example(rb"\x80\\\u0080")
@example(b"\xed\xa0\x80")
def test_a_readable_name_leads_back_to_its_bytes(raw: bytes) -> None:
    assert parse_readable(readable(raw)) == raw


@given(names, names)
@example(b"\x80", "\x80".encode())
@example(b"\xad", "\xad".encode())
@example(b"\xff", rb"\xff")
def test_different_names_are_different_texts(one: bytes, other: bytes) -> None:
    assert (readable(one) == readable(other)) == (one == other)
    assert (to_base64(one) == to_base64(other)) == (one == other)


@given(names)
def test_base64_leads_back_to_its_bytes(raw: bytes) -> None:
    assert from_base64(to_base64(raw)) == raw


@pytest.mark.parametrize("text", ["\\", r"a\q", r"\x8", r"\u12", r"\U1234567", r"\ud800", r"\x41"])
def test_a_text_that_no_name_is_shown_as_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        parse_readable(text)


@pytest.mark.parametrize("text", ["YQ", "YQ==\n", "YR==", "a-_b", "é", "YQ==YQ=="])
def test_a_text_that_is_not_the_base64_of_a_name_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"base64|ASCII"):
        from_base64(text)
