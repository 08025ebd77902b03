"""docs/operations.md and the README name every condition and every status, and no others."""

import re
from pathlib import Path

from hero_router.feed.conditions import NO_SCANNER, REDIS, SCANNER, STREAM
from hero_router.model import PERMISSION, ROOT, Status

TOP = Path(__file__).resolve().parents[2]


def first_cells(page: str, heading: str) -> set[str]:
    """What stands in backticks in the first cells of the table below a heading."""
    text = (TOP / page).read_text("utf-8").split(f"\n## {heading}\n", 1)[1].split("\n## ", 1)[0]
    return set(re.findall(r"^\| `([^`]+)` \|", text, re.MULTILINE))


def test_every_condition_has_its_remedy() -> None:
    reasons = {REDIS, STREAM, SCANNER, NO_SCANNER, ROOT, PERMISSION}
    assert first_cells("docs/operations.md", 'When the page says "stale"') == reasons


def test_every_status_is_explained() -> None:
    assert first_cells("README.md", "What it looks for") == {status.value for status in Status}


def test_all_links_between_the_pages_lead_somewhere() -> None:
    pages = [*TOP.glob("*.md"), *TOP.glob("docs/*.md")]
    for page in pages:
        text = page.read_text("utf-8")
        for target, anchor in re.findall(r"\]\((?!https?:)([^)#\s]*)(?:#([^)\s]+))?\)", text):
            other = page if not target else page.parent / target
            assert other.exists(), f"{page.name} links to {target}"
            if anchor:
                headings = re.findall(r"^#+ (.+)$", other.read_text("utf-8"), re.MULTILINE)
                slugs = {
                    re.sub(r"[^\w -]", "", item).lower().replace(" ", "-") for item in headings
                }
                assert anchor in slugs, f"{page.name} links to {target}#{anchor}"
