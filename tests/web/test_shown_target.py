"""Targets of requests as they may be shown: the values of our own secrets are hidden."""

import pytest

from hero_router.web.shown_target import origin_form, path_of, without_secrets


@pytest.mark.parametrize(
    ("target", "shown"),
    [
        ("/api/events?cursor=1-2&token=abc", "/api/events?cursor=1-2&token=***"),
        ("/?code=a=b&state=x&q=1", "/?code=***&state=***&q=1"),
        ("/?t%6fken=abc&TOKEN=d&+token+=e", "/?t%6fken=***&TOKEN=***&+token+=***"),
        ("/?token=a?token=b&x", "/?token=***&x"),
        ("/?tokens=1&xcode=2&token", "/?tokens=1&xcode=2&token"),
        ("http://user:pass@host/a?token=b", "/a?token=***"),
        ("/a%2f/../b?", "/a%2f/../b?"),
        ("/sign-in/link/abc?x", "/sign-in/link/***?x"),
        ("/sign-in?next=%2Fa%3Ftoken%3Db", "/sign-in?next=***"),
        ("/sign-in?next=/sign-in/link/abc", "/sign-in?next=***"),
        ("/a" + "?b=/a" * 2000, "/a?b=***"),
        ("/sign-in?next=%2Fa%3Fb%3Dc", "/sign-in?next=%2Fa%3Fb%3Dc"),
        ("/?to=http%3A%2F%2Fa%2F%3Fx%3D%252F%253Fcode%253Dc", "/?to=***"),
        ("*", "*"),
        ("", ""),
    ],
)
def test_values_of_secrets_are_hidden_and_the_rest_stays_byte_by_byte(
    target: str, shown: str
) -> None:
    assert without_secrets(target) == shown


def test_a_path_is_shown_without_its_query() -> None:
    assert path_of("/a/b?token=c") == "/a/b"
    assert path_of("https://u:p@host?x") == "/"
    assert origin_form("https://u:p@host/a?x") == "/a?x"
