"""Networks as people type them: what is accepted, in which form, and what is said otherwise."""

import pytest

from hero_router.settings.networks import parse_network


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("10.0.0.7", "10.0.0.7/32"),
        ("10.0.0.0/8", "10.0.0.0/8"),
        ("10.0.0.0/255.0.0.0", "10.0.0.0/8"),
        ("0.0.0.0/0", "0.0.0.0/0"),
        ("::1", "::1/128"),
        ("FD00:0::/8", "fd00::/8"),
        ("::ffff:10.0.0.7", "10.0.0.7/32"),
        ("::ffff:10.0.0.0/104", "10.0.0.0/8"),
        ("::ffff:0:0/96", "0.0.0.0/0"),
        ("::/0", "::/0"),
    ],
)
def test_each_network_has_one_form(typed: str, meant: str) -> None:
    assert str(parse_network(typed)) == meant


@pytest.mark.parametrize(
    ("typed", "words"),
    [
        ("10.0.0.7/8", "'10.0.0.7/8' is an address inside a network: write 10.0.0.0/8"),
        ("10.0.0.7/8", "or 10.0.0.7 for the address"),
        ("fd00::1/8", "write fd00::/8 for the network, or fd00::1 for the address"),
        ("fe80::1%eth0", "leave out what begins at %"),
        *((text, "is not an address or network such as 10.0.0.7") for text in
          ("", "all", "example.org", "10.0.0", "10.0.0.7/33", "010.0.0.7", "10.0.0.7,10.0.0.8")),
    ],
)  # fmt: skip
def test_what_is_no_network_is_refused_with_what_was_meant(typed: str, words: str) -> None:
    with pytest.raises(ValueError, match=r".") as refused:
        parse_network(typed)
    assert words in str(refused.value)
