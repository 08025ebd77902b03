"""Which requests of other sites' pages are refused, by what the browser says of them."""

import pytest

from hero_router.access.fetch_metadata import check_fetch
from hero_router.errors import WrongOrigin

OWN, SERVICE = False, True
BOTH = (OWN, SERVICE)

ALLOWED = [
    # site, mode, dest, method, for which addresses
    (None, None, None, "POST", BOTH),
    ("none", "navigate", "document", "GET", BOTH),
    ("same-origin", "cors", "empty", "POST", BOTH),
    ("same-origin", "no-cors", "image", "GET", BOTH),
    ("same-origin", "navigate", "document", "POST", BOTH),
    ("cross-site", "navigate", "document", "GET", BOTH),
    ("same-site", "navigate", "document", "GET", BOTH),
    ("cross-site", "navigate", None, "GET", BOTH),
    ("cross-site", "navigate", "iframe", "GET", (SERVICE,)),
    ("cross-site", "no-cors", "style", "GET", (SERVICE,)),
    ("cross-site", "no-cors", "script", "GET", (SERVICE,)),
    ("cross-site", "no-cors", "image", "HEAD", (SERVICE,)),
]
REFUSED = [
    ("cross-site", "cors", "empty", "GET", BOTH),
    ("cross-site", "cors", "script", "GET", BOTH),
    ("cross-site", "no-cors", "empty", "GET", BOTH),
    ("cross-site", "no-cors", None, "GET", BOTH),
    ("cross-site", "no-cors", "image", "POST", BOTH),
    ("cross-site", "no-cors", "empty", "POST", BOTH),
    ("cross-site", "navigate", "document", "POST", BOTH),
    ("same-site", "navigate", "document", "POST", BOTH),
    ("same-site", "cors", "empty", "GET", BOTH),
    ("same-site", "no-cors", "image", "GET", BOTH),
    ("same-site", "navigate", "iframe", "GET", BOTH),
    ("cross-site", "websocket", "websocket", "GET", BOTH),
    ("cross-site", None, None, "GET", BOTH),
    ("cross-site, same-origin", "cors", "empty", "GET", BOTH),
    ("Same-Origin", "cors", "empty", "GET", BOTH),
    ("", "cors", "empty", "GET", BOTH),
    ("cross-site", "no-cors", "image", "GET", (OWN,)),
    ("cross-site", "no-cors", "script", "GET", (OWN,)),
    ("cross-site", "navigate", "iframe", "GET", (OWN,)),
    ("same-site", "navigate", "frame", "GET", (OWN,)),
]
NAMES = ("Sec-Fetch-Site", "Sec-Fetch-Mode", "Sec-Fetch-Dest")
Row = tuple[str | None, str | None, str | None, str, tuple[bool, ...]]


def fields(row: Row) -> dict[str, str]:
    """The header fields of a row."""
    pairs = zip(NAMES, row[:3], strict=True)
    return {name: value for name, value in pairs if value is not None}


@pytest.mark.parametrize("row", ALLOWED)
def test_what_is_typed_linked_or_of_the_own_page_is_allowed(row: Row) -> None:
    for is_service in row[4]:
        check_fetch(fields(row), row[3], is_service=is_service)


@pytest.mark.parametrize("row", REFUSED)
def test_what_another_sites_page_makes_the_browser_do_is_refused(row: Row) -> None:
    for is_service in row[4]:
        with pytest.raises(WrongOrigin):
            check_fetch(fields(row), row[3], is_service=is_service)


@pytest.mark.parametrize("row", REFUSED)
def test_an_origin_that_was_accepted_before_decides_instead(row: Row) -> None:
    check_fetch({**fields(row), "Origin": "https://apps.example"}, row[3], is_service=False)
