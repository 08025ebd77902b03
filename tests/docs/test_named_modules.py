"""Documents name only modules that exist."""

import re
from pathlib import Path

import pytest

TOP = Path(__file__).parents[2]
DOCUMENTS = [*TOP.glob("*.md"), *TOP.glob("docs/*.md"), TOP / "benchmarks/README.md"]
FOLDERS = [TOP, *(TOP / name for name in ("hero_router", "static", "static/js", "tests", "docs"))]
FILE = re.compile(r"`([\w./-]+\.(?:py|js|lua|css))`")


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_each_file_that_a_document_names_exists(document: Path) -> None:
    named = FILE.findall(document.read_text("utf-8"))
    lost = {name for name in named if not any((at / name).is_file() for at in FOLDERS)}
    assert lost == set()


def test_the_benchmarks_name_their_modules() -> None:
    text = (TOP / "benchmarks/README.md").read_text("utf-8")
    named = {
        name for row in re.findall(r"^\| (`\w+`[^|]*)\|", text, re.MULTILINE) for name in words(row)
    }
    there = {path.stem for path in (TOP / "benchmarks").rglob("*.py")}
    assert named <= there
    assert there - named == {"__init__", "__main__", "performance"}


def words(row: str) -> list[str]:
    """The names in the first column of a row, without those of files of data."""
    return re.findall(r"`(\w+)`", row)
