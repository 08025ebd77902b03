"""Badges: well-formed images that hold nothing but two texts."""

from xml.etree import ElementTree as ET

import pytest

from hero_router.model import Status
from hero_router.web.badge import LONGEST_LABEL, draw, draw_status

SVG = "{http://www.w3.org/2000/svg}"


def texts(badge: str) -> list[str | None]:
    return [item.text for item in ET.fromstring(badge).iter(f"{SVG}text")]


@pytest.mark.parametrize("status", Status)
def test_each_status_has_its_words(status: Status) -> None:
    words = "not known" if status is Status.UNKNOWN else status.replace("_", " ")
    assert texts(draw_status("till", status)) == ["till", words]


def test_only_a_healthy_service_is_green() -> None:
    green = "#1a7f37"
    assert [each for each in Status if green in draw_status("a", each)] == [Status.HEALTHY]
    assert green not in draw("a", "not known")


@pytest.mark.parametrize(
    "label",
    [
        "<script>alert(1)</script>",
        '"><a href="x">',
        "a&b;",
        "]]>",
        "\x00\x1b\ufffe",
        "日本語",
        "💥",
        "",
    ],
)
def test_any_label_is_only_text(label: str) -> None:
    badge = draw(label, label)
    found = texts(badge)
    assert found[0] == found[1]
    tags = {item.tag.removeprefix(SVG) for item in ET.fromstring(badge).iter()}
    assert tags == {"svg", "title", "rect", "g", "text"}


def test_a_long_label_is_cut() -> None:
    shown = texts(draw("x" * 300, "healthy"))[0]
    assert shown == "x" * (LONGEST_LABEL - 1) + "…"
