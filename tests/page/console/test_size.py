"""The console is small: what a browser loads to open it, and what its worker loads then."""

import gzip
import re
from pathlib import Path

import pytest

from hero_router.web.encoding import LEVEL
from tests.page.test_modules import SCRIPTS, STATIC

OURS = (SCRIPTS / "console", STATIC / "vendor")
IMPORT = re.compile(r"^(?:import|export) .*? from ['\"](.+?)['\"];", re.MULTILINE)


def loaded(first: str) -> int:
    """The compressed bytes of a module and of all that it imports, which the page lacks yet."""
    todo, known = [SCRIPTS / f"{first}.js"], set[Path]()
    while todo:
        path = todo.pop()
        if path in known or not any(map(path.is_relative_to, OURS)):
            continue
        known.add(path)
        texts = IMPORT.findall(path.read_text("utf-8"))
        todo += [(path.parent / text).resolve() for text in texts]
    return sum(len(gzip.compress(path.read_bytes(), LEVEL)) for path in known)


@pytest.mark.parametrize(
    ("first", "most"), [("console/console", 60_000), ("console/validation_worker", 17_000)]
)
def test_a_browser_loads_little(first: str, most: int) -> None:
    assert loaded(first) < most
