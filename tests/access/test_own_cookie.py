"""How the router finds its own cookies among those of others."""

from hero_router.access.own_cookie import cookie_values


def test_a_cookies_name_is_compared_whole_without_blanks_around_it() -> None:
    """A service may set a cookie of any other name, and browsers keep all spaces but blanks."""
    given = "a=1; session=x;\tsession=y; \u00a0session=evil; session\u2003=evil; Session=evil"
    assert cookie_values(given, "session") == ["x", "y"]
