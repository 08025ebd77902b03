"""Signed texts: only for the purpose that they were made for, and only as they were made."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hero_router.access.sign_in_link import LINK_SECONDS, make_code, nonce_of
from hero_router.access.signing import Signer, derive_key

SIGNER = Signer(b"k" * 32)
CONTENT = {"name": "é", "n": 1, "list": [None]}


def test_what_was_signed_is_read_again() -> None:
    text = SIGNER.sign("a", CONTENT)
    assert SIGNER.read("a", text) == CONTENT
    assert text.isascii()
    assert not set(text) & set(' ";,\\')  # RFC 6265: a cookie's value


def test_not_for_another_purpose_or_with_another_key() -> None:
    text = SIGNER.sign("a", CONTENT)
    assert SIGNER.read("b", text) is None
    assert Signer(b"l" * 32).read("a", text) is None


@given(st.integers(0, 200), st.characters())
def test_a_changed_text_is_not_read(place: int, character: str) -> None:
    text = SIGNER.sign("a", CONTENT)
    place %= len(text)
    changed = text[:place] + character + text[place + 1 :]
    # The last character of base64 has spare bits, which do not count.
    assert changed == text or place == len(text) - 1 or SIGNER.read("a", changed) is None


@pytest.mark.parametrize("text", ["", ".", "a", "a.b.c", "é.é", "..", "\udcff.\udcff"])
def test_nonsense_is_not_read(text: str) -> None:
    assert SIGNER.read("a", text) is None


def test_the_key_depends_on_each_secret_and_on_no_order() -> None:
    whole = derive_key(["one", "two"])
    assert whole == derive_key(["two", "one"])
    assert whole not in (derive_key(["one"]), derive_key(["two"]), derive_key(["one", "three"]))


def test_the_code_of_a_link_is_good_for_a_minute() -> None:
    code, end = make_code(SIGNER, "n1", 5), 5 + int(LINK_SECONDS * 1000)
    assert nonce_of(SIGNER, code, end - 1) == "n1"
    assert nonce_of(SIGNER, code, end) is None
    assert nonce_of(Signer(b"l" * 32), code, 5) is None
    assert nonce_of(SIGNER, SIGNER.sign("session ", {"nonce": "n1", "until": end}), 5) is None
