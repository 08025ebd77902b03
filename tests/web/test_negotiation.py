"""Which form of an answer a client gets by its `Accept` field."""

import pytest

from hero_router.web.negotiation import preferred

OFFERED = ("application/json", "text/plain", "text/html")

BROWSER = "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,*/*;q=0.8"


@pytest.mark.parametrize(
    ("accept", "found"),
    [
        ("", "application/json"),
        ("*/*", "application/json"),
        ("text/*", "text/plain"),
        ("text/plain", "text/plain"),
        ("TEXT/HTML;level=1", "text/html"),
        (BROWSER, "text/html"),
        ("application/json, text/plain, */*", "application/json"),
        ("text/plain;q=0.5, text/html;q=0.4", "text/plain"),
        ("*/*, application/json;q=0", "text/plain"),
        ("text/html; q=0.001 , image/png", "text/html"),
        ("image/png", None),
        ("application/json;q=0", None),
        ("*/*;q=0.0", None),
        ("junk, ;;, /", None),
    ],
)
def test_the_weights_decide_and_the_first_offer_wins_a_draw(accept: str, found: str | None) -> None:
    assert preferred(accept, OFFERED) == found
