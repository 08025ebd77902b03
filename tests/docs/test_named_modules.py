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


def test_the_dashboards_page_names_modules_of_the_page() -> None:
    text, scripts = (TOP / "docs/dashboard.md").read_text("utf-8"), TOP / "static/js"
    of_console = text.partition("\nThe modules: ")[2].partition("\n")[0]
    rows = re.findall(r"^\| `(\w+)/` \|(.*)$", text, re.MULTILINE)
    named = {
        (folder, name) for folder, row in [*rows, ("console", of_console)] for name in words(row)
    }
    assert len(named) > 30
    there = {(path.parent.name, path.stem) for path in scripts.rglob("*.js")}
    assert named <= there


def words(row: str) -> list[str]:
    """The names in the first column of a row, without those of files of data."""
    return re.findall(r"`(\w+)`", row)
