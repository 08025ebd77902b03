"""Texts of strangers: whatever they hold, they steer neither a screen nor a frame."""

import unicodedata

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from hero_router.sanitize import MAX_TEXT, clean, readable

CONTROLS = {"Cc", "Cf", "Cs", "Zl", "Zp"}

file_names = st.binary(min_size=1, max_size=12).filter(lambda raw: not set(raw) & {0, ord("/")})


def safe(text: str) -> bool:
    """Whether a text can be sent and shown without steering anything."""
    text.encode("utf-8")
    return not any(unicodedata.category(char) in CONTROLS for char in text)


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
